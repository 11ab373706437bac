"""The table of invitations; apart from its service, since whoever is shut out loses theirs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from countenance.db import Base, UtcDateTime
from countenance.identity.models import DIGEST, ID


class InvitationRow(Base):
    """The code with which a user may choose a password."""

    __tablename__ = "invitations"

    user_id: Mapped[str] = mapped_column(
        ID, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    code_hash: Mapped[str] = mapped_column(DIGEST, unique=True)
    reason: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
