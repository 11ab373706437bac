"""Tokens that say: this user has just shown who they are, for this one act in this session.

Stored as digests. A token is used up by the act that it was made for, once, and by no other.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm import Session as DbSession

from countenance.db import Base, UtcDateTime
from countenance.identity.acts import Act
from countenance.identity.interfaces import UserId
from countenance.identity.models import DIGEST, ID
from countenance.identity.store import CLOCK_TOLERANCE, Store
from countenance.identity.tokens import digest, new_token


class StepUpGrantRow(Base):
    """A confirmation that was not used yet; it goes with its session."""

    __tablename__ = "step_up_grants"

    token_hash: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    session_id: Mapped[str] = mapped_column(
        ID, ForeignKey("sessions.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[str] = mapped_column(ID, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    act_digest: Mapped[str] = mapped_column(DIGEST)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class SqlStepUp:
    """`factor_interfaces.StepUp` in the database."""

    def __init__(self, store: Store, *, lifetime_s: float) -> None:
        self._store = store
        self._lifetime = timedelta(seconds=lifetime_s)

    def issue(self, user_id: UserId, *, session_id: str, act_digest: str) -> str:
        token, now = new_token(), self._store.now()
        with self._store.writing() as session:
            session.execute(delete(StepUpGrantRow).where(StepUpGrantRow.expires_at <= now))
            session.add(
                StepUpGrantRow(
                    token_hash=digest(token),
                    session_id=session_id,
                    user_id=user_id,
                    act_digest=act_digest,
                    created_at=now,
                    expires_at=now + self._lifetime,
                )
            )
        return token

    def is_good(self, token: str, act: Act, *, user_id: UserId, session_id: str) -> bool:
        with self._store.reading() as session:
            row = session.get(StepUpGrantRow, digest(token))
        return row is not None and self._fits(row, act, user_id=user_id, session_id=session_id)

    def redeem(self, token: str, act: Act, *, user_id: UserId, session_id: str) -> bool:
        with self._store.writing() as session:
            row = _held(session, token)
            if row is None or not self._fits(row, act, user_id=user_id, session_id=session_id):
                return False
            session.delete(row)
        return True

    def _fits(self, row: StepUpGrantRow, act: Act, *, user_id: UserId, session_id: str) -> bool:
        now = self._store.now()
        is_current = row.created_at <= now + CLOCK_TOLERANCE and now < row.expires_at
        expected = f"{user_id} {session_id} {act.digest}"
        given = f"{row.user_id} {row.session_id} {row.act_digest}"
        return hmac.compare_digest(given.encode(), expected.encode()) and is_current


def _held(session: DbSession, token: str) -> StepUpGrantRow | None:
    """The row, kept from others until the transaction ends: of two uses one finds it gone."""
    query = select(StepUpGrantRow).where(StepUpGrantRow.token_hash == digest(token))
    return session.scalars(query.with_for_update()).one_or_none()
