"""A face enrolled for somebody else, from the camera of one person to the yes of another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from countenance.events import Tag
from countenance.identity.interfaces import User
from countenance.identity.permissions import Role
from tests.fakes.cameras import Camera, close_all
from tests.fakes.doors import PASSWORD, Door, Visit, open_door
from tests.fakes.recognition import face_of, painted
from tests.fakes.servers import serving

NEW = painted(3)


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path)


@pytest.fixture
def host(door: Door) -> Iterator[str]:
    with serving(door.app) as host:
        yield host


@pytest.fixture
def grace(door: Door) -> User:
    door.administrator()
    return door.viewer("grace", face=None)


@pytest.fixture
def officer(door: Door, grace: User) -> Visit:
    return door.visit_as(door.user("olga", role=Role.OFFICER))


def show(door: Door, host: str, visit: Visit, ticket_path: str, image: bytes) -> dict[str, Any]:
    """Sit before the camera until the verdict."""
    answer = visit.ask(ticket_path)
    assert answer.json is not None
    camera = Camera(host, visit, answer.json["ticket"])
    camera.hear()
    for _ in range(60):
        door.clock.advance(0.5)
        reply = camera.show(image)
        if reply["type"] == "verdict":
            return reply
        if reply["progress"][0] == reply["progress"][1]:
            break
    return camera.hear()


def enrolled(door: Door, host: str, officer: Visit, user: User) -> str:
    """Enrol the new face for somebody; what the page then says."""
    assert officer.post(f"/people/{user.id}/enrol", password=PASSWORD).location == "/enrol"
    officer.agree()
    assert show(door, host, officer, "/enrol/ticket", NEW)["granted"] is True
    assert officer.post("/enrol/complete").location == f"/people/{user.id}"
    return officer.get(f"/people/{user.id}").text


def waiting(door: Door, user: User) -> str:
    face = door.identity.pending_faces.find(user.id)
    return face.id if face else ""


def test_the_new_face_is_refused_until_another_person_approves(
    door: Door, host: str, grace: User, officer: Visit
) -> None:
    door.identity.vault.store(grace.id, face_of(2), actor=None)
    page = enrolled(door, host, officer, grace)
    assert "Waits for approval" in page
    assert "another person has to approve it" in page
    assert ">Approve<" not in page

    hers = door.visit()
    assert hers.password("grace").location == "/login/new-face"
    assert hers.post("/login/new-face", answer="later").location == "/login/face"
    refused = show(door, host, hers, "/login/face/ticket", NEW)
    assert (refused["granted"], refused["reason"]) == (False, "not_confirmed")

    officer.confirm(door, "people.face.approve", user_id=grace.id)
    own = officer.post(f"/people/{grace.id}/face/approve", face=waiting(door, grace))
    assert own.status_code == 302
    assert "Nobody approves the own face" in officer.get(f"/people/{grace.id}").text
    assert waiting(door, grace)

    eileen = door.identity.users.find("eileen")
    assert eileen is not None
    second = door.visit_as(eileen)
    assert "One new face waits" in second.get("/people").text
    assert "Grace" in second.get("/people?face=pending").text
    second.confirm(door, "people.face.approve", user_id=grace.id)
    second.post(f"/people/{grace.id}/face/approve", face=waiting(door, grace))
    again = door.visit()
    assert again.password("grace").location == "/login/face"
    assert show(door, host, again, "/login/face/ticket", NEW)["granted"] is True
    tags = [e.tag for e in door.identity.audit.list_events(subject_id=grace.id)]
    assert Tag.FACE_PROPOSED in tags
    assert Tag.FACE_APPROVED in tags


def test_its_owner_lets_it_count_at_the_next_login(
    door: Door, host: str, grace: User, officer: Visit
) -> None:
    enrolled(door, host, officer, grace)
    hers = door.visit()
    assert hers.password("grace").location == "/login/new-face"
    asked = hers.get("/login/new-face").text
    assert "Olga enrolled a face for you" in asked
    answer = hers.post("/login/new-face", answer="mine", face=waiting(door, grace))
    assert answer.location == "/login/face"
    assert show(door, host, hers, "/login/face/ticket", NEW)["granted"] is True


@pytest.fixture
def proposed(door: Door, grace: User) -> str:
    """Id of a face of grace that the administrator enrolled."""
    eileen = door.identity.users.find("eileen")
    assert eileen is not None
    door.identity.pending_faces.propose(grace.id, face_of(3), actor=eileen.id)
    return waiting(door, grace)


def test_the_way_without_a_face_works_meanwhile(door: Door, grace: User, proposed: str) -> None:
    code = door.identity.login_codes.issue(grace.id, actor=None)
    hers = door.visit()
    hers.password("grace")
    assert hers.post("/login/code", code=code).location == "/"
    assert "enrolled a new face for you" in hers.get("/account").text


def test_its_owner_erases_it_and_enrols_the_own(door: Door, grace: User, proposed: str) -> None:
    hers = door.visit()
    hers.password("grace")
    answer = hers.post("/login/new-face", answer="not_mine", face=proposed)
    assert answer.location == "/enrol"
    assert waiting(door, grace) == ""
    assert door.identity.users.get(grace.id).face is None
    assert len(door.identity.audit.list_events(tags=(Tag.FACE_REJECTED,))) == 1


def test_on_the_account_it_takes_the_password(door: Door, grace: User, proposed: str) -> None:
    hers = door.visit_as(grace)
    wrong = hers.post("/account/new-face", answer="mine", face=proposed, password="nope")
    assert wrong.status_code == 422
    assert waiting(door, grace)
    hers.post("/account/new-face", answer="mine", face=proposed, password=PASSWORD)
    assert door.identity.users.get(grace.id).face is not None
    assert hers.get("/account/new-face").location == "/account"


def test_without_the_password_nobody_is_asked(door: Door, grace: User, proposed: str) -> None:
    answer = door.visit().post("/login/new-face", answer="mine", face=proposed)
    assert answer.location == "/login"
    assert waiting(door, grace)


def test_an_enrolment_begun_for_somebody_is_no_password_of_theirs(
    door: Door, grace: User, officer: Visit, proposed: str
) -> None:
    officer.post(f"/people/{grace.id}/enrol", password=PASSWORD)
    answer = officer.post("/login/new-face", answer="mine", face=proposed)
    assert answer.location == "/login"
    assert waiting(door, grace)


def test_whoever_enrolled_it_may_withdraw_it(door: Door, grace: User, proposed: str) -> None:
    eileen = door.identity.users.find("eileen")
    assert eileen is not None
    visit = door.visit_as(eileen)
    assert ">Withdraw<" in visit.get(f"/people/{grace.id}").text
    visit.post(f"/people/{grace.id}/face/reject", face=proposed)
    assert waiting(door, grace) == ""
    visit.post(f"/people/{grace.id}/face/reject", face=proposed)
    assert "waits no longer" in visit.get(f"/people/{grace.id}").text


def test_second_factors_are_removed_by_whoever_may_reset(door: Door, grace: User) -> None:
    eileen = door.identity.users.find("eileen")
    assert eileen is not None
    door.identity.recovery_codes.make(grace.id)
    hers, visit = door.visit_as(grace), door.visit_as(eileen)
    visit.confirm(door, "people.factors", user_id=grace.id)
    assert "recovery codes" in visit.get(f"/people/{grace.id}/factors").text
    visit.post(f"/people/{grace.id}/factors")
    assert door.identity.recovery_codes.left(grace.id) is None
    assert hers.get("/").status_code == 302
    visit.confirm(door, "people.factors", user_id=grace.id)
    assert "has set up nothing" in visit.get(f"/people/{grace.id}/factors").text
