"""Verifications for other apps: each is a transaction with its origin, its app and its secret."""

from __future__ import annotations

import hmac
from datetime import datetime

from sqlalchemy import ForeignKey, Select, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm import Session as DbSession

from countenance.ceremony.verdict import Verdict
from countenance.db import Base, UtcDateTime
from countenance.events import Tag
from countenance.identity.audit import note
from countenance.identity.errors import UserNotFoundError
from countenance.identity.interfaces import (
    NOBODY,
    Purpose,
    Transaction,
    TransactionState,
    UserId,
)
from countenance.identity.models import DIGEST, ID, TicketRow, TransactionRow
from countenance.identity.store import Store, affected, clean_address, is_id, read_user
from countenance.identity.tokens import digest
from countenance.identity.transactions import KEPT_AFTER_END, SqlTransactions, transaction_of
from countenance.identity.verification_interfaces import (
    Begun,
    Result,
    Verification,
    VerificationId,
    VerificationState,
    Wanted,
)

_STATES = {
    TransactionState.GRANTED.value: VerificationState.GRANTED,
    TransactionState.REFUSED.value: VerificationState.REFUSED,
}


class VerificationRow(Base):
    """What a transaction of `Purpose.VERIFICATION` has besides; it goes with it."""

    __tablename__ = "verifications"

    id: Mapped[str] = mapped_column(
        ID, ForeignKey("transactions.id", ondelete="CASCADE"), primary_key=True
    )
    owner: Mapped[str] = mapped_column(ID)
    """Id of an API token. No foreign key: who takes a token back ends what it may read."""
    origin: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(DIGEST)
    reference: Mapped[str] = mapped_column(String(255))
    policy: Mapped[str] = mapped_column(String(16))
    granted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SqlVerifications:
    """`verification_interfaces.Verifications` in the database."""

    def __init__(self, store: Store, transactions: SqlTransactions) -> None:
        self._store = store
        self._transactions = transactions

    def begin(self, wanted: Wanted, *, address: str) -> Begun:
        """Raises: UserNotFoundError: also when the user is disabled."""
        with self._store.writing() as session:
            if wanted.user_id is not None and not read_user(session, wanted.user_id).is_enabled:
                raise UserNotFoundError("The user is disabled.", remedy="Enable the user first.")
            row, secret = self._transactions.add(
                session, Purpose.VERIFICATION, user_id=wanted.user_id, address=address
            )
            session.flush()
            session.add(
                VerificationRow(
                    id=row.id,
                    owner=wanted.owner,
                    origin=wanted.origin,
                    subject=wanted.subject,
                    reference=wanted.reference,
                    policy=wanted.policy,
                )
            )
            return Begun(VerificationId(row.id), secret, row.expires_at)

    def origin_of(self, verification_id: str) -> str | None:
        if not is_id(verification_id):
            return None
        with self._store.reading() as session:
            row = session.get(VerificationRow, verification_id)
            return None if row is None else row.origin

    def find(self, verification_id: str, client_secret: str) -> Verification | None:
        with self._store.reading() as session:
            return (
                None
                if self._own(session, verification_id, client_secret) is None
                else (_verification(session.get_one(VerificationRow, verification_id)))
            )

    def issue_ticket(self, verification_id: str, client_secret: str) -> str | None:
        with self._store.writing() as session:
            row = self._own(session, verification_id, client_secret, locks=True)
            return None if row is None else self._transactions.add_ticket(session, row)

    def _own(
        self, session: DbSession, verification_id: str, client_secret: str, *, locks: bool = False
    ) -> TransactionRow | None:
        """The row of that id and secret, if it may begin a capture."""
        if not is_id(verification_id):
            return None
        query = self._transactions.select_ready(verification_id).where(_IS_VERIFICATION)
        if locks:
            query = query.with_for_update(of=TransactionRow)
        row = session.scalars(query).one_or_none()
        given = digest(client_secret).encode()
        if row is None or not hmac.compare_digest(row.token_hash.encode(), given):
            return None
        return row

    def of_ticket(self, ticket: str) -> Verification | None:
        owner = select(TicketRow.transaction_id).where(TicketRow.ticket_hash == digest(ticket))
        query = select(VerificationRow).where(VerificationRow.id == owner.scalar_subquery())
        with self._store.reading() as session:
            row = session.scalars(query).one_or_none()
            return None if row is None else _verification(row)

    def redeem_ticket(self, ticket: str, *, address: str) -> Transaction:
        with self._store.writing() as session:
            row = self._transactions.redeem(session, ticket, _IS_VERIFICATION)
            row.address = clean_address(address)
            return transaction_of(row)

    def finish(self, transaction_id: str, verdict: Verdict) -> Transaction:
        with self._store.writing() as session:
            done = self._transactions.settle(session, transaction_id, verdict)
            row = session.get(VerificationRow, transaction_id)
            if done.state is TransactionState.GRANTED and row is not None and not row.granted_at:
                row.granted_at = self._store.now()
                note(
                    session,
                    Tag.VERIFICATION_GRANTED,
                    at=row.granted_at,
                    subject_id=done.user_id,
                    actor_id=done.user_id,
                    address=done.address,
                    details=_verification(row).told,
                )
            return done

    def result(self, verification_id: str, *, owner: str) -> Result | None:
        if not is_id(verification_id):
            return None
        with self._store.reading() as session:
            found = session.execute(self._select(verification_id, owner)).one_or_none()
            return None if found is None else self._result(*found)

    def take(self, verification_id: str, *, owner: str) -> Result | None:
        if not is_id(verification_id):
            return None
        with self._store.writing() as session:
            query = self._select(verification_id, owner).with_for_update(of=TransactionRow)
            found = session.execute(query).one_or_none()
            if found is None:
                return None
            result = self._result(*found)
            gone = delete(TransactionRow).where(TransactionRow.id == verification_id)
            return result if affected(session, gone) == 1 else None

    def _select(self, verification_id: str, owner: str) -> Select[VerificationRow, TransactionRow]:
        oldest = self._store.now() - KEPT_AFTER_END
        return (
            select(VerificationRow, TransactionRow)
            .join(TransactionRow, TransactionRow.id == VerificationRow.id)
            .where(
                VerificationRow.id == verification_id,
                VerificationRow.owner == owner,
                TransactionRow.expires_at > oldest,
            )
        )

    def _result(self, row: VerificationRow, transaction: TransactionRow) -> Result:
        is_over = transaction.expires_at <= self._store.now()
        unsettled = VerificationState.EXPIRED if is_over else VerificationState.PENDING
        state = _STATES.get(transaction.state, unsettled)
        is_granted = state is VerificationState.GRANTED
        return Result(
            id=VerificationId(row.id),
            state=state,
            user_id=UserId(transaction.user_id or NOBODY) if is_granted else None,
            reference=row.reference,
            policy=row.policy,
            created_at=transaction.created_at,
            expires_at=transaction.expires_at,
            granted_at=row.granted_at if is_granted else None,
        )


_IS_VERIFICATION = TransactionRow.purpose == Purpose.VERIFICATION.value


def _verification(row: VerificationRow) -> Verification:
    return Verification(
        id=VerificationId(row.id),
        owner=row.owner,
        origin=row.origin,
        subject=row.subject,
        policy=row.policy,
    )
