"""What happened, through the API: attempts with their reasons, and the trail in its order."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from countenance.events import Tag
from countenance.identity.interfaces import User
from countenance.web.api.audit import CHECK_RATE
from tests.contract.support import execute
from tests.fakes.doors import Door, open_door
from tests.fakes.programs import Program, program_of


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path)


@pytest.fixture
def eileen(door: Door) -> User:
    return door.administrator()


@pytest.fixture
def program(door: Door, eileen: User) -> Program:
    return program_of(door, eileen)


def test_attempts_tell_what_the_door_does_not(door: Door, eileen: User, program: Program) -> None:
    door.visit().password("eileen", "wrong, wrong, wrong")
    door.visit().password("nobody-here", "wrong, wrong, wrong")
    door.identity.audit.append(
        Tag.LOGIN_REFUSED, subject_id=eileen.id, address="192.0.2.1",
        details={"reason": "not_matched"},
    )  # fmt: skip
    door.identity.audit.append(Tag.LOGIN_GRANTED, subject_id=eileen.id, actor_id=eileen.id)
    door.identity.audit.append(Tag.SESSION_ENDED, subject_id=eileen.id)
    for tag in (Tag.VERIFICATION_GRANTED, Tag.VERIFICATION_REFUSED):
        door.identity.audit.append(tag, subject_id=eileen.id)
    found = program.get("/attempts")
    assert found["next"] is None
    told = [(a["outcome"], a["reason"], a["user_id"]) for a in found["attempts"]]
    assert told == [
        ("refused", "unknown", eileen.id),
        ("granted", None, eileen.id),
        ("granted", None, eileen.id),
        ("refused", "not_matched", eileen.id),
        ("refused", "unknown_name", None),
        ("refused", "password_wrong", eileen.id),
    ]
    refused = program.get("/attempts", outcome="refused", user_id=eileen.id)["attempts"]
    assert [a["reason"] for a in refused] == ["unknown", "not_matched", "password_wrong"]


def test_attempts_come_in_pages_between_two_moments(
    door: Door, eileen: User, program: Program
) -> None:
    began = door.clock.now()
    for _ in range(7):
        door.clock.advance(60)
        door.identity.audit.append(
            Tag.LOGIN_REFUSED, subject_id=eileen.id, details={"reason": "no_face"}
        )
    whole = program.get("/attempts")["attempts"]
    first = program.get("/attempts", limit=3)
    second = program.get("/attempts", limit=3, before=first["next"])
    third = program.get("/attempts", limit=3, before=second["next"])
    assert first["attempts"] + second["attempts"] + third["attempts"] == whole
    assert (len(whole), third["next"]) == (7, None)
    since, until = (began + timedelta(seconds=s) for s in (120, 240))
    between = program.get("/attempts", since=since.isoformat(), until=until.isoformat())
    assert [a["at"] for a in between["attempts"]] == [
        "2026-01-01T00:03:00Z",
        "2026-01-01T00:02:00Z",
    ]


@pytest.mark.parametrize("since", ["yesterday", "2026-01-01", "2026-01-01T00:00:00", "0", ""])
def test_a_moment_without_a_zone_is_refused(program: Program, since: str) -> None:
    answer = program.ask("GET", "/attempts", query_string={"since": since})
    assert (answer.status_code, answer.json["errors"][0]["at"]) == (422, "query.since")


def test_the_trail_is_followed_as_it_grows(door: Door, eileen: User, program: Program) -> None:
    first = program.get("/audit", limit=2)
    assert [row["number"] for row in first["rows"]] == [1, 2]
    assert first["next"] == 2
    rest = program.get("/audit", after=first["next"])
    assert rest["next"] is None
    last = rest["rows"][-1]
    assert (last["tag"], last["actor"]) == (Tag.TOKEN_MADE, {"kind": "user", "id": eileen.id})
    grace = door.viewer()
    program.ask("PATCH", f"/users/{grace.id}", json={"enabled": False})
    new = program.get("/audit", after=last["number"], tag="user:account:")["rows"]
    assert [(row["tag"], row["actor"]["kind"]) for row in new] == [
        (Tag.USER_ADDED, "none"),
        (Tag.USER_DISABLED, "token"),
    ]
    assert new[1]["actor"]["id"] == program.token_id
    assert new[1]["details"]["maker"] == eileen.id
    of_eileen = program.get("/audit", user_id=eileen.id, tag=Tag.USER_DISABLED)["rows"]
    assert [row["number"] for row in of_eileen] == [new[1]["number"]]


def test_a_broken_chain_is_told(door: Door, program: Program) -> None:
    whole = program.get("/audit/verification")
    assert (whole["intact"], whole["problem"], whole["first_broken"]) == (True, None, None)
    url = door.settings.database_url
    execute(url, "DROP TRIGGER IF EXISTS audit_update")
    for (name,) in _triggers(url):
        execute(url, f"DROP TRIGGER {name}")
    assert execute(url, "UPDATE audit SET address = 'elsewhere' WHERE number = 2") == 1
    door.clock.advance(1)
    broken = program.get("/audit/verification")
    assert (broken["intact"], broken["problem"], broken["first_broken"]) == (False, "altered", 2)


def _triggers(url: str) -> list[tuple[str]]:
    from sqlalchemy import text

    from countenance.db import open_database

    database = open_database(url)
    try:
        with database.connection() as connection:
            found = connection.execute(text("SELECT name FROM sqlite_master WHERE type='trigger'"))
            return [(row.name,) for row in found]
    finally:
        database.close()


def test_a_walk_over_the_whole_chain_is_limited(program: Program) -> None:
    for _ in range(CHECK_RATE):
        program.get("/audit/verification")
    assert program.ask("GET", "/audit/verification").status_code == 429
    assert program.get("/audit")["rows"]


def test_no_row_of_the_trail_holds_a_token(door: Door, program: Program) -> None:
    secret = program.text.split("_", 2)[2]
    assert secret not in program.ask("GET", "/audit", query_string={"limit": 500}).text
