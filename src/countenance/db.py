"""SQLAlchemy for SQLite and PostgreSQL: engine, transactions, the declarative base.

Knows no table. A driver's error leaves here as `DatabaseError`, which says what to do;
`identity` hands it on as `StorageError`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final

from sqlalchemy import DateTime, Dialect, Engine, MetaData, create_engine, event, exc
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

from countenance.errors import ConfigurationError, CountenanceError

BUSY_TIMEOUT_S: Final = 15.0
"""How long a SQLite writer waits for another one, seconds."""
_SCRUB_PATIENCE_MS: Final = 250
_RETRY_S: Final = 0.01
"""Between two tries at what SQLite refuses without waiting, seconds."""
POSTGRESQL_DRIVER: Final = "postgresql+psycopg"
_WRITE_AHEAD: Final = "PRAGMA journal_mode = WAL"
SQLITE_PRAGMAS: Final = (
    # FULL: a committed audit row or erasure survives a power cut.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # Freed pages are overwritten with zeros, so that an erased template leaves the file.
    "PRAGMA secure_delete = ON",
)


class DatabaseError(CountenanceError):
    """The database is away, read-only, full, locked or damaged."""

    code: ClassVar[str] = "database"


class Base(DeclarativeBase):
    """Parent of all tables; constraints are named so that migrations can name them too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC on both databases (SQLite keeps no time zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time is aware")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """An engine and the two kinds of transaction on it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        # A deferred SQLite transaction that turns from reading to writing fails at once when
        # another writer was faster; one that begins as a writer waits for its turn.
        writer = engine.execution_options(begin="BEGIN IMMEDIATE")
        self._writing = sessionmaker(writer, expire_on_commit=False)
        self._reading = sessionmaker(engine, expire_on_commit=False)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Session]:
        """A transaction that may write; commits at the end, rolls back on an error.

        Raises: DatabaseError: the database cannot be reached or written; nothing was changed.
        """
        with _told(), self._writing.begin() as session:
            yield session

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads, and so never waits for a writer.

        Raises: DatabaseError: the database cannot be reached.
        """
        with _told(), self._reading() as session:
            yield session

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A transaction that reads everything as it was at one moment, for backups.

        Raises: DatabaseError.
        """
        engine = self.engine
        if engine.dialect.name == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with _told(), engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def connection(self) -> Iterator[Connection]:
        """A writing transaction without the mapper, for migrations.

        Raises: DatabaseError.
        """
        with _told(), self.engine.execution_options(begin="BEGIN IMMEDIATE").begin() as connection:
            yield connection

    def scrub(self) -> None:
        """Empty SQLite's write-ahead log, which may still hold what was just erased.

        Best effort: a reader in the way leaves it to the next checkpoint.
        """
        if self.engine.dialect.name != "sqlite":
            return
        with _told(), self.engine.connect() as connection:
            idle = connection.execution_options(begin="")  # no checkpoint inside a transaction
            idle.exec_driver_sql(f"PRAGMA busy_timeout = {_SCRUB_PATIENCE_MS}")
            idle.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            idle.exec_driver_sql(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")

    def close(self) -> None:
        """Close all idle connections."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Make the engine; nothing is connected yet.

    Args:
        url: `sqlite:///path` or `postgresql://user:password@host/name`.

    Raises: ConfigurationError: the URL is wrong, names another database, or lacks its driver.
    """
    parsed = _parsed(url)
    try:
        engine = create_engine(parsed, **_options(parsed))
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"The database driver {error.name} is not installed.",
            remedy="Install it, in the project's folder: tools/bootstrap postgres",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine, "do_connect", _create_private)
    return Database(engine)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        raise ConfigurationError(
            "The database URL cannot be understood.",  # not repeated: it may hold a password
            remedy="Give COUNTENANCE_DATABASE_URL as sqlite:///path or postgresql://user@host/name.",
        ) from None
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername=POSTGRESQL_DRIVER)
    if parsed.drivername == POSTGRESQL_DRIVER or _is_sqlite_file(parsed):
        return parsed
    raise ConfigurationError(
        f"The database {parsed.drivername!r} is not supported, or is not a file.",
        remedy="Give COUNTENANCE_DATABASE_URL as sqlite:///path or postgresql://user@host/name.",
    )


def _is_sqlite_file(url: URL) -> bool:
    return url.drivername == "sqlite" and url.database not in (None, "", ":memory:")


