"""`countenance tokens`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from countenance.cli.tokens import SCOPE_NAMES
from countenance.clock import SystemClock
from countenance.identity.api_scopes import Scope
from countenance.identity.services import open_identity
from countenance.settings import read_settings
from tests.harness.commands import invoke
from tests.harness.server import run_command


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("tokens") / "home"
    run(home, "users", "add", "ada", "--administrator", "--json")
    return home


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return invoke("--home", str(home), *arguments)


def test_the_life_of_a_token(home: Path) -> None:
    """None, made, found by its text, listed, revoked, revoked once more."""
    none = run(home, "tokens", "list")
    assert (none.returncode, none.stdout[:12]) == (0, "No token yet")
    made = run(home, "tokens", "make", "Import", "--scope", "users:read", "--days", "7", "--json")
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    assert told["token"].startswith(f"cnt_{told['id']}_")
    assert (told["name"], told["scopes"], told["maker"]) == ("Import", ["users:read"], "ada")

    identity = open_identity(read_settings({"COUNTENANCE_HOME": str(home)}), clock=SystemClock())
    found = identity.api_tokens.find(told["token"])
    assert found is not None
    assert found.scopes == {Scope.USERS_READ}
    (row,) = identity.audit.list_events(limit=1)
    assert (row.tag, row.actor_id, row.details["token"]) == (
        "system:token:made", None, told["id"],
    )  # fmt: skip
    identity.close()

    (listed,) = json.loads(run(home, "tokens", "list", "--json").stdout)["tokens"]
    assert (listed["works"], listed["last_used_at"] is None) == (True, False)
    assert told["token"] not in json.dumps(listed)
    shown = run(home, "tokens", "list").stdout
    assert "Import" in shown
    assert "works" in shown

    asked = run(home, "tokens", "revoke", told["id"])
    assert asked.returncode == 2, "nobody at a terminal said yes"
    assert run(home, "tokens", "revoke", told["id"], "--yes").stdout == "Revoked Import.\n"
    again = run(home, "tokens", "revoke", told["id"], "--yes")
    assert (again.returncode, again.stdout) == (0, "Import was revoked before.\n")
    assert json.loads(run(home, "tokens", "list", "--json").stdout)["tokens"][0]["works"] is False


def test_standard_output_is_the_token_and_nothing_else(home: Path) -> None:
    words = ("tokens", "make", "Pipe", "--scope", "verify", "--scope", "audit:read")
    made = run_command("--home", str(home), *words)
    assert made.returncode == 0
    assert made.stdout.startswith("cnt_")
    assert made.stdout.count("\n") == 1
    assert "Shown once" in made.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("make", "X"), 2, "--scope"),
        (("make", "X", "--scope", "everything"), 2, "everything"),
        (("make", "X", "--scope", "verify", "--days", "366"), 2, "366"),
        (("make", "X", "--scope", "verify", "--days", "0"), 2, "--days"),
        (("make", " ", "--scope", "verify"), 1, "A token needs a name"),
        (("make", "X", "--scope", "verify", "--maker", "nobody"), 1, "no user named nobody"),
        (("revoke", "nothinghere2", "--yes"), 1, "There is no such token"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(
    home: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    done = run(home, "tokens", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr


def test_a_viewer_makes_no_token_and_of_two_administrators_one_is_named(home: Path) -> None:
    run(home, "users", "add", "ben", "--json")
    refused = run(home, "tokens", "make", "X", "--scope", "verify", "--maker", "ben")
    assert (refused.returncode, "ben may not make a token" in refused.stderr) == (1, True)
    run(home, "users", "add", "cat", "--administrator", "--json")
    open_question = run(home, "tokens", "make", "X", "--scope", "verify")
    assert (open_question.returncode, "--maker" in open_question.stderr) == (2, True)
    named = run(home, "tokens", "make", "X", "--scope", "verify", "--maker", "cat", "--json")
    assert json.loads(named.stdout)["maker"] == "cat"


def test_the_command_line_knows_every_scope() -> None:
    assert tuple(Scope) == SCOPE_NAMES
