"""Pending ceremonies and their single-use tickets.

Every step is one conditional UPDATE: of two that race, the database lets one meet the row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, delete, select, update
from sqlalchemy.orm import Session as DbSession

from countenance.ceremony.verdict import Verdict
from countenance.identity.errors import TicketError, UserNotFoundError
from countenance.identity.factor_policy import Factor
from countenance.identity.interfaces import (
    NOBODY,
    Confirmation,
    Purpose,
    Transaction,
    TransactionState,
    UserId,
)
from countenance.identity.models import TicketRow, TransactionRow, UserRow
from countenance.identity.store import (
    CLOCK_TOLERANCE,
    Store,
    affected,
    clean_address,
    is_current,
    read_user,
)
from countenance.identity.tokens import digest, new_token

ENROLMENT_LIFETIME: Final = timedelta(minutes=15)
ENROLMENT_TRIES: Final = 20
"""Nothing can be guessed at an enrolment; this only bounds it."""
CAPTURE_GRACE: Final = timedelta(seconds=60)
"""Beyond the time limit of a capture: what a redeemed ticket leaves for the capture to end."""
KEPT_AFTER_END: Final = timedelta(minutes=10)
_IS_OF_A_BROWSER: Final = TransactionRow.purpose != Purpose.VERIFICATION.value
"""Begun in a browser of this site, which holds the token in a cookie."""


class SqlTransactions:
    """`interfaces.Transactions` in the database."""

    def __init__(
        self,
        store: Store,
        *,
        login_lifetime_s: float,
        login_tries: int,
        ticket_lifetime_s: float,
        capture_limit_s: float,
    ) -> None:
        self._store = store
        self._lifetimes = {
            Purpose.LOGIN: timedelta(seconds=login_lifetime_s),
            Purpose.ENROLMENT: ENROLMENT_LIFETIME,
            Purpose.STEP_UP: timedelta(seconds=login_lifetime_s),
            Purpose.VERIFICATION: timedelta(seconds=login_lifetime_s),
        }
        self._tries = {
            Purpose.LOGIN: login_tries,
            Purpose.ENROLMENT: ENROLMENT_TRIES,
            Purpose.STEP_UP: login_tries,
            Purpose.VERIFICATION: login_tries,
        }
        self._ticket_lifetime = timedelta(seconds=ticket_lifetime_s)
        self._capture_time = timedelta(seconds=capture_limit_s) + CAPTURE_GRACE

    def begin(
        self,
        purpose: Purpose,
        *,
        user_id: UserId,
        actor_id: UserId | None,
        address: str,
        factors: Collection[Factor] = (),
        confirms: Confirmation | None = None,
    ) -> str:
        """Begin one. Raises: UserNotFoundError: also when the user is disabled."""
        with self._store.writing() as session:
            if not read_user(session, user_id).is_enabled:
                raise UserNotFoundError("The user is disabled.", remedy="Enable the user first.")
            row, token = self.add(session, purpose, user_id=user_id, address=address)
            row.actor_id = actor_id
            row.factors = _written(factors)
            row.confirms = None if confirms is None else json.dumps(asdict(confirms))
        return token

    def add(
        self, session: DbSession, purpose: Purpose, *, user_id: UserId | None, address: str
    ) -> tuple[TransactionRow, str]:
        """Add a pending row to a transaction of the database; returns it and its token."""
        token, now = new_token(), self._store.now()
        _purge(session, now)
        row = TransactionRow(
            id=str(uuid4()),
            token_hash=digest(token),
            purpose=purpose.value,
            user_id=user_id,
            state=TransactionState.PENDING.value,
            tries=0,
            captures=0,
            address=clean_address(address),
            created_at=now,
            expires_at=now + self._lifetimes[purpose],
        )
        session.add(row)
        return row, token

    def find(self, token: str) -> Transaction | None:
        open_ones = _select_open(self._store.now()).where(
            _IS_OF_A_BROWSER,
            TransactionRow.token_hash == digest(token),
            TransactionRow.state != TransactionState.COMPLETED.value,
        )
        with self._store.reading() as session:
            row = session.scalars(open_ones).one_or_none()
            return None if row is None else transaction_of(row)

    def issue_ticket(self, token: str) -> str | None:
        query = self._select_ready().where(
            _IS_OF_A_BROWSER, TransactionRow.token_hash == digest(token)
        )
        with self._store.writing() as session:
            row = session.scalars(query.with_for_update(of=TransactionRow)).one_or_none()
            return None if row is None else self.add_ticket(session, row)

    def add_ticket(self, session: DbSession, row: TransactionRow) -> str:
        """A ticket for a row that may begin a capture; earlier unused ones lapse."""
        ticket, now = new_token(), self._store.now()
        unused = TicketRow.transaction_id == row.id, TicketRow.used_at.is_(None)
        session.execute(delete(TicketRow).where(*unused))
        session.add(
            TicketRow(
                ticket_hash=digest(ticket),
                transaction_id=row.id,
                created_at=now,
                expires_at=now + self._ticket_lifetime,
            )
        )
        return ticket

    def redeem_ticket(self, ticket: str) -> Transaction:
        with self._store.writing() as session:
            return transaction_of(self.redeem(session, ticket, _IS_OF_A_BROWSER))

    def redeem(
        self, session: DbSession, ticket: str, *conditions: ColumnElement[bool]
    ) -> TransactionRow:
        """Use a ticket of a row that meets the conditions. Raises: TicketError."""
        now, key = self._store.now(), digest(ticket)
        good = is_current(TicketRow.__table__.c.created_at, TicketRow.__table__.c.expires_at, now)
        use = update(TicketRow).where(
            TicketRow.ticket_hash == key, TicketRow.used_at.is_(None), good
        )
        owner = select(TicketRow.transaction_id).where(TicketRow.ticket_hash == key)
        ready = self._select_ready().where(TransactionRow.id == owner.scalar_subquery())
        query = ready.where(*conditions).with_for_update(of=TransactionRow)
        row = session.scalars(query).one_or_none()
        if row is None or affected(session, use.values(used_at=now)) != 1:
            raise TicketError(
                "The capture ticket is unknown, expired or used.",
                remedy="Begin the capture again.",
            )
        row.captures += 1
        # A capture that began in time may end in time.
        row.expires_at = max(row.expires_at, now + self._capture_time)
        session.flush()
        return row

    def finish(self, transaction_id: str, verdict: Verdict) -> Transaction:
        """Note a verdict; one that is no longer pending, or has expired, stays as it is.

        Raises: TicketError: the transaction is gone, with its user or since long.
        """
        with self._store.writing() as session:
            return self.settle(session, transaction_id, verdict)

    def settle(self, session: DbSession, transaction_id: str, verdict: Verdict) -> Transaction:
        """`finish` in a transaction of the database. Raises: TicketError."""
        now = self._store.now()
        query = select(TransactionRow).where(TransactionRow.id == transaction_id)
        row = session.scalars(query.with_for_update()).one_or_none()
        if row is None:
            raise TicketError(
                "The login or enrolment is over.", remedy="Begin again from the start."
            )
        is_in_time = row.created_at <= now + CLOCK_TOLERANCE and now < row.expires_at
        if row.state == TransactionState.PENDING.value and is_in_time:
            self._apply(row, verdict)
            session.flush()
        return transaction_of(row)

    def select_ready(self, transaction_id: str) -> Select[TransactionRow]:
        """The row of that id, if it may begin a capture; to be locked by whoever asks."""
        return self._select_ready().where(TransactionRow.id == transaction_id)

    def add_factor(self, token: str, factor: Factor) -> Transaction | None:
        with self._store.writing() as session:
            row = self._held(session, token)
            if row is None:
                return None
            row.factors = _written({*_read(row.factors), factor})
            session.flush()
            return transaction_of(row)

    def complete(
        self, token: str, *, is_enough: Callable[[Transaction], bool] | None = None
    ) -> Transaction | None:
        with self._store.writing() as session:
            row = self._held(session, token)
            if row is None or not (is_enough or _is_granted)(found := transaction_of(row)):
                return None
            row.state, row.factors = TransactionState.COMPLETED.value, _written(found.factors)
            session.flush()
            return transaction_of(row)

    def _held(self, session: DbSession, token: str) -> TransactionRow | None:
        """The open transaction of that token, kept from others until the database's one ends."""
        query = _select_open(self._store.now()).where(
            _IS_OF_A_BROWSER,
            TransactionRow.token_hash == digest(token),
            TransactionRow.state != TransactionState.COMPLETED.value,
        )
        return session.scalars(query.with_for_update(of=TransactionRow)).one_or_none()

    def purge(self) -> int:
        """Drop transactions and tickets that are long over; returns how many transactions."""
        with self._store.writing() as session:
            return _purge(session, self._store.now())

    def _apply(self, row: TransactionRow, verdict: Verdict) -> None:
        if verdict.reason is None:
            row.state, row.reason = TransactionState.GRANTED.value, None
            return
        row.tries += 1
        row.reason = verdict.reason.value
        if row.tries >= self._tries[Purpose(row.purpose)]:
            row.state = TransactionState.REFUSED.value

    def _select_ready(self) -> Select[TransactionRow]:
        """Transactions that may begin a capture."""
        return _select_open(self._store.now()).where(
            TransactionRow.state == TransactionState.PENDING.value, self._has_tries()
        )

    def _has_tries(self) -> ColumnElement[bool]:
        is_enrolment = TransactionRow.purpose == Purpose.ENROLMENT.value
        return (TransactionRow.captures < self._tries[Purpose.LOGIN]) | (
            is_enrolment & (TransactionRow.captures < self._tries[Purpose.ENROLMENT])
        )


