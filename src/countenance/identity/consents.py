"""Who agreed to have their face enrolled, to which words, when, and who wrote it down.

A consent is to a text, told apart by its SHA-256: other words ask again at the next enrolment.
Erasing a face ends it (GDPR, article 7(3): to withdraw is as easy as to give).
"""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from sqlalchemy import ForeignKey, select, update
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm import Session as DbSession

from countenance.db import Base, UtcDateTime
from countenance.events import Tag
from countenance.identity.audit import note
from countenance.identity.interfaces import Consent, UserId
from countenance.identity.models import DIGEST, ID
from countenance.identity.store import Store, read_user


class ConsentRow(Base):
    """One agreement."""

    __tablename__ = "consents"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    user_id: Mapped[str] = mapped_column(ID, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    text_sha256: Mapped[str] = mapped_column(DIGEST)
    actor_id: Mapped[str | None] = mapped_column(ID)
    """Who wrote it down for the user; None when the user agreed alone."""
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SqlConsents:
    """`interfaces.Consents` in the database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def give(
        self, user_id: UserId, *, text_sha256: str, actor: UserId | None, address: str
    ) -> None:
        now = self._store.now()
        with self._store.writing() as session:
            read_user(session, user_id)
            session.add(
                ConsentRow(
                    id=str(uuid4()),
                    user_id=user_id,
                    text_sha256=text_sha256,
                    actor_id=actor,
                    given_at=now,
                    withdrawn_at=None,
                )
            )
            note(
                session,
                Tag.CONSENT_GIVEN,
                at=now,
                subject_id=user_id,
                actor_id=actor or user_id,
                address=address,
                details={"text": text_sha256},
            )

    def find(self, user_id: UserId, *, text_sha256: str) -> Consent | None:
        query = (
            select(ConsentRow)
            .where(
                ConsentRow.user_id == user_id,
                ConsentRow.text_sha256 == text_sha256,
                ConsentRow.withdrawn_at.is_(None),
            )
            .order_by(ConsentRow.given_at.desc())
            .limit(1)
        )
        with self._store.reading() as session:
            row = session.scalars(query).one_or_none()
        if row is None:
            return None
        by = None if row.actor_id is None else UserId(row.actor_id)
        return Consent(text_sha256=row.text_sha256, actor_id=by, given_at=row.given_at)


def withdraw(session: DbSession, user_id: UserId, *, at: datetime, actor: UserId | None) -> None:
    """End every consent of a user in the transaction that erases the face."""
    ended = update(ConsentRow).where(
        ConsentRow.user_id == user_id, ConsentRow.withdrawn_at.is_(None)
    )
    if session.execute(ended.values(withdrawn_at=at).returning(ConsentRow.id)).all():
        note(session, Tag.CONSENT_WITHDRAWN, at=at, subject_id=user_id, actor_id=actor)
