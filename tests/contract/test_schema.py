"""Migrations and starts: what holds on every database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from countenance.db import Base, Database, DatabaseError, open_database
from countenance.errors import ConfigurationError
from countenance.identity.interfaces import User
from countenance.identity.schema import upgrade
from countenance.identity.services import Identity
from tests.contract.conftest import new_database
from tests.contract.support import PASSWORD, all_rows, execute, outcomes


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database, of each kind in turn: here migrations are what is tested."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'countenance.db'}"
        return
    with new_database(request.getfixturevalue("postgresql_server")) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url)
    yield database
    database.close()


def test_an_empty_database_gets_exactly_the_tables_of_the_models(database: Database) -> None:
    upgrade(database)
    with database.connection() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Base.metadata) == []
        names = set(inspect(connection).get_table_names())
    assert names == {*Base.metadata.tables, "alembic_version"}


def test_foreign_keys_and_names_are_those_of_the_models(database: Database) -> None:
    upgrade(database)
    with database.connection() as connection:
        inspector = inspect(connection)
        for table in Base.metadata.tables.values():
            found = {
                (key["name"], key["options"].get("ondelete"))
                for key in inspector.get_foreign_keys(table.name)
            }
            assert found == {
                (constraint.name, constraint.ondelete)
                for constraint in table.foreign_key_constraints
            }


def test_a_second_upgrade_changes_nothing(
    database: Database, database_url: str, identity: Identity, admin: User
) -> None:
    before = all_rows(database_url)
    upgrade(database)
    assert all_rows(database_url) == before
    assert identity.users.get(admin.id) == admin


def test_a_database_of_a_newer_version_is_left_alone(
    identity: Identity, admin: User, open_another: Callable[..., Identity], database_url: str
) -> None:
    execute(database_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match=r"9999.*newer version"):
        open_another()
    assert identity.users.get(admin.id) == admin


def test_a_failed_migration_leaves_the_schema_as_it_was(
    database: Database, database_url: str
) -> None:
    # A table in the way of the migration: it fails after it has made others.
    with database.connection() as connection:
        connection.exec_driver_sql("CREATE TABLE tickets (mine INTEGER)")
    with pytest.raises(DatabaseError, match="failed"):
        upgrade(database)
    with database.connection() as connection:
        assert inspect(connection).get_table_names() == ["tickets"]
    execute(database_url, "DROP TABLE tickets")
    upgrade(database)


def test_first_starts_that_race_agree_on_schema_and_key(
    open_another: Callable[..., Identity],
) -> None:
    nodes, refused = outcomes(lambda _: open_another(), range(5), error=LookupError)
    assert refused == 0
    user = nodes[0].users.set_up(name="ada", display_name="", password=PASSWORD)
    code = nodes[0].login_codes.issue(user.id, actor=None)
    assert nodes[4].login_codes.redeem(user.id, code)
