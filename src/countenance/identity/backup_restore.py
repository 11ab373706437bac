"""Restoring a backup: the installation is what it was before, or what the backup says.

SQLite: a new file is built beside the database and takes its place by one rename. PostgreSQL: all
happens in one transaction. An archive of an older version is loaded into the schema it was made
with and brought up to date from there.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Integer, MetaData, Table, func, insert, inspect, select, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import IntegrityError

from countenance.db import Database, DatabaseError, open_database
from countenance.errors import ConfigurationError
from countenance.identity.backup import stored_tables
from countenance.identity.backup_archive import ArchiveReader, Row, reading
from countenance.identity.errors import BackupError, StorageError
from countenance.identity.keys import derive, key_path, read_key, sync_folder, write_draft
from countenance.identity.schema import build, knows
from countenance.settings import Settings

_AT_ONCE: Final = 500
_LOCK_PATIENCE: Final = "5s"
_POINTER: Final = "in-service.json"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored."""

    made_at: str
    """When the backup was made."""
    rows: int
    files: int


def restore_backup(
    path: Path, settings: Settings, *, key_file: Path | None = None, may_replace: bool = False
) -> Restored:
    """Make an installation what it was when a backup was made. Its server must not be running.

    Args:
        path: of the archive.
        settings: of the installation; its home directory exists.
        key_file: of the master key that belongs to the backup; it is put into the home directory.
            None takes the key that is there.
        may_replace: whether an installation with people in it may be replaced.

    Raises:
        BackupError: the archive is unusable, of a newer version, or would replace people.
        ConfigurationError: no master key, or not the one that the backup needs.
        StorageError: database or home directory failed; the database is as before.
    """
    with reading(path) as archive:
        if not knows(archive.manifest.schema):
            raise BackupError(
                f"The backup has schema {archive.manifest.schema}, which this version does not "
                "know.",
                remedy="Install the newer version that made it.",
            )
        master = _key_of(archive, settings, key_file)
        if not may_replace and _has_people(settings):
            raise BackupError(
                "This installation has people; restoring would replace all of them.",
                remedy="Make a backup of it, then add --replace.",
            )
        try:
            rows = _into(settings, archive)
        except DatabaseError as error:
            raise StorageError(error.message, remedy=error.remedy) from error
        except IntegrityError as error:
            raise BackupError(
                f"{path} contradicts itself: a row points to one that is not there.",
                remedy="Take another copy; nothing was changed.",
            ) from error
        if key_file is not None and master is not None:
            _keep_key(key_path(settings.home), master)
        files = _restore_files(settings.home, archive)
        return Restored(made_at=archive.manifest.made_at, rows=rows, files=files)


def _key_of(archive: ArchiveReader, settings: Settings, key_file: Path | None) -> bytes | None:
    """The master key of a key file that fits; None when the settings give one that does."""
    path = key_file or key_path(settings.home)
    if key_file is None and settings.master_key is not None:
        master, where = bytes.fromhex(settings.master_key), "COUNTENANCE_MASTER_KEY"
    elif not path.exists():
        raise ConfigurationError(
            f"There is no master key at {path}; the backup holds none.",
            remedy="Give --key-file with the key that was in use when it was made.",
        )
    else:
        master, where = read_key(path), str(path)
    if not hmac.compare_digest(derive(master).check, archive.manifest.key_check):
        raise ConfigurationError(
            f"{where} is not the master key that was in use when the backup was made.",
            remedy="Give --key-file with the one that was.",
        )
    return None if key_file is None and settings.master_key is not None else master


def _has_people(settings: Settings) -> bool:
    file = _sqlite_file(settings)
    if file is not None and not file.exists():
        return False
    database = open_database(settings.database_url)
    try:
        with database.reading() as session:
            connection = session.connection()
            if not inspect(connection).has_table("users"):
                return False
            users = Table("users", MetaData(), autoload_with=connection)
            return bool(connection.scalar(select(func.count()).select_from(users)))
    except DatabaseError as error:
        raise StorageError(error.message, remedy=error.remedy) from error
    finally:
        database.close()


def _into(settings: Settings, archive: ArchiveReader) -> int:
    file = _sqlite_file(settings)
    if file is None:
        return _into_server(settings.database_url, archive)
    return _into_file(file, archive)


def _sqlite_file(settings: Settings) -> Path | None:
    url = make_url(settings.database_url)
    return Path(url.database) if url.drivername == "sqlite" and url.database else None


