"""What only SQLite has: a file that may be full, unwritable, damaged, or stolen."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import argon2
import numpy as np
import pytest
from sqlalchemy import text

from countenance.biometrics.templates import Template
from countenance.clock import ManualClock
from countenance.db import DatabaseError, UtcDateTime, open_database
from countenance.errors import ConfigurationError
from countenance.events import Tag
from countenance.identity.errors import StorageError
from countenance.identity.services import Identity, open_identity
from countenance.settings import Settings

PASSWORD = "tall trees bend"
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture
def home_settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url=f"sqlite:///{tmp_path / 'countenance.db'}")


@pytest.fixture
def identity(home_settings: Settings) -> Iterator[Identity]:
    identity = open_identity(home_settings, clock=ManualClock(), argon2=CHEAP)
    yield identity
    identity.close()


@pytest.fixture
def template() -> Template:
    rows = np.random.default_rng(5).normal(size=(10, 128))
    samples = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return Template(samples.astype(np.float32), "opencv-zoo/1")


def test_the_files_are_for_their_owner_alone(identity: Identity, tmp_path: Path) -> None:
    identity.audit.append(Tag.LOGIN_REFUSED)
    files = list(tmp_path.glob("countenance.db*"))
    assert len(files) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_stolen_database_files_hold_no_template_and_no_secret(
    identity: Identity, tmp_path: Path, template: Template
) -> None:
    ada = identity.users.set_up(name="ada", display_name="", password=PASSWORD)
    identity.vault.store(ada.id, template, actor=None)
    token = identity.sessions.begin(ada.id, methods=("pwd",), address="")
    stolen = b"".join(path.read_bytes() for path in tmp_path.glob("countenance.db*"))
    assert ada.id.encode() in stolen  # the search would find what is there
    values = template.samples.ravel()
    for kind in ("<f4", ">f4", "<f8"):
        assert not any(value.tobytes() in stolen for value in values.astype(kind))
    master = (tmp_path / "keys" / "master.key").read_text().strip()
    for secret in (PASSWORD, token, master):
        assert secret.encode() not in stolen
    assert bytes.fromhex(master) not in stolen


def test_an_erased_template_leaves_the_files(
    identity: Identity, tmp_path: Path, template: Template
) -> None:
    ada = identity.users.set_up(name="ada", display_name="", password=PASSWORD)
    identity.vault.store(ada.id, template, actor=None)
    with sqlite3.connect(tmp_path / "countenance.db") as connection:
        (key,) = connection.execute("SELECT wrapped_key FROM template_keys").fetchone()
        (ciphertext,) = connection.execute("SELECT ciphertext FROM templates").fetchone()
    connection.close()

    def lies_in_files(blob: bytes) -> bool:
        return any(blob in path.read_bytes() for path in tmp_path.glob("countenance.db*"))

    assert lies_in_files(key)
    assert lies_in_files(ciphertext[:512])
    identity.vault.erase(ada.id, actor=None)
    assert not lies_in_files(key)
    assert not any(
        lies_in_files(ciphertext[at : at + 64]) for at in range(0, len(ciphertext) - 64, 64)
    )


def test_a_full_database_is_told_and_keeps_what_it_had(
    home_settings: Settings, tmp_path: Path, template: Template
) -> None:
    """The file may not grow beyond its present pages, as on a full disk."""
    identity = open_identity(home_settings, clock=ManualClock(), argon2=CHEAP)
    ada = identity.users.set_up(name="ada", display_name="", password=PASSWORD)
    identity.vault.store(ada.id, template, actor=None)
    identity.close()
    program = textwrap.dedent(
        """
        import resource, signal, sys
        from pathlib import Path
        import argon2
        from countenance.clock import ManualClock
        from countenance.events import Tag
        from countenance.identity.errors import StorageError
        from countenance.identity.services import open_identity
        from countenance.settings import Settings

        home = Path(sys.argv[1])
        settings = Settings(home=home, database_url=f"sqlite:///{home / 'countenance.db'}")
        cheap = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        identity = open_identity(settings, clock=ManualClock(), argon2=cheap)
        size = (home / "countenance.db-wal").stat().st_size
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 64 * 1024, resource.RLIM_INFINITY))
        written = 0
        try:
            while True:
                details = {"n": str(written), "x": "x" * 4000}
                identity.audit.append(Tag.LOGIN_REFUSED, details=details)
                written += 1
        except StorageError as error:
            assert error.remedy, error
            assert written > 0
            kept = identity.audit.list_events(limit=10**6, tags=(Tag.LOGIN_REFUSED,))
            assert len(kept) == written
            print(written)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    written = int(done.stdout)
    identity = open_identity(home_settings, clock=ManualClock(), argon2=CHEAP)
    refused = identity.audit.list_events(limit=10**6, tags=(Tag.LOGIN_REFUSED,))
    assert [int(e.details["n"]) for e in reversed(refused)] == list(range(written))
    loaded = identity.vault.load(ada.id)
    assert loaded is not None
    np.testing.assert_array_equal(loaded.samples, template.samples)
    identity.close()


