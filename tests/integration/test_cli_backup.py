"""`countenance backup`, `restore` and `keys` as commands, also when they are killed."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.harness.server import clean_environment, command, run_command

PEOPLE = 3000


def countenance(home: Path, *arguments: str) -> dict[str, object]:
    done = run_command("--home", str(home), *arguments)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with so many people that copying them takes a moment."""
    folder = tmp_path_factory.mktemp("backup") / "home"
    countenance(folder, "users", "add", "ada", "--administrator", "--json")
    with closing(sqlite3.connect(folder / "countenance.db")) as database, database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(users)")]
        row = dict(zip(columns, database.execute("SELECT * FROM users").fetchone(), strict=True))
        marks = ", ".join(f":{name}" for name in columns)
        database.executemany(
            f"INSERT INTO users ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608
            [
                row | {"id": f"{n:08}-0000-4000-8000-000000000000", "name": f"person{n}"}
                for n in range(PEOPLE)
            ],
        )
    return folder


@pytest.fixture(scope="module")
def archive(home: Path) -> Path:
    path = home.parent / "door.zip"
    told = countenance(home, "backup", str(path), "--json")
    assert int(str(told["rows"])) > PEOPLE
    return path


def _users(home: Path) -> int:
    with closing(sqlite3.connect(home / "countenance.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return int(database.execute("SELECT count(*) FROM users").fetchone()[0])


def _moments(arguments: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """The command, started anew for each of several moments at which it is killed."""
    for wait_s in (0.0, 0.02, 0.05, 0.1, 0.2):
        process = subprocess.Popen(
            command(*arguments), env=clean_environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        yield process
        time.sleep(wait_s)
        process.send_signal(signal.SIGKILL)
        process.wait()


def _wait_for(
    process: subprocess.Popen[bytes], folder: Path, pattern: str, *, known: set[Path]
) -> None:
    """Until the command writes a draft of its own, or ends; adds it to the known ones."""
    while process.poll() is None and set(folder.glob(pattern)) <= known:
        time.sleep(0.002)
    known.update(folder.glob(pattern))


def test_a_backup_that_is_killed_leaves_no_file_of_that_name(home: Path, tmp_path: Path) -> None:
    target, drafts = tmp_path / "killed.zip", set[Path]()
    for process in _moments(["--home", str(home), "backup", str(target), "--overwrite"]):
        _wait_for(process, tmp_path, ".killed.zip-*", known=drafts)
    if target.exists():  # one was faster than its killer; then it is whole
        assert zipfile.ZipFile(target).testzip() is None
    assert _users(home) == PEOPLE + 1


def test_a_restore_that_is_killed_leaves_the_old_or_the_new(
    home: Path, archive: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    countenance(other, "users", "add", "eve", "--administrator", "--json")
    key = str(home / "keys" / "master.key")
    drafts: set[Path] = set()
    restore = ["restore", str(archive), "--key-file", key, "--replace", "--yes"]
    for process in _moments(["--home", str(other), *restore]):
        _wait_for(process, other, ".countenance.db-*.restoring", known=drafts)
        assert _users_now(other) in {1, PEOPLE + 1}
    assert drafts  # some were killed while they wrote
    told = countenance(other, *restore, "--json")
    assert int(str(told["rows"])) > PEOPLE
    assert _users(other) == PEOPLE + 1
    assert list(other.glob(".countenance.db-*")) == []  # what killed ones left is gone
    listed = countenance(other, "users", "list", "--search", "ada", "--json")
    assert "ada" in json.dumps(listed)


def _users_now(home: Path) -> int:
    """Counted without a write, as the file may be exchanged at any moment."""
    address = f"file:{home / 'countenance.db'}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as database:
        return int(database.execute("SELECT count(*) FROM users").fetchone()[0])


def test_keys_are_rotated_by_command(home: Path) -> None:
    before = countenance(home, "keys", "status", "--json")
    assert before["rotated_at"] is None
    countenance(home, "keys", "rotate", "--yes", "--json")
    after = countenance(home, "keys", "status", "--json")
    assert after["fingerprint"] != before["fingerprint"]
    assert after["rotated_at"] is not None


def test_what_is_wrong_is_said_with_a_remedy(home: Path, archive: Path, tmp_path: Path) -> None:
    refused = run_command("--home", str(home), "backup", str(archive))
    assert refused.returncode == 2
    assert "--overwrite" in refused.stderr
    refused = run_command("--home", str(home), "backup", str(tmp_path / "no" / "folder.zip"))
    assert refused.returncode == 1
    assert "cannot be written" in refused.stderr
    refused = run_command("--home", str(home), "restore", str(archive))
    assert refused.returncode == 1
    assert "not the master key" in refused.stderr  # it was rotated since
    refused = run_command("--home", str(tmp_path / "none"), "restore", str(archive))
    assert refused.returncode == 1
    assert "--key-file" in refused.stderr
