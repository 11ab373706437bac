"""Backups: everything of an installation but its master key, in one file, from a running server.

Rows are read in one transaction, so that they belong together. They go through SQLAlchemy, not
through a database's own dump: a backup of SQLite restores to PostgreSQL and the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alembic.migration import MigrationContext
from sqlalchemy import MetaData, Table, select
from sqlalchemy.engine import Connection

from countenance import __version__
from countenance.clock import Clock
from countenance.db import DatabaseError, open_database
from countenance.errors import ConfigurationError
from countenance.identity.backup_archive import FORMAT, Manifest, writing
from countenance.identity.errors import StorageError
from countenance.identity.keys import CHECK_NAME
from countenance.settings import Settings

ALEMBIC_TABLE: Final = "alembic_version"
DETECTORS: Final = "models/pad"
"""Promoted detectors; packs are installed again, prepared models made again."""
LAB: Final = "lab"
"""Presentations collected for training: pictures of faces, in clear."""
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Made:
    """What a backup holds."""

    rows: int
    files: int
    size: int
    """Of the archive, bytes."""


def make_backup(path: Path, settings: Settings, *, clock: Clock, with_lab: bool = False) -> Made:
    """Write a backup; a server may be running.

    Args:
        path: of the archive; an existing file is replaced once the new one is whole.
        settings: of an installation whose schema is up to date.
        clock: dates the archive.
        with_lab: whether the lab's pictures go in.

    Raises:
        ConfigurationError: there is no such database.
        StorageError: database or archive failed; no file of that name was touched.
    """
    database = open_database(settings.database_url)
    try:
        with database.snapshot() as connection, writing(path) as archive:
            schema = MigrationContext.configure(connection).get_current_revision()
            if schema is None:
                raise ConfigurationError(
                    "This installation has no database yet.", remedy="Start it once before."
                )
            rows = sum(
                archive.add_table(table.name, _rows(connection, table))
                for table in stored_tables(connection)
            )
            files = home_files(settings.home, with_lab=with_lab)
            for name, file in files.items():
                archive.add_file(name, file)
            archive.finish(
                Manifest(
                    format=FORMAT,
                    version=__version__,
                    made_at=clock.now().isoformat(timespec="seconds"),
                    schema=schema,
                    key_check=_key_check(connection),
                    members=archive.members,
                )
            )
        return Made(rows=rows, files=len(files), size=path.stat().st_size)
    except DatabaseError as error:
        raise StorageError(error.message, remedy=error.remedy) from error
    finally:
        database.close()


def stored_tables(connection: Connection) -> list[Table]:
    """Every table as the database describes it, those that others point to first."""
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != ALEMBIC_TABLE]


def home_files(home: Path, *, with_lab: bool) -> dict[str, Path]:
    """Files of the home directory that a backup takes, by their path below it."""
    folders = (DETECTORS, LAB) if with_lab else (DETECTORS,)
    found = {
        path.relative_to(home).as_posix(): path
        for folder in folders
        for path in sorted((home / folder).rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
    # Drafts of whoever is writing now.
    return {
        name: path
        for name, path in found.items()
        if not any(part.startswith(".") for part in Path(name).parts)
    }


def _rows(connection: Connection, table: Table) -> Iterator[Mapping[str, Any]]:
    query = select(table).order_by(*table.primary_key.columns)
    for row in connection.execute(query, execution_options={"yield_per": _AT_ONCE}).mappings():
        yield dict(row)


def _key_check(connection: Connection) -> str:
    table = Table("installation", MetaData(), autoload_with=connection)
    value = connection.scalar(select(table.c.value).where(table.c.name == CHECK_NAME))
    return str(value or "")
