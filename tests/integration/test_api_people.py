"""People through the API: added, changed, removed, never beyond what a token may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from countenance.events import Tag
from countenance.identity.crowd import settle
from countenance.identity.interfaces import Role, User, UserFilter
from tests.fakes.doors import PASSWORD, Door, open_door
from tests.fakes.programs import Program, program_of


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path)


@pytest.fixture
def maker(door: Door) -> User:
    door.administrator()
    return door.user("sally", role=Role.ADMINISTRATOR)


@pytest.fixture
def program(door: Door, maker: User) -> Program:
    return program_of(door, maker)


def test_an_invited_person_chooses_a_password_and_the_trail_names_the_token(
    door: Door, maker: User, program: Program
) -> None:
    answer = program.ask(
        "POST", "/users", json={"name": "Ada", "display_name": "Ada Lovelace", "role": "officer"}
    )
    assert answer.status_code == 201
    user, invitation = answer.json["user"], answer.json["invitation"]
    assert (user["name"], user["role"], user["has_password"]) == ("ada", "officer", False)
    assert answer.headers["Location"] == f"/api/v1/users/{user['id']}"
    assert program.get(f"/users/{user['id']}") == user
    assert invitation["link"].endswith(f"/invite#{invitation['code']}")
    assert door.identity.invitations.accept(invitation["code"], password=PASSWORD).name == "ada"
    rows = door.identity.audit.list_events(subject_id=user["id"])
    added = [row for row in rows if row.tag in (Tag.USER_ADDED, Tag.INVITATION_ISSUED)]
    assert {row.actor_id for row in added} == {f"token:{program.token_id}"}
    assert {row.details["maker"] for row in added} == {maker.id}
    assert {row.address for row in added} == {"127.0.0.1"}
    assert door.identity.trail.verify().is_intact


def test_a_person_with_a_password_has_to_replace_it(door: Door, program: Program) -> None:
    answer = program.ask("POST", "/users", json={"name": "ada", "password": PASSWORD})
    assert (answer.status_code, answer.json["invitation"]) == (201, None)
    assert PASSWORD not in answer.get_data(as_text=True)
    found = door.identity.passwords.verify(name="ada", password=PASSWORD)
    assert found is not None
    assert found.must_change_password


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "eileen"}, "identity.name_taken"),
        ({"name": "a b"}, "identity.unacceptable_name"),
        ({"name": "ada", "password": "short"}, "identity.weak_password"),
        ({"name": "ada", "display_name": "bell\a"}, "identity.unacceptable_name"),
        ({"name": "ada", "role": "administrator"}, "api.invalid"),
        ({"name": "ada", "role": "king"}, "api.invalid"),
        ({"name": "ada", "is_admin": True}, "api.invalid"),
        ({"name": 7}, "api.invalid"),
        ({"name": ""}, "api.invalid"),
        ({}, "api.invalid"),
        ([], "api.invalid"),
        ({"name": "ada", "password": "x" * 1025}, "api.invalid"),
        ({"name": "\ud800"}, "api.invalid"),
        ({"name": "a\0b"}, "identity.unacceptable_name"),
    ],
    ids=str,
)
def test_what_does_not_fit_adds_nobody(door: Door, program: Program, body: Any, code: str) -> None:
    before = door.identity.users.list_users().total
    answer = program.ask("POST", "/users", json=body)
    assert answer.json["code"] == code
    assert answer.status_code == (409 if code == "identity.name_taken" else 422)
    assert door.identity.users.list_users().total == before


def test_a_refused_body_is_not_repeated(program: Program) -> None:
    answer = program.ask(
        "POST", "/users", json={"name": ["x"], "password": [PASSWORD], PASSWORD: 1}
    )
    told = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert '"x"' not in told
    # A field's name is told back, cut off, since it says what is wrong.
    assert [error["at"] for error in answer.json["errors"]] == [
        "body.name", "body.password", f"body.{PASSWORD}"[:45],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"data": "{", "content_type": "application/json"}, 422),
        ({"data": "null", "content_type": "application/json"}, 422),
        ({"data": b"\xff\xfe", "content_type": "application/json"}, 422),
        ({"data": "{}", "content_type": "text/plain"}, 415),
        ({"data": "{}"}, 415),
        ({"data": "name=ada", "content_type": "application/x-www-form-urlencoded"}, 415),
        ({"data": b'{"name": "' + b"a" * 70_000 + b'"}', "content_type": "application/json"}, 413),
    ],
    ids=str,
)
def test_a_body_of_another_kind_or_size_is_refused(
    program: Program, options: dict[str, Any], status: int
) -> None:
    answer = program.ask("POST", "/users", **options)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_a_deeply_nested_body_is_refused(program: Program) -> None:
    nested = "[" * 30_000 + "]" * 30_000
    answer = program.ask("POST", "/users", data=nested, content_type="application/json")
    assert answer.status_code == 422


def test_a_change_is_made_and_audited(door: Door, program: Program) -> None:
    grace = door.viewer()
    change = {"display_name": "Grace  Hopper", "role": "operator", "enabled": False}
    answer = program.ask("PATCH", f"/users/{grace.id}", json=change)
    assert answer.status_code == 200
    told = answer.json
    assert (told["display_name"], told["role"], told["enabled"]) == (
        "Grace Hopper", "operator", False,
    )  # fmt: skip
    assert [user["name"] for user in program.get("/users", search="hopper")["users"]] == ["grace"]
    tags = {Tag.USER_RENAMED, Tag.USER_ROLE_CHANGED, Tag.USER_DISABLED}
    rows = door.identity.audit.list_events(subject_id=grace.id, tags=tuple(tags))
    assert {row.tag for row in rows} == tags
    assert {row.actor_id for row in rows} == {f"token:{program.token_id}"}


def test_an_empty_change_changes_nothing(door: Door, program: Program) -> None:
    grace = door.viewer()
    for body in ({}, {"role": None}, {"display_name": grace.display_name, "role": "viewer"}):
        assert program.ask("PATCH", f"/users/{grace.id}", json=body).status_code == 200
    assert door.identity.users.get(grace.id) == grace
    tags = (Tag.USER_RENAMED, Tag.USER_ROLE_CHANGED)
    assert not door.identity.audit.list_events(subject_id=grace.id, tags=tags)


def test_a_removed_person_is_gone(door: Door, program: Program) -> None:
    grace = door.viewer()
    answer = program.ask("DELETE", f"/users/{grace.id}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert program.ask("GET", f"/users/{grace.id}").status_code == 404
    assert program.ask("DELETE", f"/users/{grace.id}").json["code"] == "identity.user_not_found"


@pytest.mark.parametrize("whom", ["eileen", "sally"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/users/{}", {"enabled": False}),
        ("PATCH", "/users/{}", {"role": "viewer"}),
        ("PATCH", "/users/{}", {"display_name": "Somebody"}),
        ("DELETE", "/users/{}", None),
        ("DELETE", "/enrolments/{}", None),
    ],
)
def test_a_token_changes_no_administrator_its_maker_included(
    door: Door, program: Program, whom: str, method: str, path: str, body: dict[str, Any] | None
) -> None:
    user = door.identity.users.find(whom)
    assert user is not None
    options = {} if body is None else {"json": body}
    answer = program.ask(method, path.format(user.id), **options)
    assert (answer.status_code, answer.json["code"]) == (403, "identity.not_permitted")
    assert door.identity.users.get(user.id) == user


def test_a_name_with_a_nul_is_nobody(program: Program) -> None:
    assert program.ask("GET", "/users/%00").status_code == 404
    assert program.get("/users", search="\0")["total"] == 2


def test_thousands_are_read_page_by_page_and_nobody_is_left_out(tmp_path: Path) -> None:
    full = open_door(tmp_path / "full")
    settle(full.settings, clock=full.clock, people=1500, events=10, pack=full.recognition.pack)
    maker = full.identity.users.list_users(UserFilter(role=Role.ADMINISTRATOR), limit=1).users[0]
    program = program_of(full, maker)
    names: list[str] = []
    query: dict[str, Any] = {"limit": 200}
    while True:
        page = program.get("/users", **query)
        names += [user["name"] for user in page["users"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert names == sorted(set(names))
    assert len(names) == page["total"] == full.identity.users.list_users(limit=1).total >= 1500
    found = program.get("/users", search="Turner", state="enabled", limit=200)
    assert 0 < found["total"] < 200
    assert all("turner" in user["display_name"].lower() for user in found["users"])
