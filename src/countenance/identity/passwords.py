"""Passwords: argon2id, and what makes one acceptable.

Rules after NIST SP 800-63B-4, section 3.1.1: at least 8 characters (the face is the second
factor), no composition rules, common passwords and the own name refused.
"""

from __future__ import annotations

import base64
import itertools
import secrets
import threading
import unicodedata
from collections.abc import Container
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION
from argon2.profiles import RFC_9106_LOW_MEMORY
from sqlalchemy import select, update

from countenance.events import Tag
from countenance.identity.audit import note
from countenance.identity.common_passwords import COMMON_PASSWORDS
from countenance.identity.endings import drop_pending_logins
from countenance.identity.errors import UnacceptableNameError, WeakPasswordError
from countenance.identity.interfaces import User, UserId
from countenance.identity.models import UserRow
from countenance.identity.names import fold, login_name
from countenance.identity.store import Store, as_user, is_id, read_user, select_users
from countenance.identity.throttle_book import forget_tallies
from countenance.identity.throttling import Tried

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 256
CONCURRENT_HASHES: Final = 4
"""Each takes 64 MiB and 4 lanes; further ones wait."""
TEMPORARY_GROUPS: Final = 3
"""Groups of five characters in a temporary password: 73 bits."""
NO_PASSWORD: Final = ""
"""Stands in the place of a hash for whoever is to choose a password with a code."""


class Hasher:
    """argon2id with a bound on how many hashes are made at a time."""

    def __init__(
        self, argon2: PasswordHasher | None = None, *, blocklist: Container[str] = frozenset()
    ) -> None:
        """Set the cost and what is refused.

        Args:
            argon2: cost; None takes RFC 9106's second choice: 64 MiB, t = 3, p = 4.
            blocklist: passwords that are refused besides the common ones.
        """
        self._blocklist = blocklist
        self._argon2 = argon2 or PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._places = threading.BoundedSemaphore(CONCURRENT_HASHES)
        self._nobody = _hash_of_nothing(self._argon2)

    def hash_new(self, password: str, *, name: str) -> str:
        """Hash a new password. Raises: WeakPasswordError."""
        check_strength(password, name=name)
        if password in self._blocklist:
            raise WeakPasswordError(
                "The password is known from a breach.",
                remedy="Take a few words that do not belong together.",
            )
        return self._hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password made the hash; without a hash the same work is done in vain.

        `NO_PASSWORD` is no hash either: whoever was invited looks like nobody at all.
        """
        known = stored or self._nobody
        with self._places:
            try:
                self._argon2.verify(known, _encoded(password[:MAX_LENGTH]))
            except (VerificationError, InvalidHashError):
                return False
        return bool(stored) and len(password) <= MAX_LENGTH

    def renewed(self, stored: str, password: str) -> str | None:
        """A hash with today's cost if the stored one has another; the password is known right."""
        return self._hash(password) if self._argon2.check_needs_rehash(stored) else None

    def _hash(self, password: str) -> str:
        with self._places:
            return self._argon2.hash(_encoded(password))


def check_strength(password: str, *, name: str) -> None:
    """Refuse a password that is too short, too long or easily guessed.

    Args: name: the user's login name.
    Raises: WeakPasswordError.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise WeakPasswordError(
            "The password is too short."
            if len(password) < MIN_LENGTH
            else "The password is too long.",
            remedy=f"Take {MIN_LENGTH} to {MAX_LENGTH} characters; a few words make a good one.",
        )
    folded = fold(password)
    if folded in COMMON_PASSWORDS or len(set(folded)) < 3 or _is_row(folded):
        raise WeakPasswordError(
            "The password is one of the first that are tried.",
            remedy="Take a few words that do not belong together.",
        )
    if folded.strip("0123456789!.?_- ") in (name, name.partition("@")[0]):
        raise WeakPasswordError(
            "The password is the name.", remedy="Take a password without the name."
        )


def _hash_of_nothing(argon2: PasswordHasher) -> str:
    """A hash of that cost that no password gives; made without the work of one."""
    salt, value = (
        base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=")
        for size in (argon2.salt_len, argon2.hash_len)
    )
    cost = f"m={argon2.memory_cost},t={argon2.time_cost},p={argon2.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${value}"


def _is_row(text: str) -> bool:
    """Whether each character is the next one of its alphabet, as in `23456789`."""
    steps = {ord(b) - ord(a) for a, b in itertools.pairwise(text)}
    return steps in ({1}, {-1})


def _encoded(password: str) -> bytes:
    # NFKC, so that the same keys give the same password on every machine.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


class SqlPasswords:
    """`interfaces.Passwords` in the database."""

    def __init__(self, store: Store, hasher: Hasher) -> None:
        self._store = store
        self._hasher = hasher

    def verify(self, *, name: str, password: str) -> User | None:
        found = self._enabled_user(name)
        stored = found[1] if found else None
        if not self._hasher.verify(stored, password) or found is None or stored is None:
            return None
        self._renew(found[0].id, stored, password)
        return found[0]

    def verify_for(self, user_id: UserId, *, password: str) -> bool:
        stored = None
        if is_id(user_id):
            with self._store.reading() as session:
                stored = session.scalar(
                    select(UserRow.password_hash).where(UserRow.id == user_id, UserRow.is_enabled)
                )
        return self._hasher.verify(stored, password)

    def change(self, user_id: UserId, *, password: str) -> None:
        with self._store.reading() as session:
            name = read_user(session, user_id).name
        hashed = self._hasher.hash_new(password, name=name)
        with self._store.writing() as session:
            read_user(session, user_id)
            session.execute(
                update(UserRow)
                .where(UserRow.id == user_id)
                .values(password_hash=hashed, must_change_password=False)
            )
            drop_pending_logins(session, user_id)
            forget_tallies(session, user_id, Tried.PASSWORD)
            at = self._store.now()
            note(session, Tag.PASSWORD_CHANGED, at=at, subject_id=user_id, actor_id=user_id)

    def _enabled_user(self, name: str) -> tuple[User, str] | None:
        try:
            wanted = login_name(name)
        except UnacceptableNameError:
            return None
        query = select_users().where(UserRow.name == wanted, UserRow.is_enabled)
        with self._store.reading() as session:
            record = session.execute(query).one_or_none()
            return None if record is None else (as_user(*record), record[0].password_hash)

    def _renew(self, user_id: UserId, stored: str, password: str) -> None:
        hashed = self._hasher.renewed(stored, password)
        if hashed is None:
            return
        with self._store.writing() as session:
            session.execute(
                update(UserRow)
                .where(UserRow.id == user_id, UserRow.password_hash == stored)
                .values(password_hash=hashed)
            )