def _options(url: URL) -> dict[str, Any]:
    # Parameters hold hashes and names: they stay out of error messages and logs.
    options: dict[str, Any] = {"hide_parameters": True, "pool_timeout": 10}
    if url.drivername == "sqlite":
        return options | {"connect_args": {"timeout": BUSY_TIMEOUT_S}}
    return options | {
        "pool_pre_ping": True,
        "isolation_level": "READ COMMITTED",  # row locks decide the races; see the services
        # A database in SQL_ASCII would hand out bytes.
        "connect_args": {"connect_timeout": 5, "client_encoding": "utf8"},
    }


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin in `_begin_sqlite`, not in the driver
    cursor = connection.cursor()
    try:
        _write_ahead(cursor)
        for pragma in SQLITE_PRAGMAS:
            cursor.execute(pragma)
    finally:
        cursor.close()


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Switch to the write-ahead log; waits for others as every other statement does.

    A new file is changed by this, in a read transaction that becomes a writing one. Such a step
    never waits in SQLite: of several first starts all but one would fail at once. (Nor may it wait
    there, for two that hold the file as readers would wait for each other; here nothing is held.)

    Raises: sqlite3.OperationalError: busy for `BUSY_TIMEOUT_S`, or anything else is wrong.
    Source: https://www.sqlite.org/c3ref/busy_handler.html
    """
    until_s = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            cursor.execute(_WRITE_AHEAD)
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY  # or one of its kinds
            if not is_busy or time.monotonic() >= until_s:
                raise
            time.sleep(_RETRY_S)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    statement = connection.get_execution_options().get("begin", "BEGIN")
    if statement:
        connection.exec_driver_sql(statement)


def _create_private(_dialect: Dialect, _record: object, args: list[Any], _options: object) -> None:
    """Make a new SQLite file readable by its owner alone; its log inherits that."""
    if str(args[0]).startswith("file:"):
        return  # a URI names more than a path
    with contextlib.suppress(OSError):  # the driver tells what is wrong, in its own words
        os.close(os.open(Path(args[0]), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn what a driver raises into a sentence with a remedy; conflicts pass through."""
    try:
        yield
    except exc.IntegrityError:
        raise
    except (exc.DBAPIError, exc.TimeoutError) as error:
        cause = error.orig if isinstance(error, exc.DBAPIError) else error
        raise _explained(cause) from error


_SQLITE: Final = (
    ("readonly", "is read-only", "Give the server's user write access to the file and folder."),
    ("is full", "cannot grow", "Free space on the disk of the home directory."),
    ("disk i/o", "cannot be read or written", "Check free space and health of its disk."),
    ("unable to open", "cannot be opened", "Check that its folder exists and may be written."),
    ("locked", "is held by another process", "Try again; stop other programs that use the file."),
    ("malformed", "is damaged", "Restore it from a backup."),
    ("not a database", "is no SQLite database", "Restore it from a backup or set another path."),
)
_SERVER: Final = (
    "Start the database server, or mend address, user, password or name in"
    " COUNTENANCE_DATABASE_URL."
)
_POSTGRESQL: Final = (
    ("53100", "has no space left", "Free space on the database server."),
    ("53", "is short of resources", "Try again; check connections and memory of the server."),
    ("25006", "is read-only", "Point COUNTENANCE_DATABASE_URL to the primary server."),
    ("42501", "denies the access", "Grant the user its tables."),
    ("40", "was too busy", "Try again."),
    ("08", "cannot be reached or refuses the login", _SERVER),
    ("57P", "cannot be reached or refuses the login", _SERVER),
    ("none", "cannot be reached or refuses the login", _SERVER),
)


def _explained(cause: BaseException | None) -> DatabaseError:
    if type(cause).__module__.startswith("sqlite3"):
        what = str(cause).lower()
        found = next((row for row in _SQLITE if row[0] in what), None)
    else:
        # Without a state there was no server to give one. The text may hold values: it stays out.
        what = getattr(cause, "sqlstate", None) or "none"
        found = next((row for row in _POSTGRESQL if what.startswith(row[0])), None)
    if found is None:
        return DatabaseError(
            f"The database failed ({what}).", remedy="See docs/explanation/storage-and-keys.md."
        )
    return DatabaseError(f"The database {found[1]}.", remedy=found[2])
