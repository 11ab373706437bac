"""From a link to a password of one's own and on to the face."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from countenance.identity.interfaces import User
from countenance.identity.permissions import Role
from tests.fakes.doors import SESSION, Door, Visit, open_door

OWN = "four green kites"


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path)


@pytest.fixture
def visit(door: Door) -> Visit:
    return door.visit_as(door.administrator())


def told(page: str, name: str = "secret") -> str:
    found = re.search(rf"data-{name}>([^<]+)<", page)
    assert found
    return found[1]


def invited(visit: Visit, role: str = "operator") -> str:
    """The answer to inviting `grace`."""
    answer = visit.post(
        "/people/add", name="grace", display_name="Grace Hopper", role=role, way="link"
    )
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.text


def test_an_invited_person_chooses_the_password_and_enrols(door: Door, visit: Visit) -> None:
    page = invited(visit)
    code = told(page)
    assert told(page, "link") == f"http://localhost/invite#{code}"
    hers = door.visit()
    assert 'name="code"' in hers.get("/invite").text
    asked = hers.post("/invite", code=code.lower())
    assert "Hello, Grace Hopper" in asked.text
    differ = hers.post("/invite", code=code, password=OWN, again="four")
    assert differ.status_code == 422
    weak = hers.post("/invite", code=code, password="short", again="short")
    assert "too short" in weak.text
    assert hers.post("/invite", code=code, password=OWN, again=OWN).location == "/enrol"
    hers.agree()
    assert hers.ask("/enrol/ticket").status_code == 200
    assert hers.post("/invite", code=code).status_code == 403
    assert door.visit().password("grace", OWN).location == "/enrol"
    grace = door.identity.users.find("grace")
    assert grace is not None
    assert grace.role is Role.OPERATOR


def test_no_page_and_no_address_shows_the_code_again(visit: Visit, door: Door) -> None:
    code = told(invited(visit))
    grace = door.identity.users.find("grace")
    assert grace is not None
    for path in ("/people", f"/people/{grace.id}", "/attempts"):
        assert code not in visit.get(path).text
    assert "No password yet" in visit.get("/people").text


def test_a_reset_gives_a_link_and_takes_the_old_password(door: Door, visit: Visit) -> None:
    grace = door.viewer()
    hers = door.visit_as(grace)
    visit.confirm(door, "people.password", user_id=grace.id)
    code = told(visit.post(f"/people/{grace.id}/password").text)
    assert hers.get("/").status_code == 302
    assert door.visit().password("grace").status_code == 403
    asked = hers.post("/invite", code=code)
    assert "Then you go on to the login" in asked.text
    # The face that is enrolled stays what it was: a link alone opens nothing.
    assert hers.post("/invite", code=code, password=OWN, again=OWN).location == "/login/face"


def test_whoever_was_logged_in_here_is_logged_out(door: Door, visit: Visit) -> None:
    """An administrator who tries the link does not go on as themselves, nor mixed up."""
    code = told(invited(visit))
    token = visit.cookie(SESSION)
    assert visit.post("/invite", code=code, password=OWN, again=OWN).location == "/enrol"
    assert door.identity.sessions.find(token) is None
    assert visit.cookie(SESSION) == ""


@pytest.mark.parametrize("code", ["", "AAAAA-AAAAA-AAAAA-AAAAA", "\0"])
def test_a_wrong_code_says_what_to_do_and_nothing_of_anybody(
    door: Door, visit: Visit, code: str
) -> None:
    invited(visit)
    for fields in ({}, {"password": OWN, "again": OWN}):
        answer = door.visit().post("/invite", code=code, **fields)
        assert answer.status_code == 403
        assert "not right, used or expired" in answer.text
        assert "Grace" not in answer.text


def test_a_temporary_password_can_still_be_given(door: Door, visit: Visit) -> None:
    answer = visit.post("/people/add", name="grace", role="viewer", way="password")
    assert "Temporary password" in answer.text
    assert "data-link" not in answer.text
    assert door.visit().password("grace", told(answer.text)).location == "/login/password"


def test_a_disabled_person_is_offered_no_link(door: Door, visit: Visit) -> None:
    grace: User = door.viewer()
    door.identity.users.set_enabled(grace.id, enabled=False, actor=None)
    assert "Give a link" not in visit.get(f"/people/{grace.id}").text
    visit.confirm(door, "people.password", user_id=grace.id)
    assert visit.post(f"/people/{grace.id}/password").status_code == 404
