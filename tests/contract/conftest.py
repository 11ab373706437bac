"""One suite, two databases: SQLite, and a PostgreSQL that the tests start themselves."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import argon2
import numpy as np
import psycopg
import pytest

from countenance.biometrics.templates import Template
from countenance.clock import ManualClock
from countenance.identity.interfaces import User
from countenance.identity.services import Identity, open_identity
from countenance.settings import Settings
from tests.contract.support import PASSWORD
from tests.fixtures.databases import migrate, write_migrated_sqlite

SERVER_VARIABLE = "COUNTENANCE_TEST_DATABASE_URL"
"""URL of a PostgreSQL server on which the tests may make databases."""
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a PostgreSQL server; skips where there is none and none can be started."""
    if named := os.environ.get(SERVER_VARIABLE):
        yield named.replace("postgresql+psycopg://", "postgresql://")
        return
    programs = _programs()
    if programs is None:
        pytest.skip(
            f"needs PostgreSQL: no initdb found (apt install postgresql, or {SERVER_VARIABLE})"
        )
    with _server(programs) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: str) -> Iterator[str]:
    """Name of a database on that server with the schema and nothing else, to be copied."""
    with new_database(postgresql_server) as url:
        migrate(url)
        yield url.rpartition("/")[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database with the schema and nothing else, of each kind in turn."""
    if request.param == "sqlite":
        path = tmp_path / "countenance.db"
        write_migrated_sqlite(path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgresql_server")
    with new_database(server, like=request.getfixturevalue("migrated_postgresql")) as url:
        yield url


@contextlib.contextmanager
def new_database(server: str, *, like: str = "template1") -> Iterator[str]:
    """URL of a copy of a database on a PostgreSQL server, dropped at the end; empty by default."""
    name = f"countenance_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
    base, _, _ = server.rpartition("/")
    yield f"{base}/{name}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings of an installation that has never been started."""
    return Settings(home=tmp_path, database_url=database_url)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def open_another(settings: Settings, clock: ManualClock) -> Iterator[Callable[..., Identity]]:
    """Open the same installation as another process would; settings may be overridden."""
    with contextlib.ExitStack() as stack:

        def opened(**changes: object) -> Identity:
            identity = open_identity(
                replace(settings, **changes),  # type: ignore[arg-type]
                clock=clock,
                argon2=CHEAP,
            )
            stack.callback(identity.close)
            return identity

        yield opened


@pytest.fixture
def identity(open_another: Callable[..., Identity]) -> Identity:
    return open_another()


@pytest.fixture
def admin(identity: Identity) -> User:
    return identity.users.set_up(name="ada", display_name="Ada Lovelace", password=PASSWORD)


@pytest.fixture
def template() -> Template:
    """Three samples that are alike, as of one person."""
    rows = np.random.default_rng(3).normal(size=128) + np.eye(3, 128)
    samples = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return Template(samples.astype(np.float32), "opencv-zoo/1")


def _programs() -> Path | None:
    """Folder of the newest PostgreSQL server programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@contextlib.contextmanager
def _server(programs: Path) -> Iterator[str]:
    # A short path: a Unix socket's name has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="ctn-pg-", dir="/tmp"))
    owner = _owner(folder)
    data, port = folder / "data", _free_port()
    try:
        _run(
            owner,
            programs / "initdb",
            "-D",
            data,
            "-U",
            "countenance",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
        )
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c max_connections=60"
        log = folder / "log"
        _run(owner, programs / "pg_ctl", "-D", data, "-w", "-l", log, "-o", options, "start")
        try:
            yield f"postgresql://countenance@127.0.0.1:{port}/postgres"
        finally:
            _run(owner, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _owner(folder: Path) -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: then another user gets the folder."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            owner = pwd.getpwnam(name)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            return owner
    pytest.skip("needs PostgreSQL, which does not run as root, and there is no user `nobody`")


def _run(owner: pwd.struct_passwd | None, *command: object) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        # The server keeps what it inherits: a pipe would never close.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        user=None if owner is None else owner.pw_uid,
        group=None if owner is None else owner.pw_gid,
        extra_groups=None if owner is None else [],
    )
    if done.returncode:
        pytest.fail(f"PostgreSQL: {command[0]} ended with {done.returncode}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
