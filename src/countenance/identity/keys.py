"""The master key, and the keys derived from it.

The key lives outside the database: in `<home>/keys/master.key` or in COUNTENANCE_MASTER_KEY.
The database keeps a check value of it, so that a lost or foreign key is noticed at the start.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.exc import IntegrityError

from countenance.errors import ConfigurationError
from countenance.identity.errors import StorageError
from countenance.identity.models import InstallationRow
from countenance.identity.store import Store

KEY_BYTES: Final = 32
CHECK_NAME: Final = "master-key-check"
_LOST: Final = (
    "Put back the key that belongs to this database (keys/master.key of the home directory, or"
    " COUNTENANCE_MASTER_KEY); if it is lost, see docs/explanation/storage-and-keys.md."
)


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys for one use each (HKDF-SHA-256, RFC 5869)."""

    wrapping: bytes = field(repr=False)
    """Wraps the data keys of templates."""
    login_codes: bytes = field(repr=False)
    """Hashes one-time login codes, which are too short for a plain hash."""
    authenticator_apps: bytes = field(repr=False)
    """Encrypts the secrets of authenticator apps."""
    recovery_codes: bytes = field(repr=False)
    """Hashes recovery codes."""
    check: str
    """Tells whether two master keys are the same; reveals nothing else."""


def open_keys(store: Store, *, home: Path, configured: str | None) -> Keys:
    """Take the master key of this installation; make one only for a database that has none.

    Args:
        home: made by the caller.
        configured: 64 hex digits, or None to use the key file.

    Raises:
        ConfigurationError: the key is missing, malformed or not the one of this database.
        StorageError: database or key file cannot be read or written.
    """
    expected = _stored_check(store)
    keys = derive(_master_key(home / "keys" / "master.key", configured, may_make=not expected))
    if expected is None:
        expected = _store_check(store, keys.check)
    if not hmac.compare_digest(expected, keys.check):
        raise ConfigurationError(
            "The master key is not the one that this database was made with.", remedy=_LOST
        )
    return keys


def derive(master: bytes) -> Keys:
    """The keys of a master key of 32 bytes."""
    return Keys(
        wrapping=_expand(master, b"countenance/template-wrapping/1"),
        login_codes=_expand(master, b"countenance/login-codes/1"),
        authenticator_apps=_expand(master, b"countenance/authenticator-apps/1"),
        recovery_codes=_expand(master, b"countenance/recovery-codes/1"),
        check=_expand(master, b"countenance/key-check/1").hex(),
    )


def _expand(master: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=use).derive(master)


def _stored_check(store: Store) -> str | None:
    with store.reading() as session:
        row = session.get(InstallationRow, CHECK_NAME)
        return None if row is None else row.value


def _store_check(store: Store, check: str) -> str:
    with store.writing() as session:
        with contextlib.suppress(IntegrityError), session.begin_nested():  # another start was first
            session.add(InstallationRow(name=CHECK_NAME, value=check))
        row = session.get_one(InstallationRow, CHECK_NAME)
        return row.value


def _master_key(path: Path, configured: str | None, *, may_make: bool) -> bytes:
    if configured is not None:
        return _parse(configured, source="COUNTENANCE_MASTER_KEY")
    try:
        if not path.exists():
            if not may_make:
                raise ConfigurationError(f"The master key {path} is missing.", remedy=_LOST)
            _make(path)
        return _parse(path.read_text(encoding="ascii"), source=str(path))
    except OSError as error:
        raise StorageError(
            f"The key file {path} cannot be used: {error.strerror or error}.",
            remedy="Free space or give the server's user access to the home directory.",
        ) from error
    except UnicodeDecodeError:
        raise _malformed(str(path)) from None


def _make(path: Path) -> None:
    """Write a new key whole or not at all; when two starts race, the first one's stays."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f".master-{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows has no descriptor of a folder
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parse(text: str, *, source: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        raise _malformed(source) from None
    if len(key) != KEY_BYTES:
        raise _malformed(source)
    return key


def _malformed(source: str) -> ConfigurationError:
    return ConfigurationError(
        f"{source} is not a master key.", remedy="It has to hold 64 hex digits; restore it."
    )
