"""Many people at once: every line is checked, and either all are invited or nobody."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from countenance.bootstrap import build
from countenance.cli.main import main
from countenance.events import Tag
from countenance.identity.permissions import Role
from countenance.identity.services import Identity
from countenance.settings import read_settings

GOOD = "name,display_name,role\nada,Ada Lovelace,operator\n Grace ,,\nzoe,Zoë,Officer\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COUNTENANCE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["users", *arguments])


def opened(home: Path) -> Identity:
    return build(read_settings({"COUNTENANCE_HOME": str(home)})).identity


def written(tmp_path: Path, text: str) -> str:
    file = tmp_path / "people.csv"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_everybody_is_invited_with_a_link_that_works(home: Path, tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)
    dry = run("import", file, "--dry-run")
    assert dry.stdout == "3 people could be added.\n"
    assert opened(home).users.list_users().total == 0
    done = run("import", file)
    assert done.exit_code == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["name"] for row in rows] == ["ada", "grace", "zoe"]
    identity = opened(home)
    for row, role in zip(rows, (Role.OPERATOR, Role.VIEWER, Role.OFFICER), strict=True):
        assert row["link"] == f"http://localhost:8000/invite#{row['code']}"
        found = identity.invitations.find(row["code"])
        assert found is not None
        assert (found.user.name, found.user.role) == (row["name"], role)
    again = run("import", file)
    assert again.exit_code == 1
    assert "Line 2: the name ada is taken." in again.stderr
    more = written(tmp_path, GOOD + "ben,,\n")
    rows = list(csv.DictReader(io.StringIO(run("import", more, "--skip-existing").stdout)))
    assert [row["name"] for row in rows] == ["ben"]


def test_one_bad_line_keeps_everybody_out_and_each_is_told(home: Path, tmp_path: Path) -> None:
    file = written(tmp_path, "name,role\nada,viewer\na b,viewer\nben,emperor\nADA,\n,\n")
    done = run("import", file)
    assert done.exit_code == 1
    assert done.stdout == ""
    for told in (
        "Line 3: The name has characters that cannot be used.",
        "Line 4: 'emperor' is no role",
        "Line 5: ada stands in line 2 already.",
        "Line 6: The name is empty.",
        "Nobody was added: 4 lines to mend.",
    ):
        assert told in done.stderr
    assert opened(home).users.list_users().total == 0


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "has to name the columns"),
        ("login,role\nada,viewer\n", "has to name the columns"),
        ("name,name\na,b\n", "has to name the columns"),
        ("name,role\nada,viewer,more\n", "has not 2 cells"),
        ("name,role\nada\n", "has not 2 cells"),
        ('name\n"ada\n', "is no CSV"),
    ],
)
@pytest.mark.usefixtures("home")
def test_what_is_no_list_of_people_is_told(tmp_path: Path, content: str, told: str) -> None:
    done = run("import", written(tmp_path, content))
    assert done.exit_code == 2
    assert told in done.stderr


def test_the_list_as_csv_has_everybody_and_no_formula(home: Path, tmp_path: Path) -> None:
    run("import", written(tmp_path, "name,display_name\nada,=1+1\nben,Ben\n"))
    identity = opened(home)
    ben = identity.users.find("ben")
    assert ben is not None
    identity.users.set_enabled(ben.id, enabled=False, actor=None)
    rows = list(csv.DictReader(io.StringIO(run("list", "--csv").stdout)))
    assert [(row["name"], row["display_name"], row["state"], row["face"]) for row in rows] == [
        ("ada", "'=1+1", "waiting", "none"),
        ("ben", "Ben", "disabled", "none"),
    ]


def test_a_reset_of_the_factors_leaves_the_password(home: Path, tmp_path: Path) -> None:
    run("import", written(tmp_path, "name\nada\n"))
    identity = opened(home)
    ada = identity.users.find("ada")
    assert ada is not None
    identity.recovery_codes.make(ada.id)
    token = identity.sessions.begin(ada.id, methods=("pwd",), address="")
    assert run("reset", "ada", "--factors", "--yes").stdout.startswith("Removed the second factors")
    assert identity.recovery_codes.left(ada.id) is None
    assert identity.sessions.find(token) is None
    assert identity.audit.list_events(tags=(Tag.PASSWORD_RESET,)) == ()
    assert "There are no second factors" in run("reset", "ada", "--factors", "--yes").stdout
