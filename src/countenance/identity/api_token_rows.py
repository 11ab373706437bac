"""The table of API tokens; apart from its service, since the audit trail asks who made one."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, Select, String, Text, literal, select
from sqlalchemy.orm import Mapped, mapped_column

from countenance.db import Base, UtcDateTime
from countenance.identity.interfaces import UserId
from countenance.identity.models import DIGEST, ID

ACTOR_PREFIX: Final = "token:"
"""Begins the actor of an audit row that a token wrote; ids of people begin with a hex digit."""


class ApiTokenRow(Base):
    """A token of the API; of its secret only the digest."""

    __tablename__ = "api_tokens"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    user_id: Mapped[str] = mapped_column(ID, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    """Who made it, and whom it acts for."""
    name: Mapped[str] = mapped_column(String(64))
    secret_hash: Mapped[str] = mapped_column(DIGEST)
    scopes: Mapped[str] = mapped_column(Text)
    """Joined by blanks."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """A minute coarse."""
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def token_actors(user_id: UserId) -> Select[str]:
    """The actors of audit rows that tokens of that person wrote; of tokens that are still kept."""
    made = ApiTokenRow.__table__.c
    return select(literal(ACTOR_PREFIX) + made.id).where(made.user_id == user_id)
