"""The master key, and the keys derived from it.

The key lives outside the database: in `<home>/keys/master.key` or in COUNTENANCE_MASTER_KEY.
The database keeps a check value of it, so that a lost or foreign key is noticed at the start.

`key_rotation` replaces the master key. What was encrypted is then encrypted anew; what was hashed
cannot be, so the keys of hashes are carried over: the database keeps them, wrapped by the new
master key.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as DbSession

from countenance.errors import ConfigurationError
from countenance.identity.errors import StorageError
from countenance.identity.models import InstallationRow
from countenance.identity.store import Store

KEY_BYTES: Final = 32
CHECK_NAME: Final = "master-key-check"
CARRIED_PREFIX: Final = "carried-key:"
"""Before the use of a carried key, as the name of its row."""
RESEALED: Final = ("wrapping", "authenticator_apps", "models")
"""What a rotation encrypts or seals anew; the keys of all other uses are carried over."""
NONCE_BYTES: Final = 12
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
    carrying: bytes = field(repr=False)
    """Wraps keys that outlived the master key which they were derived from."""
    audit: bytes = field(repr=False)
    """Seals the chain of the audit trail; outlives a rotation, or all earlier rows would break."""
    names: bytes = field(repr=False)
    """Digests names that were typed and that nobody has."""
    seen_frames: bytes = field(repr=False)
    """Digests frames that were sent."""
    models: bytes = field(repr=False)
    """Seals the manifest of the models and the graphs that were prepared."""
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
    path = key_path(home)
    keys = derive(_master_key(path, configured, may_make=not expected))
    if expected is None:
        expected = _store_check(store, keys.check)
    if not hmac.compare_digest(expected, keys.check):
        keys = _finish_rotation(path, configured, expected=expected)
    return _with_carried(store, keys)


def key_path(home: Path) -> Path:
    """Where the master key of an installation lies, unless its settings give one."""
    return home / "keys" / "master.key"


def next_key_path(path: Path) -> Path:
    """Where a rotation keeps the new key until the database has taken it."""
    return path.with_name(f"{path.name}.next")


def carried_uses() -> tuple[str, ...]:
    """The uses whose keys a rotation carries over."""
    apart = (*RESEALED, "carrying", "check")
    return tuple(entry.name for entry in fields(Keys) if entry.name not in apart)


def is_current_key(session: DbSession, keys: Keys) -> bool:
    """Whether these are the keys that the database goes by."""
    stored = session.scalar(select(InstallationRow.value).where(InstallationRow.name == CHECK_NAME))
    return stored is not None and hmac.compare_digest(stored, keys.check)


def check_current(session: DbSession, keys: Keys) -> None:
    """Make sure that what is encrypted now can be read tomorrow.

    Raises: StorageError: the master key was replaced since this process opened it.
    """
    if not is_current_key(session, keys):
        raise StorageError(
            "The master key was replaced while this server was running.",
            remedy="Restart the server; it then uses the new key.",
        )


def _finish_rotation(path: Path, configured: str | None, *, expected: str) -> Keys:
    """Take the key of a rotation that was cut off after the database had it."""
    following = next_key_path(path)
    if configured is None and following.exists():
        keys = derive(_master_key(following, None, may_make=False))
        if hmac.compare_digest(expected, keys.check):
            following.replace(path)
            sync_folder(path.parent)
            return keys
    raise ConfigurationError(
        "The master key is not the one that this database was made with.", remedy=_LOST
    )


def wrap_carried(keys: Keys, use: str, key: bytes) -> str:
    """A key of another master key, wrapped for its row."""
    nonce = os.urandom(NONCE_BYTES)
    return (nonce + AESGCM(keys.carrying).encrypt(nonce, key, _carried(use))).hex()


def _with_carried(store: Store, keys: Keys) -> Keys:
    with store.reading() as session:
        rows = session.scalars(
            select(InstallationRow).where(InstallationRow.name.startswith(CARRIED_PREFIX))
        ).all()
    known = {row.name.removeprefix(CARRIED_PREFIX): row.value for row in rows}
    carried: dict[str, Any] = {
        use: _unwrap(keys, use, known[use]) for use in carried_uses() if use in known
    }
    return replace(keys, **carried)


def _unwrap(keys: Keys, use: str, text: str) -> bytes:
    try:
        sealed = bytes.fromhex(text)
        return AESGCM(keys.carrying).decrypt(
            sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _carried(use)
        )
    except (ValueError, InvalidTag) as error:
        raise ConfigurationError(
            f"The stored key for {use} has been altered.",
            remedy="Restore the table 'installation' from a backup.",
        ) from error


def _carried(use: str) -> bytes:
    return b"countenance/carried-key/1:" + use.encode()


def derive(master: bytes) -> Keys:
    """The keys of a master key of 32 bytes."""
    return Keys(
        wrapping=_expand(master, b"countenance/template-wrapping/1"),
        login_codes=_expand(master, b"countenance/login-codes/1"),
        authenticator_apps=_expand(master, b"countenance/authenticator-apps/1"),
        recovery_codes=_expand(master, b"countenance/recovery-codes/1"),
        carrying=_expand(master, b"countenance/carrying/1"),
        audit=_expand(master, b"countenance/audit-chain/1"),
        names=_expand(master, b"countenance/typed-names/1"),
        seen_frames=_expand(master, b"countenance/seen-frames/1"),
        models=_expand(master, b"countenance/models/1"),
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
    draft = write_draft(path, secrets.token_bytes(KEY_BYTES))
    try:
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_draft(path: Path, master: bytes) -> Path:
    """Write a master key beside the path that it is meant for, for its owner only.

    Returns: where it lies; whoever moves it into place calls `sync_folder` afterwards.
    Raises: OSError: it cannot be written; then nothing is left behind.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".master-{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(master.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft


def read_key(path: Path) -> bytes:
    """The master key in a file. Raises: ConfigurationError, StorageError."""
    return _master_key(path, None, may_make=False)


def sync_folder(folder: Path) -> None:
    """Make what was moved within a folder survive a power cut."""
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
