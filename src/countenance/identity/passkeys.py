"""Passkeys of users, and the challenges that they answer: each used once, soon lapsing."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, Text, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm import Session as DbSession

from countenance.db import Base, UtcDateTime
from countenance.events import Tag
from countenance.identity.audit import note
from countenance.identity.factor_interfaces import (
    Passkey,
    PasskeyCall,
    PasskeyRefusal,
    PasskeyUse,
)
from countenance.identity.interfaces import UserId
from countenance.identity.models import DIGEST, ID, UserRow
from countenance.identity.relying_party import (
    AnswerError,
    Assertion,
    RelyingParty,
    authentication_options,
    check_assertion,
    check_registration,
    counter_is_plausible,
    credential_id_of,
    registration_options,
    user_handle_of,
)
from countenance.identity.store import Store, affected, is_current, is_id, read_user
from countenance.identity.tokens import digest, new_token

CHALLENGE_BYTES: Final = 32
CHALLENGE_LIFETIME: Final = timedelta(minutes=3)
MAX_PASSKEYS: Final = 20
"""Of one user."""
MAX_NAME: Final = 64
_REGISTRATION: Final = "registration"
_USE: Final = "use"


class PasskeyRow(Base):
    """A credential of WebAuthn."""

    __tablename__ = "passkeys"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    user_id: Mapped[str] = mapped_column(ID, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    credential_hash: Mapped[str] = mapped_column(DIGEST, unique=True)
    """SHA-256 of the id, which may be too long for an index."""
    credential_id: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text)
    is_synced: Mapped[bool]
    verifies: Mapped[bool]
    """Whether its authenticator has verified its user, here or later."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PasskeyChallengeRow(Base):
    """A challenge that waits for its answer; taking it drops the row."""

    __tablename__ = "passkey_challenges"

    token_hash: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[str | None] = mapped_column(
        ID, ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    """None while nobody is named yet."""
    must_verify: Mapped[bool]
    challenge: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class SqlPasskeys:
    """`factor_interfaces.Passkeys` in the database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin_registration(self, user_id: UserId, party: RelyingParty) -> PasskeyCall:
        with self._store.writing() as session:
            user = read_user(session, user_id)
            token, challenge = self._challenge(
                session, _REGISTRATION, user_id=user_id, must_verify=False
            )
            known = _ids_of(session, user_id)
        options = registration_options(
            party,
            user_handle=user_id.encode(),
            name=user.name,
            display_name=user.display_name,
            challenge=challenge,
            known=known,
        )
        return PasskeyCall(token, options)

    def finish_registration(
        self,
        user_id: UserId,
        party: RelyingParty,
        *,
        token: str,
        answer: Mapping[str, Any],
        name: str,
    ) -> Passkey | PasskeyRefusal:
        with self._store.writing() as session:
            asked = self._take(session, token, _REGISTRATION, user_id=user_id)
        if asked is None:
            return PasskeyRefusal.NOT_ASKED
        try:
            made = check_registration(answer, expected_challenge=asked.challenge, party=party)
        except AnswerError:
            return PasskeyRefusal.WRONG
        now = self._store.now()
        row = PasskeyRow(
            id=str(uuid4()),
            user_id=user_id,
            credential_hash=_hash(made.credential_id),
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            name=clean_name(name),
            is_synced=made.is_synced,
            verifies=made.is_verified,
            created_at=now,
            last_used_at=None,
        )
        with self._store.writing() as session:
            if not _has_room(session, user_id) or _is_known(session, row.credential_hash):
                return PasskeyRefusal.KNOWN
            session.add(row)
            details = {"name": row.name}
            note(
                session,
                Tag.PASSKEY_ADDED,
                at=now,
                subject_id=user_id,
                actor_id=user_id,
                details=details,
            )
        return _passkey(row)

    def begin_use(
        self, user_id: UserId | None, party: RelyingParty, *, must_verify: bool
    ) -> PasskeyCall:
        with self._store.writing() as session:
            token, challenge = self._challenge(
                session, _USE, user_id=user_id, must_verify=must_verify
            )
            allowed = [] if user_id is None else _ids_of(session, user_id)
        options = authentication_options(
            party, challenge=challenge, allowed=allowed, must_verify=must_verify
        )
        return PasskeyCall(token, options)

    def finish_use(
        self,
        user_id: UserId | None,
        party: RelyingParty,
        *,
        token: str,
        answer: Mapping[str, Any],
    ) -> PasskeyUse | PasskeyRefusal:
        with self._store.writing() as session:
            asked = self._take(session, token, _USE, user_id=user_id)
        if asked is None:
            return PasskeyRefusal.NOT_ASKED
        try:
            return self._use(user_id, party, asked=asked, answer=answer)
        except AnswerError:
            return PasskeyRefusal.WRONG

    def list_passkeys(self, user_id: UserId) -> tuple[Passkey, ...]:
        query = select(PasskeyRow).where(PasskeyRow.user_id == user_id)
        with self._store.reading() as session:
            rows = session.scalars(query.order_by(PasskeyRow.created_at, PasskeyRow.id))
            return tuple(_passkey(row) for row in rows)

    def rename(self, passkey_id: str, user_id: UserId, *, name: str) -> bool:
        if not is_id(passkey_id):
            return False
        own = (PasskeyRow.id == passkey_id) & (PasskeyRow.user_id == user_id)
        with self._store.writing() as session:
            naming = update(PasskeyRow).where(own).values(name=clean_name(name))
            return affected(session, naming) == 1

    def remove(self, passkey_id: str, user_id: UserId, *, actor: UserId | None) -> bool:
        if not is_id(passkey_id):
            return False
        own = (PasskeyRow.id == passkey_id) & (PasskeyRow.user_id == user_id)
        with self._store.writing() as session:
            row = session.scalars(select(PasskeyRow).where(own).with_for_update()).one_or_none()
            if row is None:
                return False
            session.delete(row)
            note(
                session,
                Tag.PASSKEY_REMOVED,
                at=self._store.now(),
                subject_id=user_id,
                actor_id=actor,
                details={"name": row.name},
            )
        return True

    def _use(
        self,
        user_id: UserId | None,
        party: RelyingParty,
        *,
        asked: PasskeyChallengeRow,
        answer: Mapping[str, Any],
    ) -> PasskeyUse | PasskeyRefusal:
        with self._store.writing() as session:
            # Held until the counter is written: of two answers with one counter, one is refused.
            row = _held(session, _hash(credential_id_of(answer)))
            if row is None or not _is_of(row, user_id, answer):
                return PasskeyRefusal.UNKNOWN
            found = check_assertion(
                answer,
                expected_challenge=asked.challenge,
                party=party,
                public_key=row.public_key,
                must_verify=asked.must_verify,
            )
            if not counter_is_plausible(stored=row.sign_count, given=found.sign_count):
                return PasskeyRefusal.COUNTER
            _note_use(row, found, at=self._store.now())
            return PasskeyUse(UserId(row.user_id), found.is_verified)

    def _challenge(
        self, session: DbSession, purpose: str, *, user_id: UserId | None, must_verify: bool
    ) -> tuple[str, bytes]:
        """A new challenge and its token; drops those that have lapsed."""
        now, token = self._store.now(), new_token()
        challenge = secrets.token_bytes(CHALLENGE_BYTES)
        session.execute(delete(PasskeyChallengeRow).where(PasskeyChallengeRow.expires_at <= now))
        session.add(
            PasskeyChallengeRow(
                token_hash=digest(token),
                purpose=purpose,
                user_id=user_id,
                must_verify=must_verify,
                challenge=challenge,
                created_at=now,
                expires_at=now + CHALLENGE_LIFETIME,
            )
        )
        return token, challenge

    def _take(
        self, session: DbSession, token: str, purpose: str, *, user_id: UserId | None
    ) -> PasskeyChallengeRow | None:
        """The challenge of that token, used up whatever the answer is worth."""
        row = session.get(PasskeyChallengeRow, digest(token))
        columns = PasskeyChallengeRow.__table__.c
        good = is_current(columns.created_at, columns.expires_at, self._store.now())
        taking = delete(PasskeyChallengeRow).where(
            PasskeyChallengeRow.token_hash == digest(token),
            PasskeyChallengeRow.purpose == purpose,
            PasskeyChallengeRow.user_id.is_(None)
            if user_id is None
            else PasskeyChallengeRow.user_id == user_id,
            good,
        )
        return row if affected(session, taking) == 1 else None


def clean_name(name: str) -> str:
    """A name that fits its column and one line; `Passkey` for none."""
    return "".join(c for c in name if c.isprintable()).strip()[:MAX_NAME] or "Passkey"


def _hash(credential_id: bytes) -> str:
    return hashlib.sha256(credential_id).hexdigest()


def _ids_of(session: DbSession, user_id: UserId) -> list[bytes]:
    query = select(PasskeyRow.credential_id).where(PasskeyRow.user_id == user_id)
    return list(session.scalars(query.order_by(PasskeyRow.created_at, PasskeyRow.id)))


def _has_room(session: DbSession, user_id: UserId) -> bool:
    read_user(session, user_id)
    return len(_ids_of(session, user_id)) < MAX_PASSKEYS


def _is_known(session: DbSession, credential_hash: str) -> bool:
    query = select(PasskeyRow.id).where(PasskeyRow.credential_hash == credential_hash)
    return session.scalar(query) is not None


def _held(session: DbSession, credential_hash: str) -> PasskeyRow | None:
    """The passkey of an enabled user, kept from others until the transaction ends."""
    query = (
        select(PasskeyRow)
        .join(UserRow, UserRow.id == PasskeyRow.user_id)
        .where(PasskeyRow.credential_hash == credential_hash, UserRow.is_enabled)
    )
    return session.scalars(query.with_for_update(of=PasskeyRow)).one_or_none()


def _is_of(row: PasskeyRow, user_id: UserId | None, answer: Mapping[str, Any]) -> bool:
    """Whether the passkey is of the user who is named, and of the one that it names itself."""
    handle = user_handle_of(answer)
    if user_id is None and handle is None:
        return False
    return row.user_id == (user_id or row.user_id) and handle in (None, row.user_id.encode())


def _note_use(row: PasskeyRow, found: Assertion, *, at: datetime) -> None:
    row.sign_count = found.sign_count
    row.last_used_at = at
    row.is_synced = found.is_synced
    row.verifies = row.verifies or found.is_verified


def _passkey(row: PasskeyRow) -> Passkey:
    return Passkey(
        id=row.id,
        name=row.name,
        is_synced=row.is_synced,
        verifies=row.verifies,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
    )