def _select_open(now: datetime) -> Select[TransactionRow]:
    """Transactions in their time whose user is enabled, or nobody."""
    columns = TransactionRow.__table__.c
    may_come_in = UserRow.is_enabled | TransactionRow.user_id.is_(None)
    return (
        select(TransactionRow)
        .outerjoin(UserRow, UserRow.id == TransactionRow.user_id)
        .where(may_come_in, is_current(columns.created_at, columns.expires_at, now))
    )


def _purge(session: DbSession, now: datetime) -> int:
    over = TransactionRow.expires_at <= now - KEPT_AFTER_END
    return affected(session, delete(TransactionRow).where(over))


def _is_granted(transaction: Transaction) -> bool:
    return transaction.state is TransactionState.GRANTED


def _written(factors: Collection[Factor]) -> str:
    return " ".join(factor.value for factor in Factor if factor in factors)


def _read(text: str | None) -> frozenset[Factor]:
    return frozenset(Factor(name) for name in (text or "").split())


def transaction_of(row: TransactionRow) -> Transaction:
    """The value of a row."""
    is_enrolment = row.purpose == Purpose.ENROLMENT.value
    has_shown_face = not is_enrolment and row.state == TransactionState.GRANTED.value
    return Transaction(
        id=row.id,
        purpose=Purpose(row.purpose),
        user_id=UserId(row.user_id or NOBODY),
        actor_id=None if row.actor_id is None else UserId(row.actor_id),
        state=TransactionState(row.state),
        reason=row.reason,
        tries=row.tries,
        factors=_read(row.factors) | ({Factor.FACE} if has_shown_face else frozenset()),
        address=row.address,
        expires_at=row.expires_at,
        confirms=None if row.confirms is None else Confirmation(**json.loads(row.confirms)),
    )
