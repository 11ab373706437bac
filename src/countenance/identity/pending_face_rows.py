"""The table of faces that wait for a second person.

Apart from its service, since an own enrolment and an erasure end the waiting.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, delete
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm import Session as DbSession

from countenance.db import Base, UtcDateTime
from countenance.identity.interfaces import UserId
from countenance.identity.models import ID
from countenance.identity.store import affected


class PendingFaceRow(Base):
    """An encrypted template with its wrapped key, sealed as it will be once it counts."""

    __tablename__ = "pending_faces"

    user_id: Mapped[str] = mapped_column(
        ID, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    id: Mapped[str] = mapped_column(ID, unique=True)
    enrolled_by: Mapped[str] = mapped_column(ID)
    """Without a foreign key: who did it stays known when they are removed."""
    pack: Mapped[str] = mapped_column(String(128))
    samples: Mapped[int]
    enrolled_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    key_nonce: Mapped[bytes] = mapped_column(LargeBinary)
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)


def drop_pending_face(session: DbSession, user_id: UserId) -> bool:
    """Forget the face that waits; False when none did."""
    return affected(session, delete(PendingFaceRow).where(PendingFaceRow.user_id == user_id)) > 0
