"""A database that is away or refuses to write: told with a remedy, fail closed, nothing lost."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from countenance.biometrics.templates import Template
from countenance.clock import ManualClock
from countenance.events import Tag
from countenance.identity.errors import StorageError
from countenance.identity.interfaces import Purpose
from countenance.identity.services import Identity, open_identity
from countenance.settings import Settings
from tests.contract.conftest import CHEAP
from tests.contract.support import PASSWORD, all_rows


def test_a_server_that_is_away_stops_the_start(tmp_path: Path, clock: ManualClock) -> None:
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        port = nobody_listens.getsockname()[1]
        url = f"postgresql://ada:secret-word@127.0.0.1:{port}/none"
        settings = Settings(home=tmp_path, database_url=url)
        with pytest.raises(StorageError, match="Start the database server") as caught:
            open_identity(settings, clock=clock, argon2=CHEAP)
    assert "secret-word" not in str(caught.value)
    assert not (tmp_path / "keys").exists()


def test_a_database_that_is_not_there_is_told(
    postgresql_server: str, tmp_path: Path, clock: ManualClock
) -> None:
    url = postgresql_server.rpartition("/")[0] + "/nowhere"
    with pytest.raises(StorageError, match="mend address, user, password or name"):
        open_identity(Settings(home=tmp_path, database_url=url), clock=clock, argon2=CHEAP)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_drops_its_connections_is_met_again(
    postgresql_server: str, identity: Identity
) -> None:
    ada = identity.users.set_up(name="ada", display_name="", password=PASSWORD)
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    assert identity.users.get(ada.id) == ada


def test_a_database_that_cannot_be_written_loses_nothing(
    identity: Identity, settings: Settings, clock: ManualClock, template: Template
) -> None:
    ada = identity.users.set_up(name="ada", display_name="", password=PASSWORD)
    identity.vault.store(ada.id, template, actor=None)
    token = identity.sessions.begin(ada.id, methods=("pwd",), address="")
    before = all_rows(settings.database_url)
    clock.advance(120)

    with _read_only(settings, clock) as frozen:
        for act in (
            lambda: frozen.vault.erase(ada.id, actor=None),
            lambda: frozen.vault.store(ada.id, template, actor=None),
            lambda: frozen.sessions.begin(ada.id, methods=("pwd",), address=""),
            lambda: frozen.sessions.find(token),  # would be noted as seen
            lambda: frozen.transactions.begin(
                Purpose.LOGIN, user_id=ada.id, actor_id=None, address=""
            ),
            lambda: frozen.login_codes.redeem(ada.id, "AAAAA-AAAAA"),
            lambda: frozen.users.remove(ada.id, actor=None),
            lambda: frozen.audit.append(Tag.LOGIN_GRANTED, subject_id=ada.id),
        ):
            with pytest.raises(StorageError, match="read-only") as caught:
                act()
            assert caught.value.remedy
        assert frozen.users.get(ada.id).face is not None
        assert frozen.passwords.verify(name="ada", password=PASSWORD) is not None
    assert all_rows(settings.database_url) == before


@contextlib.contextmanager
def _read_only(settings: Settings, clock: ManualClock) -> Iterator[Identity]:
    """The installation opened on a database that takes no writes."""
    url = make_url(settings.database_url)
    if url.drivername == "sqlite":
        # The permission bits of the file do not bind root; SQLite's own mode binds everybody.
        url = url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})
    else:
        url = url.set(query={"options": "-c default_transaction_read_only=on"})
    text = url.render_as_string(hide_password=False)
    identity = open_identity(replace(settings, database_url=text), clock=clock, argon2=CHEAP)
    yield identity
    identity.close()
