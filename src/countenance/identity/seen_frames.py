"""Frames that were sent before, so that a recorded session is told from a new one.

A row holds a keyed digest of one frame, nothing else of it: no face can be made from it, and
without the master key nobody can ask whether a frame they hold was sent here. Frames of a camera
differ in noise alone, so two captures never share one unless the second is a recording.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ForeignKey, LargeBinary, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from countenance.db import Base, UtcDateTime
from countenance.identity.interfaces import FrameDigest, UserId
from countenance.identity.keys import Keys
from countenance.identity.models import ID
from countenance.identity.store import Store, affected, read_user

DIGEST_BYTES: Final = 16
MAX_ROWS: Final = 1_000_000
"""In all; beyond, the oldest go. About 60 MB, or 15,000 logins."""
_AT_ONCE: Final = 300
"""Rows of one statement: SQLite takes 999 values at the least."""


class SeenFrameRow(Base):
    """A frame that somebody sent."""

    __tablename__ = "seen_frames"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[str] = mapped_column(ID, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    """Whose login or enrolment it was sent for."""
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class SqlSeenFrames:
    """`interfaces.SeenFrames` in the database."""

    def __init__(
        self, store: Store, keys: Keys, *, forget_after_days: float, max_rows: int = MAX_ROWS
    ) -> None:
        self._store = store
        self._key = keys.seen_frames
        self._lifetime = timedelta(days=forget_after_days)
        self._max_rows = max_rows

    def digest(self, frame: bytes) -> FrameDigest:
        whole = hmac.new(self._key, frame, hashlib.sha256).digest()
        return FrameDigest(whole[:DIGEST_BYTES])

    def take(self, user_id: UserId, frames: Collection[FrameDigest]) -> int:
        """Raises: UserNotFoundError, StorageError."""
        distinct = sorted(set(frames))
        if not distinct:
            return 0
        now = self._store.now()
        rows = [{"digest": frame, "user_id": user_id, "seen_at": now} for frame in distinct]
        with self._store.writing() as session:
            read_user(session, user_id)
            is_sqlite = session.get_bind().dialect.name == "sqlite"
            insert = sqlite.insert if is_sqlite else postgresql.insert
            # The database decides who was first, also between captures that end together.
            new = 0
            for first in range(0, len(rows), _AT_ONCE):
                part = insert(SeenFrameRow).values(rows[first : first + _AT_ONCE])
                written = part.on_conflict_do_nothing().returning(SeenFrameRow.digest)
                new += len(session.execute(written).all())
        return len(distinct) - new

    def purge(self) -> int:
        """Drop what is older than the limit, and the oldest beyond the most; returns how many."""
        over = SeenFrameRow.seen_at <= self._store.now() - self._lifetime
        last = select(SeenFrameRow.seen_at).order_by(SeenFrameRow.seen_at.desc())
        with self._store.writing() as session:
            dropped = affected(session, delete(SeenFrameRow).where(over))
            bound = session.scalars(last.offset(self._max_rows).limit(1)).one_or_none()
            if bound is not None:
                crowd = delete(SeenFrameRow).where(SeenFrameRow.seen_at <= bound)
                dropped += affected(session, crowd)
        return dropped
