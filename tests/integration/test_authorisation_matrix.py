"""Every route, asked by every role and by nobody, against the declared table.

Those of the API are asked with tokens in `test_api_access.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from countenance.identity.interfaces import User
from countenance.identity.permissions import Role
from tests.fakes.doors import Door, Visit, open_door
from tests.integration.routes import API, ROUTES

NOBODY = "5f0c5a3e-0000-4000-8000-000000000000"
"""An id that no row has: whoever may act is told that there is none, and nothing changes."""
WANTS_JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Door:
    """One installation with somebody of every role; nothing in this module changes it."""
    door = open_door(tmp_path_factory.mktemp("door"))
    door.app.config["RATELIMIT_ENABLED"] = False
    door.administrator()
    return door


@pytest.fixture(scope="module")
def people(door: Door) -> dict[Role, User]:
    return {role: door.user(f"some-{role}", role=role) for role in Role}


def requests_of(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Endpoint, method and address of everything that can be asked for without a socket.

    The router itself turns plain requests to a socket away; who gets the lab's is for its own test.
    """
    for rule in app.url_map.iter_rules():
        if rule.websocket or rule.endpoint in API:
            continue
        address = re.sub(r"<(?:\w+:)?\w+>", NOBODY, rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, method, address


def ask(visit: Visit, method: str, address: str) -> TestResponse:
    """One request with a good form token, as a script that reads JSON."""
    headers = WANTS_JSON if method == "GET" else WANTS_JSON | {"X-CSRFToken": visit.token()}
    return visit.client.open(address, method=method, headers=headers)


def code_of(answer: TestResponse) -> str:
    told = answer.json if answer.is_json else None
    return told.get("code", "") if isinstance(told, dict) else ""


def test_every_route_is_declared_and_every_declared_route_is_there(door: Door) -> None:
    assert {rule.endpoint for rule in door.app.url_map.iter_rules()} == ROUTES.keys() | API


def test_without_a_login_only_public_routes_open(door: Door) -> None:
    visit = door.visit()
    for endpoint, method, address in requests_of(door.app):
        is_stopped = code_of(ask(visit, method, address)) == "web.login_needed"
        assert is_stopped == (ROUTES[endpoint] is not None), f"{method} {address}"


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_what_is_declared_for_it_and_nothing_else(
    door: Door, people: dict[Role, User], role: Role
) -> None:
    before = door.identity.users.list_users(limit=50)
    for endpoint, method, address in requests_of(door.app):
        answer = ask(door.visit_as(people[role]), method, address)
        is_stopped = (answer.status_code, code_of(answer)) == (403, "web.forbidden")
        allowed = ROUTES[endpoint]
        assert is_stopped == (allowed is not None and role not in allowed), f"{method} {address}"
        assert code_of(answer) != "web.login_needed", f"{method} {address}"
        assert answer.status_code < 500 or code_of(answer) == "web.busy", f"{method} {address}"
    after = door.identity.users.list_users(limit=50)
    assert {user.id: user.role for user in after.users} == {u.id: u.role for u in before.users}


ACTS = [
    ("enabled", {"enabled": "no"}),
    ("role", {"role": "viewer"}),
    ("password", {}),
    ("code", {}),
    ("enrol", {"password": "seven calm herons by the weir"}),
    ("face/erase", {}),
    ("face/approve", {}),
    ("face/reject", {}),
    ("factors", {}),
    ("remove", {}),
]


@pytest.mark.parametrize(("act", "fields"), ACTS, ids=[act for act, _ in ACTS])
@pytest.mark.parametrize("target", [Role.OFFICER, Role.ADMINISTRATOR, Role.AUDITOR])
def test_an_officer_acts_on_nobody_of_equal_or_higher_standing(
    door: Door, people: dict[Role, User], act: str, fields: dict[str, str], target: Role
) -> None:
    somebody = next(u for u in _others(door, people) if u.role is target)
    visit = door.visit_as(people[Role.OFFICER])
    visit.confirm(door, f"people.{act}".replace("/", "."), user_id=somebody.id)
    answer = visit.post(f"/people/{somebody.id}/{act}", **fields)
    assert answer.status_code == 403
    assert door.identity.users.get(somebody.id) == somebody


def _others(door: Door, people: dict[Role, User]) -> list[User]:
    own = people[Role.OFFICER]
    found = [user for user in door.identity.users.list_users(limit=50).users if user.id != own.id]
    if not any(user.role is Role.OFFICER for user in found):
        found.append(door.user("another-officer", role=Role.OFFICER))
    return found


def test_an_officer_helps_a_viewer_with_face_and_code(door: Door, people: dict[Role, User]) -> None:
    visit, viewer = door.visit_as(people[Role.OFFICER]), people[Role.VIEWER]
    page = visit.get(f"/people/{viewer.id}").text
    assert "Give a login code" in page
    assert "Enrol at this camera" in page
    for word in ("Give a link", "Change role", "Disable", "Remove"):
        assert word not in page
    visit.confirm(door, "people.code", user_id=viewer.id)
    assert "data-secret" in visit.post(f"/people/{viewer.id}/code").text


def test_an_auditor_is_offered_nothing_that_changes_something(
    door: Door, people: dict[Role, User]
) -> None:
    visit = door.visit_as(people[Role.AUDITOR])
    assert "Add person" not in visit.get("/people").text
    page = visit.get(f"/people/{people[Role.VIEWER].id}").text
    main = page.partition("<main")[2].partition("</main>")[0]
    assert "<form" not in main
    assert "<button" not in main
