"""The browsers that people have logged in with.

A browser holds one random token, whoever logs in with it; a row for each of its users holds the
digest. Every login renews the token, so that a copy made before is worth nothing after it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import ForeignKey, String, UniqueConstraint, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm import Session as DbSession

from countenance.db import Base, UtcDateTime
from countenance.events import Tag
from countenance.identity.audit import note
from countenance.identity.interfaces import Device, DeviceId, Remembered, UserId
from countenance.identity.models import DIGEST, ID
from countenance.identity.store import CLOCK_TOLERANCE, Store, affected, is_id, read_user
from countenance.identity.tokens import digest, new_token

MAX_LABEL: Final = 64
"""Characters of a label."""
MAX_DEVICES: Final = 50
"""Of one user; beyond, those unseen longest go. Bounds what a browser without memory leaves."""
UNNAMED: Final = "A browser"


class DeviceRow(Base):
    """A browser as one user's."""

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("token_hash", "user_id"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    user_id: Mapped[str] = mapped_column(ID, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(DIGEST)
    label: Mapped[str] = mapped_column(String(MAX_LABEL))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SqlDevices:
    """`interfaces.Devices` in the database."""

    def __init__(self, store: Store, *, forget_after_days: float) -> None:
        self._store = store
        self._lifetime = timedelta(days=forget_after_days)

    def find(self, token: str, user_id: UserId) -> Device | None:
        query = select(DeviceRow).where(
            DeviceRow.token_hash == digest(token), DeviceRow.user_id == user_id
        )
        if not token or not is_id(user_id):
            return None
        with self._store.reading() as session:
            row = session.scalars(query).one_or_none()
        return _device(row) if row is not None and self._is_good(row) else None

    def remember(
        self, token: str | None, user_id: UserId, *, label: str, address: str = ""
    ) -> Remembered:
        fresh = new_token()
        with self._store.writing() as session:
            read_user(session, user_id)
            if token:
                _renew(session, digest(token), digest(fresh))
            row = self._seen_again(session, digest(fresh), user_id)
            is_new = row is None
            if row is None:
                row = self._added(session, digest(fresh), user_id, label=label, address=address)
            return Remembered(fresh, _device(row), is_new)

    def list_devices(self, user_id: UserId) -> tuple[Device, ...]:
        query = (
            select(DeviceRow)
            .where(DeviceRow.user_id == user_id)
            .order_by(DeviceRow.last_seen_at.desc(), DeviceRow.id)
        )
        with self._store.reading() as session:
            return tuple(_device(row) for row in session.scalars(query) if self._is_good(row))

    def rename(self, device_id: DeviceId, user_id: UserId, *, label: str) -> bool:
        named = (
            update(DeviceRow)
            .where(DeviceRow.id == device_id, DeviceRow.user_id == user_id)
            .values(label=clean_label(label))
        )
        if not is_id(device_id):
            return False
        with self._store.writing() as session:
            return affected(session, named) == 1

    def forget(self, device_id: DeviceId, user_id: UserId, *, actor: UserId | None) -> bool:
        gone = delete(DeviceRow).where(DeviceRow.id == device_id, DeviceRow.user_id == user_id)
        if not is_id(device_id):
            return False
        with self._store.writing() as session:
            if affected(session, gone) != 1:
                return False
            note(
                session,
                Tag.DEVICE_FORGOTTEN,
                at=self._store.now(),
                subject_id=user_id,
                actor_id=actor,
                details={"device": device_id},
            )
        return True

    def purge(self) -> int:
        """Drop devices that have not been seen for too long; returns how many."""
        over = DeviceRow.last_seen_at <= self._store.now() - self._lifetime
        with self._store.writing() as session:
            return affected(session, delete(DeviceRow).where(over))

    def _is_good(self, row: DeviceRow) -> bool:
        now = self._store.now()
        is_from_future = row.last_seen_at > now + CLOCK_TOLERANCE
        return not is_from_future and now - row.last_seen_at < self._lifetime

    def _seen_again(self, session: DbSession, token_hash: str, user_id: UserId) -> DeviceRow | None:
        """The user's row of that browser, brought up to date; a lapsed one goes."""
        query = select(DeviceRow).where(
            DeviceRow.token_hash == token_hash, DeviceRow.user_id == user_id
        )
        row = session.scalars(query).one_or_none()
        if row is not None and not self._is_good(row):
            session.delete(row)
            session.flush()
            return None
        if row is not None:
            row.last_seen_at = self._store.now()
        return row

    def _added(
        self, session: DbSession, token_hash: str, user_id: UserId, *, label: str, address: str
    ) -> DeviceRow:
        now = self._store.now()
        _make_room(session, user_id)
        row = DeviceRow(
            id=str(uuid4()),
            user_id=user_id,
            token_hash=token_hash,
            label=clean_label(label),
            created_at=now,
            last_seen_at=now,
        )
        session.add(row)
        session.flush()
        note(
            session,
            Tag.DEVICE_ADDED,
            at=now,
            subject_id=user_id,
            actor_id=user_id,
            address=address,
            details={"device": row.id, "label": row.label},
        )
        return row


def clean_label(label: str) -> str:
    """A label that can be shown and fits its column; `A browser` when nothing is left."""
    printable = "".join(c if c.isprintable() else " " for c in label)
    return " ".join(printable.split())[:MAX_LABEL].rstrip() or UNNAMED


def _renew(session: DbSession, old_hash: str, new_hash: str) -> None:
    """Exchange the token of a browser for all its users; nothing happens when it is unknown."""
    same = DeviceRow.token_hash == old_hash
    session.execute(update(DeviceRow).where(same).values(token_hash=new_hash))


def _make_room(session: DbSession, user_id: UserId) -> None:
    newest = (
        select(DeviceRow.id)
        .where(DeviceRow.user_id == user_id)
        .order_by(DeviceRow.last_seen_at.desc(), DeviceRow.id)
        .offset(MAX_DEVICES - 1)
    )
    surplus = session.scalars(newest).all()
    session.execute(delete(DeviceRow).where(DeviceRow.id.in_(surplus)))


def _device(row: DeviceRow) -> Device:
    return Device(
        id=DeviceId(row.id),
        user_id=UserId(row.user_id),
        label=row.label,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
    )
