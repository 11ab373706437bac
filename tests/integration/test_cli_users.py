"""`countenance users`."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.harness.commands import invoke
from tests.harness.server import run_command


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("users") / "home"


def run(home: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return invoke("--home", str(home), *arguments, stdin=stdin)


def names(home: Path) -> dict[str, dict[str, object]]:
    done = run(home, "users", "list", "--json")
    return {user["name"]: user for user in json.loads(done.stdout)["users"]}


def test_the_life_of_users(home: Path) -> None:
    """Added, listed, disabled, enabled, reset, given a code, removed."""
    added = run(home, "users", "add", "Ada", "--name", "Ada L", "--administrator", "--json")
    assert added.returncode == 0, added.stderr
    answer = json.loads(added.stdout)
    assert answer["user"]["name"] == "ada"
    assert answer["user"]["role"] == "administrator"
    assert len(answer["temporary_password"]) >= 15
    given = run(home, "users", "add", "ben", "--password-stdin", stdin="correct horse battery\n")
    assert given.returncode == 0, given.stderr
    assert "horse" not in given.stdout + given.stderr
    assert names(home).keys() == {"ada", "ben"}
    assert run(home, "users", "disable", "ben", "--yes").returncode == 0
    assert names(home)["ben"]["enabled"] is False
    assert run(home, "users", "enable", "ben").returncode == 0
    assert names(home)["ben"]["enabled"] is True
    reset = json.loads(run(home, "users", "reset", "ben", "--yes", "--json").stdout)
    assert reset["link"] == f"http://localhost:8000/invite#{reset['code']}"
    assert reset["hours"] == 72
    assert names(home)["ben"]["has_password"] is False
    unlock = run(home, "users", "unlock", "ben")
    assert (unlock.returncode, unlock.stdout) == (0, "Nothing slows ben down.\n")
    code = json.loads(run(home, "users", "code", "ben", "--json").stdout)
    assert code["minutes"] == 15
    assert code["code"]
    assert run(home, "users", "remove", "ben", "--yes").returncode == 0
    assert names(home).keys() == {"ada"}
    assert (home / "keys" / "master.key").stat().st_mode & 0o077 == 0
    assert home.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["users", "disable", "nobody", "--yes"], 1, "no user named nobody"),
        (["users", "code", "nobody"], 1, "no user named nobody"),
        (["users", "add", "a b"], 1, "characters"),
        (["users", "remove", "ada"], 2, "--yes"),  # nobody is there to be asked
        (["users", "add", "cid", "--password-stdin"], 2, "empty line"),
        (["faces", "erase", "nobody", "--yes"], 1, "no user named nobody"),
        (["faces", "enrol", "nobody", "--source", "0"], 1, "no user named nobody"),
    ],
)
def test_what_cannot_be_done_is_told(
    home: Path, arguments: list[str], status: int, told: str
) -> None:
    done = run(home, *arguments)
    assert done.returncode == status, done.stderr
    assert told in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_the_last_administrator_stays(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert run(home, "users", "add", "ada", "--administrator").returncode == 0
    done = run(home, "users", "remove", "ada", "--yes")
    assert done.returncode == 1
    assert names(home).keys() == {"ada"}


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = run_command("--home", str(tmp_path / "file" / "home"), "users", "list")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "COUNTENANCE_HOME" in done.stderr
