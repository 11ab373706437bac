"""One-time login codes, stored as HMAC-SHA-256 under a key outside the database."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as DbSession

from countenance.events import Tag
from countenance.identity.audit import note
from countenance.identity.interfaces import UserId
from countenance.identity.keys import Keys
from countenance.identity.models import LoginCodeRow
from countenance.identity.store import CLOCK_TOLERANCE, Store, affected, read_user
from countenance.identity.tokens import bare_code, new_code

CODE_GROUPS: Final = 2
"""Groups of five characters: 49 bits."""
WRONG_TRIES: Final = 5
"""So many wrong tries lapse a code."""


class SqlLoginCodes:
    """`interfaces.LoginCodes` in the database."""

    def __init__(self, store: Store, keys: Keys, *, lifetime_s: float) -> None:
        self._store = store
        self._key = keys.login_codes
        self._lifetime = timedelta(seconds=lifetime_s)

    def issue(self, user_id: UserId, *, actor: UserId | None) -> str:
        code, now = new_code(CODE_GROUPS), self._store.now()
        with self._store.writing() as session:
            read_user(session, user_id)
            session.execute(delete(LoginCodeRow).where(LoginCodeRow.user_id == user_id))
            session.add(
                LoginCodeRow(
                    user_id=user_id,
                    code_hash=self._hash(user_id, code),
                    wrong_tries=0,
                    created_at=now,
                    expires_at=now + self._lifetime,
                )
            )
            note(session, Tag.LOGIN_CODE_ISSUED, at=now, subject_id=user_id, actor_id=actor)
        return code

    def redeem(self, user_id: UserId, code: str) -> bool:
        with self._store.writing() as session:
            refusal = self._try(session, user_id, code)
            note(
                session,
                Tag.LOGIN_CODE_USED if refusal is None else Tag.LOGIN_CODE_REFUSED,
                at=self._store.now(),
                subject_id=user_id,
                actor_id=user_id,
                details={} if refusal is None else {"reason": refusal},
            )
        return refusal is None

    def purge(self) -> int:
        """Drop codes that have expired; returns how many."""
        over = LoginCodeRow.expires_at <= self._store.now()
        with self._store.writing() as session:
            return affected(session, delete(LoginCodeRow).where(over))

    def _try(self, session: DbSession, user_id: UserId, code: str) -> str | None:
        """Use the code or count the try; returns why it is refused, None when it was right."""
        query = select(LoginCodeRow).where(LoginCodeRow.user_id == user_id)
        row = session.scalars(query.with_for_update()).one_or_none()
        if row is None:
            return "none"
        now = self._store.now()
        if not (row.created_at <= now + CLOCK_TOLERANCE and now < row.expires_at):
            session.delete(row)
            return "expired"
        if hmac.compare_digest(row.code_hash, self._hash(user_id, code)):
            session.delete(row)
            return None
        row.wrong_tries += 1
        if row.wrong_tries >= WRONG_TRIES:
            session.delete(row)
            return "lapsed"
        return "wrong"

    def _hash(self, user_id: UserId, code: str) -> str:
        message = f"{user_id}:{bare_code(code)}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()
