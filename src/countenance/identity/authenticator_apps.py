"""The authenticator app of a user: its secret, encrypted, and which codes were used.

The secret is sealed with AES-256-GCM under a key derived from the master key, bound to its user
and to whether it is confirmed, so that rows cannot be exchanged.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import BigInteger, ForeignKey, LargeBinary, delete, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm import Session as DbSession

from countenance.db import Base, UtcDateTime
from countenance.events import Tag
from countenance.identity.audit import note
from countenance.identity.errors import FactorUnreadableError
from countenance.identity.factor_interfaces import CodeOutcome
from countenance.identity.interfaces import UserId
from countenance.identity.keys import Keys, check_current
from countenance.identity.models import ID
from countenance.identity.store import CLOCK_TOLERANCE, Store, affected, read_user
from countenance.identity.totp import matching_step, new_secret

VERSION: Final = 1
NONCE_BYTES: Final = 12
DRAFT_LIFETIME: Final = timedelta(minutes=15)
"""How long a shown secret waits for its first code."""
WRONG_TRIES: Final = 50
"""So many wrong codes in a row shut this way until the user came in by another one: a million
codes, three of them right at a time (NIST SP 800-63B-4, section 3.2.2, allows 100)."""
_NEVER: Final = -1


class AuthenticatorAppRow(Base):
    """A secret that an authenticator app shares with us."""

    __tablename__ = "authenticator_apps"

    user_id: Mapped[str] = mapped_column(
        ID, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    is_draft: Mapped[bool] = mapped_column(primary_key=True)
    """Whether the secret was shown and no code of it was typed yet."""
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger)
    """Time step of the newest code that was used; -1 when none was."""
    wrong_tries: Mapped[int]
    """Wrong codes since the last right one."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SqlAuthenticatorApps:
    """`factor_interfaces.AuthenticatorApps` in the database."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._keys = keys
        self._key = keys.authenticator_apps

    def begin(self, user_id: UserId) -> str:
        secret, now = new_secret(), self._store.now()
        nonce, sealed = _seal(secret, key=self._key, user_id=user_id, is_draft=True)
        with self._store.writing() as session:
            check_current(session, self._keys)
            read_user(session, user_id)
            _drop(session, user_id, is_draft=True)
            session.add(
                AuthenticatorAppRow(
                    user_id=user_id,
                    is_draft=True,
                    nonce=nonce,
                    ciphertext=sealed,
                    last_step=_NEVER,
                    wrong_tries=0,
                    created_at=now,
                )
            )
        return secret

    def draft(self, user_id: UserId) -> str | None:
        with self._store.reading() as session:
            row = session.get(AuthenticatorAppRow, (user_id, True))
        return self._open(row) if row is not None and self._is_current(row) else None

    def confirm(self, user_id: UserId, code: str) -> bool:
        now = self._store.now()
        with self._store.writing() as session:
            check_current(session, self._keys)
            draft = _locked(session, user_id, is_draft=True)
            if draft is None or not self._is_current(draft):
                return False
            secret = self._open(draft)
            step = matching_step(secret, code, now_s=now.timestamp(), after_step=_NEVER)
            if step is None:
                return False
            _drop(session, user_id, is_draft=True)
            _drop(session, user_id, is_draft=False)
            nonce, sealed = _seal(secret, key=self._key, user_id=user_id, is_draft=False)
            session.add(
                AuthenticatorAppRow(
                    user_id=user_id,
                    is_draft=False,
                    nonce=nonce,
                    ciphertext=sealed,
                    last_step=step,
                    wrong_tries=0,
                    created_at=now,
                )
            )
            note(session, Tag.TOTP_ADDED, at=now, subject_id=user_id, actor_id=user_id)
        return True

    def use(self, user_id: UserId, code: str) -> CodeOutcome:
        now = self._store.now()
        with self._store.writing() as session:
            row = _locked(session, user_id, is_draft=False)
            if row is None:
                return CodeOutcome.NONE
            if row.wrong_tries >= WRONG_TRIES:
                return CodeOutcome.LOCKED
            step = matching_step(
                self._open(row), code, now_s=now.timestamp(), after_step=row.last_step
            )
            if step is None:
                row.wrong_tries += 1
                return CodeOutcome.WRONG
            row.last_step, row.wrong_tries = step, 0
            return CodeOutcome.RIGHT

    def unlock(self, user_id: UserId) -> None:
        with self._store.writing() as session:
            row = _locked(session, user_id, is_draft=False)
            if row is not None and row.wrong_tries:
                row.wrong_tries = 0

    def added_at(self, user_id: UserId) -> datetime | None:
        with self._store.reading() as session:
            row = session.get(AuthenticatorAppRow, (user_id, False))
            return None if row is None else row.created_at

    def remove(self, user_id: UserId, *, actor: UserId | None) -> bool:
        with self._store.writing() as session:
            _drop(session, user_id, is_draft=True)
            if not _drop(session, user_id, is_draft=False):
                return False
            now = self._store.now()
            note(session, Tag.TOTP_REMOVED, at=now, subject_id=user_id, actor_id=actor)
        return True

    def _is_current(self, row: AuthenticatorAppRow) -> bool:
        age = self._store.now() - row.created_at
        return -CLOCK_TOLERANCE <= age < DRAFT_LIFETIME

    def _open(self, row: AuthenticatorAppRow) -> str:
        return _opened(row, key=self._key)


def reseal_secrets(session: DbSession, *, old_key: bytes, new_key: bytes) -> tuple[int, int]:
    """Encrypt every secret anew.

    Returns: how many were encrypted, and how many could not be read and stay as they are.
    """
    sealed = unreadable = 0
    for row in session.scalars(select(AuthenticatorAppRow)).all():
        try:
            secret = _opened(row, key=old_key)
        except FactorUnreadableError:
            unreadable += 1
            continue
        row.nonce, row.ciphertext = _seal(
            secret, key=new_key, user_id=UserId(row.user_id), is_draft=row.is_draft
        )
        sealed += 1
    return sealed, unreadable


def _opened(row: AuthenticatorAppRow, *, key: bytes) -> str:
    context = _context(UserId(row.user_id), is_draft=row.is_draft)
    try:
        return AESGCM(key).decrypt(row.nonce, row.ciphertext, context).decode("ascii")
    except (InvalidTag, ValueError) as error:
        raise FactorUnreadableError(
            f"The authenticator secret of user {row.user_id} cannot be decrypted.",
            remedy="Log in another way, remove the app and add it anew.",
        ) from error


def _seal(secret: str, *, key: bytes, user_id: UserId, is_draft: bool) -> tuple[bytes, bytes]:
    nonce = os.urandom(NONCE_BYTES)
    context = _context(user_id, is_draft=is_draft)
    return nonce, AESGCM(key).encrypt(nonce, secret.encode("ascii"), context)


def _context(user_id: UserId, *, is_draft: bool) -> bytes:
    """Associated data: version, kind, user."""
    return bytes([VERSION, is_draft]) + b"totp:" + user_id.encode()


def _locked(session: DbSession, user_id: UserId, *, is_draft: bool) -> AuthenticatorAppRow | None:
    """The row, held until the transaction ends: of two that use one code, one comes second."""
    query = select(AuthenticatorAppRow).where(
        AuthenticatorAppRow.user_id == user_id, AuthenticatorAppRow.is_draft.is_(is_draft)
    )
    return session.scalars(query.with_for_update()).one_or_none()


def _drop(session: DbSession, user_id: UserId, *, is_draft: bool) -> bool:
    dropping = delete(AuthenticatorAppRow).where(
        AuthenticatorAppRow.user_id == user_id, AuthenticatorAppRow.is_draft.is_(is_draft)
    )
    return affected(session, dropping) > 0
