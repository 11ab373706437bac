"""Server-side sessions.

Limits are checked against the calendar clock. A session that seems to come from the future, since
that clock was set back, is refused rather than prolonged.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, cast
from uuid import uuid4

from sqlalchemy import Select, delete, func, select, update

from countenance.identity.devices import DeviceRow
from countenance.identity.endings import end_sessions
from countenance.identity.errors import UserNotFoundError
from countenance.identity.interfaces import DeviceId, Session, SessionSummary, UserId
from countenance.identity.models import SessionRow, UserRow
from countenance.identity.store import (
    CLOCK_TOLERANCE,
    Store,
    affected,
    as_user,
    clean_address,
    is_id,
    read_user,
    select_users,
)
from countenance.identity.tokens import digest, new_token

NOTE_EVERY: Final = timedelta(seconds=60)
"""How often at most the last request is written down; a page costs no write in between."""


class SqlSessions:
    """`interfaces.Sessions` in the database."""

    def __init__(self, store: Store, *, idle_limit_s: float, absolute_limit_s: float) -> None:
        self._store = store
        self._idle_limit = timedelta(seconds=idle_limit_s)
        self._absolute_limit = timedelta(seconds=absolute_limit_s)

    def begin(
        self,
        user_id: UserId,
        *,
        methods: tuple[str, ...],
        address: str,
        device_id: DeviceId | None = None,
    ) -> str:
        """Make a session. Raises: UserNotFoundError: also when the user is disabled."""
        token, now = new_token(), self._store.now()
        with self._store.writing() as session:
            user = read_user(session, user_id)
            if not user.is_enabled:
                raise UserNotFoundError("The user is disabled.", remedy="Enable the user first.")
            session.execute(update(UserRow).where(UserRow.id == user_id).values(last_login_at=now))
            session.add(
                SessionRow(
                    id=str(uuid4()),
                    token_hash=digest(token),
                    user_id=user_id,
                    methods=",".join(methods),
                    address=clean_address(address),
                    device_id=device_id,
                    news_since=user.last_login_at or now,
                    created_at=now,
                    last_seen_at=now,
                )
            )
        return token

    def find(self, token: str) -> Session | None:
        now = self._store.now()
        query = (
            select_users()
            .add_columns(SessionRow)
            .join(SessionRow, SessionRow.user_id == UserRow.id)
            .where(SessionRow.token_hash == digest(token), UserRow.is_enabled)
        )
        with self._store.reading() as session:
            record = session.execute(query).one_or_none()
        if record is None or not self._is_good(record.SessionRow, now):
            return None
        row: SessionRow = record.SessionRow
        if now - row.last_seen_at >= NOTE_EVERY and not self._note_seen(row.id, now):
            return None
        return Session(
            id=row.id,
            user=as_user(record[0], record[1], record[2], record[3]),
            methods=tuple(row.methods.split(",")),
            created_at=row.created_at,
            device_id=None if row.device_id is None else DeviceId(row.device_id),
        )

    def end(self, token: str) -> None:
        with self._store.writing() as session:
            session.execute(delete(SessionRow).where(SessionRow.token_hash == digest(token)))

    def list_sessions(self, user_id: UserId) -> tuple[SessionSummary, ...]:
        now, query = self._store.now(), _summaries().where(SessionRow.user_id == user_id)
        if not is_id(user_id):
            return ()
        with self._store.reading() as session:
            records = session.execute(query.order_by(SessionRow.last_seen_at.desc(), SessionRow.id))
            return tuple(_summary(row, label) for row, label in records if self._is_good(row, now))

    def end_one(self, session_id: str, user_id: UserId) -> bool:
        if not (is_id(session_id) and is_id(user_id)):
            return False
        own = (SessionRow.id == session_id) & (SessionRow.user_id == user_id)
        with self._store.writing() as session:
            return affected(session, delete(SessionRow).where(own)) == 1

    def end_all(self, user_id: UserId, *, keep_token: str | None = None) -> int:
        keep = None if keep_token is None else digest(keep_token)
        with self._store.writing() as session:
            return end_sessions(session, user_id, keep_token_hash=keep)

    def count(self) -> int:
        now = self._store.now()
        good = (
            SessionRow.last_seen_at > now - self._idle_limit,
            SessionRow.created_at > now - self._absolute_limit,
        )
        with self._store.reading() as session:
            return session.scalar(select(func.count()).select_from(SessionRow).where(*good)) or 0

    def purge(self) -> int:
        """Drop sessions that are over; returns how many."""
        now = self._store.now()
        over = (SessionRow.last_seen_at <= now - self._idle_limit) | (
            SessionRow.created_at <= now - self._absolute_limit
        )
        with self._store.writing() as session:
            return affected(session, delete(SessionRow).where(over))

    def _is_good(self, row: SessionRow, now: datetime) -> bool:
        is_from_future = max(row.created_at, row.last_seen_at) > now + CLOCK_TOLERANCE
        is_idle = now - row.last_seen_at >= self._idle_limit
        is_old = now - row.created_at >= self._absolute_limit
        return not (is_from_future or is_idle or is_old)

    def _note_seen(self, session_id: str, now: datetime) -> bool:
        """Write the time of the request; False when the session was ended meanwhile."""
        seen = update(SessionRow).where(SessionRow.id == session_id).values(last_seen_at=now)
        with self._store.writing() as session:
            return affected(session, seen) == 1


def _summaries() -> Select[SessionRow, str | None]:
    """Sessions with the names of their devices."""
    joined = select(SessionRow, DeviceRow.label).outerjoin(
        DeviceRow, DeviceRow.id == SessionRow.device_id
    )
    return cast("Select[SessionRow, str | None]", joined)


def _summary(row: SessionRow, label: str | None) -> SessionSummary:
    return SessionSummary(
        id=row.id,
        label=label or "",
        device_id=None if row.device_id is None else DeviceId(row.device_id),
        address=row.address,
        methods=tuple(row.methods.split(",")),
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
    )
