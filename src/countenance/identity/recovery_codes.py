"""One-time recovery codes: shown once, kept as HMAC-SHA-256 under a key outside the database."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from countenance.db import Base, UtcDateTime
from countenance.events import Tag
from countenance.identity.audit import note
from countenance.identity.factor_interfaces import RecoveryCodesLeft
from countenance.identity.interfaces import UserId
from countenance.identity.keys import Keys
from countenance.identity.models import DIGEST, ID
from countenance.identity.store import Store, affected, read_user
from countenance.identity.tokens import bare_code, new_code

CODES: Final = 10
CODE_GROUPS: Final = 2
"""Groups of five characters: 49 bits. NIST SP 800-63B-4, section 3.1.2, asks look-up secrets
for 20 and for throttling below 64; wrong tries pause the login."""


class RecoveryCodeRow(Base):
    """A code that was not used yet; using it drops the row."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[str] = mapped_column(
        ID, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    code_hash: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SqlRecoveryCodes:
    """`factor_interfaces.RecoveryCodes` in the database."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._key = keys.recovery_codes

    def make(self, user_id: UserId) -> tuple[str, ...]:
        codes, now = tuple(new_code(CODE_GROUPS) for _ in range(CODES)), self._store.now()
        with self._store.writing() as session:
            read_user(session, user_id)
            session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user_id))
            session.add_all(
                RecoveryCodeRow(
                    user_id=user_id, code_hash=self._hash(user_id, code), created_at=now
                )
                for code in codes
            )
            note(session, Tag.RECOVERY_CODES_MADE, at=now, subject_id=user_id, actor_id=user_id)
        return codes

    def use(self, user_id: UserId, code: str) -> bool:
        using = delete(RecoveryCodeRow).where(
            RecoveryCodeRow.user_id == user_id,
            RecoveryCodeRow.code_hash == self._hash(user_id, code),
        )
        with self._store.writing() as session:
            # The hash is keyed, so the time of the look-up tells nothing about a code.
            if affected(session, using) != 1:
                return False
            left = select(func.count()).where(RecoveryCodeRow.user_id == user_id)
            note(
                session,
                Tag.RECOVERY_CODE_USED,
                at=self._store.now(),
                subject_id=user_id,
                actor_id=user_id,
                details={"left": str(session.scalar(left))},
            )
        return True

    def left(self, user_id: UserId) -> RecoveryCodesLeft | None:
        query = select(func.count(), func.min(RecoveryCodeRow.created_at)).where(
            RecoveryCodeRow.user_id == user_id
        )
        with self._store.reading() as session:
            count, made_at = session.execute(query).one()
        return RecoveryCodesLeft(count, made_at) if count else None

    def drop(self, user_id: UserId, *, actor: UserId | None) -> bool:
        with self._store.writing() as session:
            dropping = delete(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user_id)
            if not affected(session, dropping):
                return False
            now = self._store.now()
            note(session, Tag.RECOVERY_CODES_DROPPED, at=now, subject_id=user_id, actor_id=actor)
        return True

    def _hash(self, user_id: UserId, code: str) -> str:
        message = f"{user_id}:{bare_code(code)}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()
