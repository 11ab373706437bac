"""The page of the audit trail, and its command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from countenance.cli.main import main
from countenance.events import Tag
from countenance.identity.interfaces import Role, User
from tests.contract.support import execute
from tests.fakes.doors import PASSWORD, Door, Visit, open_door


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path)


@pytest.fixture
def auditor(door: Door) -> User:
    door.administrator()
    return door.identity.users.add(
        name="grace", display_name="Grace", password=PASSWORD, role=Role.AUDITOR, actor=None
    )


@pytest.fixture
def visit(door: Door, auditor: User) -> Visit:
    door.identity.audit.append(Tag.LOGIN_REFUSED, address="192.0.2.7", details={"reason": "frozen"})
    return door.visit_as(auditor)


def test_an_auditor_reads_what_happened_and_checks_the_chain(door: Door, visit: Visit) -> None:
    page = visit.get("/audit").text
    assert "user:login:refused" in page
    assert "reason frozen" in page
    assert "Not checked since" in page
    visit.post("/audit/check")
    assert "Chain intact since" in visit.get("/audit").text


def test_a_broken_chain_is_told(door: Door, visit: Visit) -> None:
    execute(door.settings.database_url, "DROP TRIGGER audit_rows_stay")
    execute(door.settings.database_url, "UPDATE audit SET address = 'x' WHERE number = 2")
    visit.post("/audit/check")
    assert "broken at row 2" in visit.get("/audit").text


@pytest.mark.parametrize(
    ("query", "seen", "unseen"),
    [
        ("kind=user:login", "user:login:refused", "user:account:added"),
        ("name=grace", "user:account:added", "user:login:refused"),
        ("name=nobody", "Nothing fits", "user:"),
        ("since=2031-01-01", "Nothing fits", "user:"),
        ("since=nonsense&before=x", "user:login:refused", "Nothing fits"),
    ],
)
def test_filters_narrow_the_rows(visit: Visit, query: str, seen: str, unseen: str) -> None:
    table = visit.get(f"/audit?{query}").text.partition("</form>\n{% if")[0]
    body = table[table.rindex("</select>") :]
    assert seen in body
    assert unseen not in body


def test_many_rows_come_in_pages(door: Door, visit: Visit) -> None:
    for number in range(60):
        door.identity.audit.append(Tag.LOGIN_REFUSED, details={"n": f"row {number}"})
    first = visit.get("/audit").text
    assert "n row 59" in first
    assert "n row 5," not in first
    older = visit.get(f"/audit?before={door.identity.trail.verify().rows - 49}").text
    assert "n row 5<" in older
    assert "Newest" in older


@pytest.mark.parametrize(("kind", "begins"), [("csv", "number,at,tag"), ("jsonl", '{"number": 1')])
def test_an_auditor_takes_the_trail_out_and_that_is_written_down(
    door: Door, auditor: User, visit: Visit, kind: str, begins: str
) -> None:
    answer = visit.post("/audit/export", format=kind)
    assert answer.text.startswith(begins)
    assert "attachment; filename=audit-" in answer.headers["Content-Disposition"]
    (row,) = door.identity.audit.list_events(tags=(Tag.AUDIT_EXPORTED,))
    assert row.actor_id == auditor.id


def test_the_command_verifies_lists_and_exports(
    door: Door, auditor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTENANCE_HOME", str(door.home))

    def run(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(main, ["audit", *arguments])
        assert done.exit_code == code, done.output
        return done.stdout

    anchors = door.home / "anchors"
    anchors.write_text(run("anchor"))
    assert json.loads(run("verify", "--json", "--anchor", str(anchors))) == {
        "rows": 4,
        "intact": True,
        "first_broken": None,
        "problem": None,
        "since": "2026-01-01T00:00:00+00:00",
        "pruned": 0,
        "unmet_anchors": 0,
    }
    listed = json.loads(run("list", "--user", "grace", "--limit", "1", "--json"))
    assert [row["tag"] for row in listed["rows"]] == ["user:account:added"]
    assert listed["next"] == listed["rows"][0]["number"]
    file = door.home / "trail.csv"
    run("export", "--format", "csv", "--output", str(file))
    assert len(file.read_text().splitlines()) == 6
    run("export", "--output", str(file), code=2)
    execute(door.settings.database_url, "DROP TRIGGER audit_rows_stay")
    execute(door.settings.database_url, "UPDATE audit SET tag = 'user:x:y' WHERE number = 3")
    assert json.loads(run("verify", "--json", code=1))["first_broken"] == 3
