"""A refused login tells nobody whether the name exists: same answer, same work.

Work is counted and not timed, so that a busy machine changes nothing: argon2 runs, and every
statement that reaches the database. `countenance bench pages` measures the times.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from countenance.identity.permissions import Role
from tests.fakes.doors import PASSWORD, Door, Visit, open_door
from tests.fakes.work import Work, counted

PER_REQUEST = {"Content-Length", "X-Request-ID"}
"""The length has the name in it, which is compared apart; the other is random."""
WRONG = "wrong, and long enough"
NAMES = {
    "unknown": "nobody",
    "known": "grace",
    "no face": "ada",
    "disabled": "dora",
    "invited": "ivy",
    "officer": "olga",
    "disabled, right password": "dido",
}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Door:
    door = open_door(tmp_path_factory.mktemp("door"))
    door.app.config["RATELIMIT_ENABLED"] = False
    door.administrator()
    door.viewer("grace")
    door.viewer("ada", face=None)
    for name in ("dora", "dido"):
        disabled = door.viewer(name)
        door.identity.users.set_enabled(disabled.id, enabled=False, actor=None)
    door.identity.invitations.invite(name="ivy", display_name="", role=Role.VIEWER, actor=None)
    door.user("olga", role=Role.OFFICER)
    return door


def refused(
    door: Door,
    visit: Visit,
    name: str,
    *,
    password: str = WRONG,
    address: str = "10.9.9.9",
) -> tuple[Any, Work]:
    """What a stranger sees of a refused login, and what it cost.

    Each asks from an address of its own: how many tries came from one is told to all alike.
    """
    data = {"csrf_token": visit.token(), "name": name, "password": password}
    with counted(door) as work:
        answer = visit.client.post("/login", data=data, environ_base={"REMOTE_ADDR": address})
    body = re.sub(r'(csrf[-_]token" (?:content|value)=)"[^"]+"', r"\1", answer.text)
    headers = sorted((k, v) for k, v in answer.headers if k != "Set-Cookie")
    cookies = [value.split("=")[0] for value in answer.headers.getlist("Set-Cookie")]
    seen = answer.status_code, body.replace(name, "NAME"), len(body) - len(name), cookies
    return (seen, [(k, v) for k, v in headers if k not in PER_REQUEST]), work


def stranger(door: Door) -> Visit:
    return door.visit()


def somebody_else(door: Door) -> Visit:
    """A browser that is a known device, of another user."""
    visit = door.visit()
    visit.password("eileen")
    eileen = door.identity.users.find("eileen")
    assert eileen is not None
    known = door.identity.devices.remember("", eileen.id, label="Firefox", address="")
    visit.client.set_cookie("countenance-device", known.token)
    return visit


@pytest.mark.parametrize("browser", [stranger, somebody_else])
def test_a_wrong_password_tells_nothing_of_the_name(door: Door, browser: Any) -> None:
    door.clock.advance(3600)  # nothing slows the first try down
    for tries in range(8):  # past the first throttling
        found = {
            kind: refused(
                door,
                browser(door),
                name,
                password=PASSWORD if "right" in kind else WRONG,
                address=f"10.{number}.{tries}.7",
            )
            for number, (kind, name) in enumerate(NAMES.items())
        }
        expected, cost = found["unknown"]
        for kind, (seen, work) in found.items():
            assert seen == expected, f"{kind}, try {tries}"
            assert work.hashes == cost.hashes, f"{kind}, try {tries}"
            assert work.statements == cost.statements, f"{kind}, try {tries}"
        if tries == 0:
            assert cost.hashes == 1


def test_the_count_sees_work_that_differs(door: Door) -> None:
    """The measurement itself: a right password costs other statements than a wrong one."""
    visit = door.visit()
    data = {"csrf_token": visit.token(), "name": "olga", "password": PASSWORD}
    with counted(door) as right:
        visit.client.post("/login", data=data)
    _, wrong = refused(door, door.visit(), "nobody-else")
    assert right.statements != wrong.statements
    assert wrong.hashes == 1
