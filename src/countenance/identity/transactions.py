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
        }
        self._tries = {
            Purpose.LOGIN: login_tries,
            Purpose.ENROLMENT: ENROLMENT_TRIES,
            Purpose.STEP_UP: login_tries,
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
        token, now = new_token(), self._store.now()
        with self._store.writing() as session:
            _purge(session, now)
            if not read_user(session, user_id).is_enabled:
                raise UserNotFoundError("The user is disabled.", remedy="Enable the user first.")
            session.add(
                TransactionRow(
                    id=str(uuid4()),
                    token_hash=digest(token),
                    purpose=purpose.value,
                    user_id=user_id,
                    actor_id=actor_id,
                    state=TransactionState.PENDING.value,
                    tries=0,
                    captures=0,
                    factors=_written(factors),
                    confirms=None if confirms is None else json.dumps(asdict(confirms)),
                    address=clean_address(address),
                    created_at=now,
                    expires_at=now + self._lifetimes[purpose],
                )
            )
        return token

    def find(self, token: str) -> Transaction | None:
        open_ones = _select_open(self._store.now()).where(
            TransactionRow.token_hash == digest(token),
            TransactionRow.state != TransactionState.COMPLETED.value,
        )
        with self._store.reading() as session:
            row = session.scalars(open_ones).one_or_none()
            return None if row is None else _transaction(row)

    def issue_ticket(self, token: str) -> str | None:
        ticket, now = new_token(), self._store.now()
        query = self._select_ready(now).where(TransactionRow.token_hash == digest(token))
        with self._store.writing() as session:
            row = session.scalars(query.with_for_update(of=TransactionRow)).one_or_none()
            if row is None:
                return None
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
        now, key = self._store.now(), digest(ticket)
        good = is_current(TicketRow.__table__.c.created_at, TicketRow.__table__.c.expires_at, now)
        use = update(TicketRow).where(
            TicketRow.ticket_hash == key, TicketRow.used_at.is_(None), good
        )
        owner = select(TicketRow.transaction_id).where(TicketRow.ticket_hash == key)
        ready = self._select_ready(now).where(TransactionRow.id == owner.scalar_subquery())
        with self._store.writing() as session:
            row = session.scalars(ready.with_for_update(of=TransactionRow)).one_or_none()
            if row is None or affected(session, use.values(used_at=now)) != 1:
                raise TicketError(
                    "The capture ticket is unknown, expired or used.",
                    remedy="Begin the capture again.",
                )
            row.captures += 1
            # A capture that began in time may end in time.
            row.expires_at = max(row.expires_at, now + self._capture_time)
            session.flush()
            return _transaction(row)

    def finish(self, transaction_id: str, verdict: Verdict) -> Transaction:
        """Note a verdict; one that is no longer pending, or has expired, stays as it is.

        Raises: TicketError: the transaction is gone, with its user or since long.
        """
        now = self._store.now()
        with self._store.writing() as session:
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
            return _transaction(row)

    def add_factor(self, token: str, factor: Factor) -> Transaction | None:
        with self._store.writing() as session:
            row = self._held(session, token)
            if row is None:
                return None
            row.factors = _written({*_read(row.factors), factor})
            session.flush()
            return _transaction(row)

    def complete(
        self, token: str, *, is_enough: Callable[[Transaction], bool] | None = None
    ) -> Transaction | None:
        with self._store.writing() as session:
            row = self._held(session, token)
            if row is None or not (is_enough or _is_granted)(found := _transaction(row)):
                return None
            row.state, row.factors = TransactionState.COMPLETED.value, _written(found.factors)
            session.flush()
            return _transaction(row)

    def _held(self, session: DbSession, token: str) -> TransactionRow | None:
        """The open transaction of that token, kept from others until the database's one ends."""
        query = _select_open(self._store.now()).where(
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

    def _select_ready(self, now: datetime) -> Select[TransactionRow]:
        """Transactions that may begin a capture."""
        return _select_open(now).where(
            TransactionRow.state == TransactionState.PENDING.value, self._has_tries()
        )

    def _has_tries(self) -> ColumnElement[bool]:
        is_enrolment = TransactionRow.purpose == Purpose.ENROLMENT.value
        return (TransactionRow.captures < self._tries[Purpose.LOGIN]) | (
            is_enrolment & (TransactionRow.captures < self._tries[Purpose.ENROLMENT])
        )


def _select_open(now: datetime) -> Select[TransactionRow]:
    """Transactions in their time whose user is enabled."""
    columns = TransactionRow.__table__.c
    return (
        select(TransactionRow)
        .join(UserRow, UserRow.id == TransactionRow.user_id)
        .where(UserRow.is_enabled, is_current(columns.created_at, columns.expires_at, now))
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


def _transaction(row: TransactionRow) -> Transaction:
    is_enrolment = row.purpose == Purpose.ENROLMENT.value
    has_shown_face = not is_enrolment and row.state == TransactionState.GRANTED.value
    return Transaction(
        id=row.id,
        purpose=Purpose(row.purpose),
        user_id=UserId(row.user_id),
        actor_id=None if row.actor_id is None else UserId(row.actor_id),
        state=TransactionState(row.state),
        reason=row.reason,
        tries=row.tries,
        factors=_read(row.factors) | ({Factor.FACE} if has_shown_face else frozenset()),
        address=row.address,
        expires_at=row.expires_at,
        confirms=None if row.confirms is None else Confirmation(**json.loads(row.confirms)),
    )