def _into_file(file: Path, archive: ArchiveReader) -> int:
    for left in file.parent.glob(f".{file.name}-*.restoring*"):
        left.unlink(missing_ok=True)  # of a restore that was killed
    draft = file.with_name(f".{file.name}-{secrets.token_hex(4)}.restoring")
    try:
        with _opened(f"sqlite:///{draft}") as database, database.connection() as connection:
            rows = _load(connection, archive)
            if wrong := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchone():
                raise BackupError(
                    f"The backup contradicts itself in the table {wrong[0]}.",
                    remedy="Take another copy; nothing was changed.",
                )
        _settle(draft)
        if file.exists():
            _settle(file)
        draft.replace(file)
        sync_folder(file.parent)
    except OSError as error:
        raise StorageError(
            f"The database {file} cannot be written: {error.strerror or error}.",
            remedy="Free space or check its permissions.",
        ) from error
    finally:
        for left in draft.parent.glob(f"{draft.name}*"):
            left.unlink(missing_ok=True)
    return rows


def _settle(file: Path) -> None:
    """Bring everything into the one file and leave no log beside it, which asks to be alone."""
    connection = sqlite3.connect(file, timeout=1.0, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        raise StorageError(
            f"The database {file} is in use.", remedy="Stop the server and try again."
        ) from error
    except sqlite3.DatabaseError:
        return  # what lies there is no database any more; it is what the backup is for
    finally:
        connection.close()
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _into_server(url: str, archive: ArchiveReader) -> int:
    with _opened(url) as database, database.connection() as connection:
        connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_PATIENCE}'"))
        present = MetaData()
        present.reflect(connection)
        present.drop_all(connection)
        rows = _load(connection, archive)
        _restart_sequences(connection)
        return rows


@contextlib.contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = open_database(url)
    try:
        yield database
    finally:
        database.close()


def _load(connection: Connection, archive: ArchiveReader) -> int:
    """Fill an empty database; returns how many rows."""
    build(connection, archive.manifest.schema)
    tables = {table.name: table for table in stored_tables(connection)}
    if unknown := sorted(set(archive.manifest.tables) - set(tables)):
        raise BackupError(
            f"The backup has a table {unknown[0]} that its schema does not know.",
            remedy="Take another copy; nothing was changed.",
        )
    for table in reversed(tables.values()):
        connection.execute(table.delete())  # what the migrations themselves put in
    rows = 0
    for name, table in tables.items():
        if name in archive.manifest.tables:
            for batch in _batches(archive.rows(name)):
                connection.execute(insert(table), [_fitting(connection, row) for row in batch])
                rows += len(batch)
    build(connection, "head")
    return rows


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while batch := list(islice(left, _AT_ONCE)):
        yield batch


def _fitting(connection: Connection, row: Row) -> Row:
    """SQLite keeps no time zone."""
    if connection.dialect.name != "sqlite":
        return row
    return {name: _naive(value) for name, value in row.items()}


def _naive(value: Any) -> Any:
    is_time = isinstance(value, datetime) and value.tzinfo is not None
    return value.astimezone(UTC).replace(tzinfo=None) if is_time else value


def _restart_sequences(connection: Connection) -> None:
    """Let PostgreSQL's counters go on after the highest number that was loaded."""
    for table in stored_tables(connection):
        for column in table.primary_key.columns:
            if not isinstance(column.type, Integer):
                continue
            sequence = connection.scalar(
                text("SELECT pg_get_serial_sequence(:t, :c)"), {"t": table.name, "c": column.name}
            )
            highest = connection.scalar(select(func.max(column)))
            if sequence and highest:
                connection.execute(text("SELECT setval(:s, :n)"), {"s": sequence, "n": highest})


def _keep_key(path: Path, master: bytes) -> None:
    try:
        write_draft(path, master).replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise StorageError(
            f"The key file {path} cannot be written: {error.strerror or error}.",
            remedy="Free space, then copy the key there by hand.",
        ) from error


def _restore_files(home: Path, archive: ArchiveReader) -> int:
    """Write files one by one, what points to others last; returns how many."""
    names = sorted(archive.manifest.files, key=lambda name: (name.endswith(_POINTER), name))
    for name in names:
        target = home / name
        draft = target.with_name(f".{target.name}-{secrets.token_hex(4)}.part")
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                archive.copy_file(name, file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        except OSError as error:
            raise StorageError(
                f"The database is restored, the file {target} is not: {error.strerror or error}.",
                remedy="Free space and restore again with --replace.",
            ) from error
        finally:
            draft.unlink(missing_ok=True)
    return len(names)
