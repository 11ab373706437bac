"""New devices, told to those sessions of their user that did not know of them.

Whoever logs in elsewhere cannot keep the news from the owner: it is told to each other session
until that one acknowledges it, and to the next login.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from countenance.identity.devices import DeviceRow
from countenance.identity.interfaces import Device, DeviceId, UserId
from countenance.identity.models import SessionRow
from countenance.identity.store import Store, is_id


class SqlNews:
    """`interfaces.News` in the database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of_session(self, session_id: str) -> tuple[Device, ...]:
        if not is_id(session_id):
            return ()
        news = (
            select(DeviceRow)
            .join(SessionRow, SessionRow.user_id == DeviceRow.user_id)
            .where(
                SessionRow.id == session_id,
                DeviceRow.created_at > SessionRow.news_since,
                SessionRow.device_id.is_(None) | (DeviceRow.id != SessionRow.device_id),
            )
            .order_by(DeviceRow.created_at.desc(), DeviceRow.id)
        )
        with self._store.reading() as session:
            return tuple(_device(row) for row in session.scalars(news))

    def acknowledge(self, session_id: str, *, until: datetime) -> None:
        told = min(until, self._store.now())
        seen = update(SessionRow).where(SessionRow.id == session_id, SessionRow.news_since < told)
        with self._store.writing() as session:
            session.execute(seen.values(news_since=told))


def _device(row: DeviceRow) -> Device:
    return Device(
        id=DeviceId(row.id),
        user_id=UserId(row.user_id),
        label=row.label,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
    )
