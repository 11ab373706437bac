"""What the services share: transactions whose failures are identity's, and rows to values."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, Select, UpdateBase, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as DbSession

from countenance.clock import Clock
from countenance.db import Database, DatabaseError
from countenance.identity.errors import StorageError, UserNotFoundError
from countenance.identity.interfaces import FaceSummary, Role, User, UserId
from countenance.identity.models import AuditRow, TemplateRow, UserRow

CLOCK_TOLERANCE: Final = timedelta(seconds=60)
"""How far the calendar clock may have been set back before what was made later is refused."""
MAX_ADDRESS: Final = 64
PENDING: Final = "audit-rows"
"""Where a session keeps audit rows that are to be sealed."""


class Store:
    """The database and the time, as the services use them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock
        self._after_erasure: list[Callable[[], None]] = []
        self._after_audit: list[Callable[[str, Mapping[str, str]], None]] = []
        self._seal: Callable[[DbSession, list[AuditRow]], None] = _no_chain

    def now(self) -> datetime:
        """The calendar time, UTC and aware."""
        return self._clock.now()

    @contextlib.contextmanager
    def writing(self) -> Iterator[DbSession]:
        """A transaction that may write.

        Raises: StorageError: the database failed, or the row went away meanwhile.
        """
        pending: list[AuditRow] | None = None
        with _as_storage_error(), self.database.transaction() as session:
            yield session
            pending = session.info.pop(PENDING, None)
            if pending:
                self._seal(session, pending)
        for row in pending or ():
            for call in self._after_audit:
                call(row.tag, json.loads(row.details))

    def after_audit(self, call: Callable[[str, Mapping[str, str]], None]) -> None:
        """Have something called with tag and details of each audit row that was committed."""
        self._after_audit.append(call)

    def seal_with(self, seal: Callable[[DbSession, list[AuditRow]], None]) -> None:
        """Have the audit rows of each transaction sealed by this, at its end."""
        self._seal = seal

    @contextlib.contextmanager
    def reading(self) -> Iterator[DbSession]:
        """A transaction that only reads. Raises: StorageError."""
        with _as_storage_error(), self.database.reading() as session:
            yield session

    def after_erasure(self, call: Callable[[], None]) -> None:
        """Have something called whenever something may have been erased."""
        self._after_erasure.append(call)

    def scrub(self) -> None:
        """Empty the write-ahead log after an erasure; else the next checkpoint does."""
        with contextlib.suppress(DatabaseError):
            self.database.scrub()
        for call in self._after_erasure:
            call()


def _no_chain(_session: DbSession, _rows: list[AuditRow]) -> None:
    raise RuntimeError("the chain of the audit trail was not opened")


@contextlib.contextmanager
def _as_storage_error() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise StorageError(error.message, remedy=error.remedy) from error
    except IntegrityError as error:
        raise StorageError("The record changed meanwhile.", remedy="Try again.") from error


def select_users() -> Select[UserRow, int | None, str | None, datetime | None]:
    """Users with what may be shown of their faces; never the ciphertext."""
    columns = TemplateRow.samples, TemplateRow.pack, TemplateRow.enrolled_at
    joined = select(UserRow, *columns).outerjoin(TemplateRow, TemplateRow.user_id == UserRow.id)
    return cast("Select[UserRow, int | None, str | None, datetime | None]", joined)


def as_user(
    row: UserRow, samples: int | None, pack: str | None, enrolled_at: datetime | None
) -> User:
    """The value of a row of `select_users`."""
    face = None
    if samples is not None and pack is not None and enrolled_at is not None:
        face = FaceSummary(samples=samples, pack=pack, enrolled_at=enrolled_at)
    return User(
        id=UserId(row.id),
        name=row.name,
        display_name=row.display_name,
        role=Role(row.role),
        is_enabled=row.is_enabled,
        must_change_password=row.must_change_password,
        face=face,
        created_at=row.created_at,
        last_login_at=row.last_login_at,
        has_password=bool(row.password_hash),
    )


def read_user(session: DbSession, user_id: UserId) -> User:
    """The user of that id. Raises: UserNotFoundError."""
    record = None
    if is_id(user_id):
        record = session.execute(select_users().where(UserRow.id == user_id)).one_or_none()
    if record is None:
        raise UserNotFoundError("There is no such user.", remedy="Reload the list of users.")
    return as_user(*record)


def affected(session: DbSession, statement: UpdateBase) -> int:
    """Run an update or delete; returns how many rows it met.

    The database decides a race between two of them: at most one meets the row.
    """
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


def is_id(text: str) -> bool:
    """Whether this can be an id; keeps what PostgreSQL would choke on out of queries."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def is_current(
    created_at: ColumnElement[datetime], expires_at: ColumnElement[datetime], now: datetime
) -> ColumnElement[bool]:
    """Condition: not expired, and not made in what is now the future (a clock was set back)."""
    return (expires_at > now) & (created_at <= now + CLOCK_TOLERANCE)


def clean_address(address: str) -> str:
    """An address that fits its column."""
    return "".join(c for c in address if c.isprintable())[:MAX_ADDRESS]
