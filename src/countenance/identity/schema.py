"""The schema of the database: which version it has, and how it is brought to this code's."""

from __future__ import annotations

from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection

from countenance.db import Database
from countenance.errors import ConfigurationError

SCRIPTS: Final = "countenance.identity:migrations"
_LOCK: Final = 0x636F756E  # "coun"; any number that no other program takes on this database


def upgrade(database: Database) -> None:
    """Bring the schema to this code's version; starts that race wait for one another.

    All migrations run in one transaction: a failed one leaves the schema as it was.

    Raises:
        ConfigurationError: a newer version of the product has used this database.
        DatabaseError: it cannot be reached or written.
    """
    config = _config()
    scripts = ScriptDirectory.from_config(config)
    with database.reading() as session:
        if _is_current(session.connection(), scripts):
            return  # also lets a read-only database open
    with database.connection() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def build(connection: Connection, revision: str) -> None:
    """Bring the schema that a writing transaction sees to a revision; `head` is this code's."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def knows(revision: str) -> bool:
    """Whether this code has a schema of that name."""
    scripts = ScriptDirectory.from_config(_config())
    return revision in {script.revision for script in scripts.walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    return config


def _is_current(connection: Connection, scripts: ScriptDirectory) -> bool:
    present = MigrationContext.configure(connection).get_current_revision()
    if present is not None and present not in {s.revision for s in scripts.walk_revisions()}:
        raise ConfigurationError(
            f"The database has schema {present}, which this version does not know.",
            remedy="Install the newer version that made it, or restore the backup from before.",
        )
    return present == scripts.get_current_head()
