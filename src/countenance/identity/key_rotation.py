"""Replacing the master key, so that whoever learned the old one learns nothing that comes after.

One transaction takes the new key: data keys are wrapped anew, secrets of authenticator apps are
encrypted anew, the manifest of the models is sealed anew, the keys of hashes are carried over
(`keys`), the check value becomes that of the new key. A new key file is written whole before that
and moved into place after; a start that finds the two steps apart finishes them
(`keys.open_keys`).

Templates keep their data keys. Whoever has an old copy of the database and the old master key has
the faces in it, as before; a rotation does not unlearn them.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from countenance.clock import Clock
from countenance.db import DatabaseError, open_database
from countenance.errors import ConfigurationError
from countenance.events import Tag
from countenance.identity.audit import note
from countenance.identity.audit_trail import open_trail
from countenance.identity.authenticator_apps import reseal_secrets
from countenance.identity.errors import StorageError
from countenance.identity.keys import (
    CARRIED_PREFIX,
    CHECK_NAME,
    KEY_BYTES,
    Keys,
    carried_uses,
    derive,
    key_path,
    next_key_path,
    open_keys,
    read_key,
    sync_folder,
    wrap_carried,
    write_draft,
)
from countenance.identity.model_manifest import reseal_manifest
from countenance.identity.models import InstallationRow
from countenance.identity.schema import upgrade
from countenance.identity.store import Store
from countenance.identity.template_vault import rewrap_data_keys
from countenance.settings import Settings


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did."""

    templates: int
    """Templates whose data key is wrapped by the new master key."""
    secrets: int
    """Secrets of authenticator apps that were encrypted anew."""
    unreadable: int
    """Templates and secrets that could not be opened before either; they stay as they are."""
    key_file: Path
    """Where the new master key lies."""


def rotate_keys(settings: Settings, *, clock: Clock, new_key_file: Path | None = None) -> Rotation:
    """Replace the master key of an installation.

    Args:
        settings: its home directory exists.
        clock: dates the row of the audit trail.
        new_key_file: of the new key; made when there is none yet. None replaces the key file of
            the home directory; needed where the settings give the key.

    Raises:
        ConfigurationError: the settings give the key and no file for the new one, the present key
            is not the right one, or the new one is the present one.
        StorageError: database or key file cannot be read or written; then the old key holds.
    """
    if settings.master_key is not None and new_key_file is None:
        raise ConfigurationError(
            "The master key comes from the settings, which this command cannot change.",
            remedy="Give --new-key-file, and name that file in COUNTENANCE_MASTER_KEY_FILE after.",
        )
    database = open_database(settings.database_url)
    try:
        upgrade(database)
        store = Store(database, clock)
        old = open_keys(store, home=settings.home, configured=settings.master_key)
        open_trail(store, old.audit)
        return _rotate(store, old, home=settings.home, given=new_key_file)
    except DatabaseError as error:
        raise StorageError(error.message, remedy=error.remedy) from error
    finally:
        database.close()


def _rotate(store: Store, old: Keys, *, home: Path, given: Path | None) -> Rotation:
    path = given or key_path(home)
    waiting = path if given else next_key_path(path)
    new = derive(_new_master(waiting, may_exist=given is not None))
    if hmac.compare_digest(old.check, new.check):
        raise ConfigurationError(
            f"{path} holds the present master key.", remedy="Name a file that is not there yet."
        )
    with store.writing() as session:
        counts = _take(session, store, old, new)
    store.scrub()
    if given is None:
        _move(waiting, path)
    return Rotation(*counts, key_file=path)


def _new_master(path: Path, *, may_exist: bool) -> bytes:
    """A new key, in its file for good before the database hears of it."""
    if may_exist and path.exists():
        return read_key(path)
    master = secrets.token_bytes(KEY_BYTES)
    try:
        _move(write_draft(path, master), path)
    except OSError as error:
        raise _unwritable(path, error) from error
    return master


def _move(source: Path, target: Path) -> None:
    try:
        source.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise _unwritable(target, error) from error


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The key file {path} cannot be written: {error.strerror or error}.",
        remedy="Free space or give the server's user access to its folder.",
    )


def _take(session: DbSession, store: Store, old: Keys, new: Keys) -> tuple[int, int, int]:
    """Everything that one transaction changes; returns templates, secrets, unreadable ones."""
    check = session.scalars(
        select(InstallationRow).where(InstallationRow.name == CHECK_NAME).with_for_update()
    ).one()
    if not hmac.compare_digest(check.value, old.check):
        raise ConfigurationError(
            "Somebody else replaced the master key meanwhile.", remedy="Nothing was changed here."
        )
    templates, lost = rewrap_data_keys(session, old_key=old.wrapping, new_key=new.wrapping)
    apps, lost_apps = reseal_secrets(
        session, old_key=old.authenticator_apps, new_key=new.authenticator_apps
    )
    reseal_manifest(session, old_key=old.models, new_key=new.models)
    for use in carried_uses():
        value = wrap_carried(new, use, getattr(old, use))
        session.merge(InstallationRow(name=CARRIED_PREFIX + use, value=value))
    check.value = new.check
    details = {
        "templates": str(templates),
        "secrets": str(apps),
        "unreadable": str(lost + lost_apps),
    }
    note(session, Tag.KEYS_ROTATED, at=store.now(), details=details)
    return templates, apps, lost + lost_apps