def test_an_act_that_finds_no_space_happens_not_at_all(
    identity: Identity, template: Template
) -> None:
    ada = identity.users.set_up(name="ada", display_name="", password=PASSWORD)
    identity.vault.store(ada.id, template, actor=None)
    engine = identity._database.engine
    with engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError, match=r"cannot grow.*Free space"):
        _fill(identity)
    kept = len(identity.audit.list_events(limit=10**6))
    with pytest.raises(StorageError):
        identity.audit.append(Tag.LOGIN_REFUSED, details={"x": "x" * 100_000})
    assert len(identity.audit.list_events(limit=10**6)) == kept
    assert identity.vault.load(ada.id) is not None


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'missing' / 'countenance.db'}"
    with pytest.raises(StorageError, match="cannot be opened") as caught:
        open_identity(Settings(home=tmp_path, database_url=url), clock=ManualClock(), argon2=CHEAP)
    assert caught.value.code == "identity.storage"


@pytest.mark.parametrize("content", [b"This is a text.\n" * 100, os.urandom(8192)])
def test_a_file_that_is_no_database_is_told_and_left(
    home_settings: Settings, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "countenance.db"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="no SQLite database"):
        open_identity(home_settings, clock=ManualClock(), argon2=CHEAP)
    assert path.read_bytes() == content


def test_a_writer_that_never_ends_is_told(
    identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = sqlite3.connect(tmp_path / "countenance.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("countenance.db.BUSY_TIMEOUT_S", 0.1)
    other = open_identity(
        Settings(home=tmp_path, database_url=f"sqlite:///{tmp_path / 'countenance.db'}"),
        clock=ManualClock(),
        argon2=CHEAP,
    )
    try:
        assert not other.users.is_set_up()  # a reader does not wait for a writer
        with pytest.raises(StorageError, match="held by another process"):
            other.audit.append(Tag.LOGIN_REFUSED)
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    other.audit.append(Tag.LOGIN_REFUSED)
    assert len(identity.audit.list_events()) == 1
    other.close()


@pytest.fixture
def first_start(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another process that is making the database: a writer on a file without a log yet."""
    other = sqlite3.connect(
        tmp_path / "countenance.db", isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def test_a_first_start_waits_for_another_one(
    home_settings: Settings, first_start: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is done while we wait; without a wait there is nobody to end it."""
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            first_start.execute("COMMIT")

    monkeypatch.setattr("countenance.db.time.sleep", wait)
    opened = open_identity(home_settings, clock=ManualClock(), argon2=CHEAP)
    assert len(waits) == 3
    assert not opened.users.is_set_up()
    opened.close()


def test_a_first_start_that_never_ends_is_told(
    home_settings: Settings, first_start: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert first_start.in_transaction
    monkeypatch.setattr("countenance.db.BUSY_TIMEOUT_S", 0.1)
    with pytest.raises(StorageError, match="held by another process"):
        open_identity(home_settings, clock=ManualClock(), argon2=CHEAP)


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "postgresql+pg8000://x/y"],
)
def test_a_url_that_names_no_database_of_ours_is_told(url: str) -> None:
    with pytest.raises(ConfigurationError, match="COUNTENANCE_DATABASE_URL"):
        open_database(url)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_plain_postgresql_url_takes_the_shipped_driver(scheme: str) -> None:
    database = open_database(f"{scheme}://ada@localhost/door")
    assert database.engine.dialect.driver == "psycopg"
    assert database.engine.url.database == "door"
    database.close()


def test_an_error_shows_no_values(identity: Identity, tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'countenance.db'}")
    with pytest.raises(DatabaseError) as caught, database.transaction() as session:
        session.execute(text("SELECT :secret FROM nowhere"), {"secret": "hush"})
    assert identity.users.list_users().total == 0
    assert "hush" not in str(caught.value)
    assert "hush" not in str(caught.value.__cause__)
    database.close()


def test_a_time_without_a_zone_is_refused(identity: Identity) -> None:
    dialect = identity._database.engine.dialect
    with pytest.raises(ValueError, match="aware"):
        UtcDateTime().process_bind_param(datetime(2026, 1, 1), dialect)  # noqa: DTZ001 - the point


def _fill(identity: Identity) -> None:
    for number in range(10_000):
        identity.audit.append(Tag.LOGIN_REFUSED, details={"n": str(number), "x": "x" * 3000})


def test_a_reader_in_the_way_does_not_hold_up_an_erasure(
    identity: Identity, tmp_path: Path, template: Template
) -> None:
    ada = identity.users.set_up(name="ada", display_name="", password=PASSWORD)
    identity.vault.store(ada.id, template, actor=None)
    reader = sqlite3.connect(tmp_path / "countenance.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM users").fetchone()
    assert identity.vault.erase(ada.id, actor=None)
    assert identity.vault.load(ada.id) is None
    reader.close()
    with identity._database.engine.connect() as connection:
        # What the scrubbing lowered for itself is as before.
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 15_000


def test_every_connection_is_durable_and_overwrites_what_it_frees(identity: Identity) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    with identity._database.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in expected
        }
    assert found == expected
