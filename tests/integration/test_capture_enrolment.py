"""Enrolment over the camera connection: what is kept, what is refused, who is told what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from countenance.ceremony.evidence import Hint
from countenance.events import Tag
from countenance.identity.interfaces import TransactionState, User
from countenance.identity.models import TemplateKeyRow
from tests.fakes.cameras import Camera, close_all
from tests.fakes.doors import PASSWORD, PENDING, Door, Visit, open_door
from tests.fakes.recognition import Seen, painted
from tests.fakes.servers import serving

EILEEN, GRACE = painted(1), painted(2)


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


def begin(host: str, visit: Visit) -> Camera:
    visit.agree()
    answer = visit.ask("/enrol/ticket")
    assert answer.json is not None
    camera = Camera(host, visit, answer.json["ticket"])
    assert camera.hear()["frames_needed"] == 10
    return camera


def sit(door: Door, camera: Camera, image: bytes = EILEEN, *, frames: int = 60) -> dict[str, Any]:
    """Show one image, half a second apart, patient enough for every prompt; the verdict."""
    for _ in range(frames):
        door.clock.advance(0.5)
        reply = camera.show(image)
        if reply["progress"][0] == reply["progress"][1]:
            return camera.hear()
    return camera.hear()


@pytest.fixture
def newcomer(door: Door) -> Visit:
    """The browser of an administrator who has no face yet."""
    door.administrator(face=None)
    visit = door.visit()
    assert visit.password().location == "/enrol"
    return visit


def owner(door: Door) -> User:
    user = door.identity.users.find("eileen")
    assert user is not None
    return user


def test_ten_samples_become_a_template_and_the_way_leads_to_the_login(
    door: Door, host: str, newcomer: Visit
) -> None:
    camera = begin(host, newcomer)
    verdict = sit(door, camera)
    assert verdict["granted"] is True
    assert verdict["note"] is None
    face = owner(door).face
    assert face is not None
    assert (face.samples, face.pack) == (10, "fake/1")
    answer = newcomer.post("/enrol/complete")
    assert answer.location == "/login"
    page = newcomer.get("/login").text
    assert "Your face is enrolled. Log in with it now." in page
    assert newcomer.password().location == "/login/face"


def test_the_prompts_go_straight_left_right_straight(
    door: Door, host: str, newcomer: Visit
) -> None:
    camera = begin(host, newcomer)
    sit(door, camera)
    prompts = [reply["prompt"] for reply in camera.said if reply["type"] == "frame"]
    order = list(dict.fromkeys(prompts))
    assert order == ["look_straight", "turn_a_little_left", "turn_a_little_right"]
    assert prompts[-1] == "look_straight"


def test_a_frame_of_poor_quality_is_told_and_not_kept(
    door: Door, host: str, newcomer: Visit
) -> None:
    door.recognition.see = lambda _image: Seen(hint=Hint.TOO_DARK)
    camera = begin(host, newcomer)
    reply = camera.show(EILEEN)
    assert (reply["hint"], reply["good"], reply["progress"]) == ("too_dark", False, [0, 10])


def test_another_face_among_the_samples_is_not_kept_and_in_the_end_refused(
    door: Door, host: str, newcomer: Visit
) -> None:
    camera = begin(host, newcomer)
    door.clock.advance(1)
    assert camera.show(EILEEN)["good"] is True
    verdict = camera.show_all([GRACE] * 400)
    assert (verdict["granted"], verdict["reason"]) == (False, "face_changed")
    assert owner(door).face is None
    rows = door.identity.audit.list_events(tags=(Tag.FACE_ENROLMENT_REFUSED,))
    assert rows[0].details["reason"] == "face_changed"


def test_a_picture_is_not_enrolled_and_its_owner_is_told_why(
    door: Door, host: str, newcomer: Visit
) -> None:
    verdict = begin(host, newcomer).show_all([painted(1, attack=True)] * 400)
    assert verdict["reason"] == "presentation_attack"
    assert owner(door).face is None


def test_an_enrolment_that_breaks_off_stores_nothing(
    door: Door, host: str, newcomer: Visit
) -> None:
    camera = begin(host, newcomer)
    for _ in range(6):
        door.clock.advance(0.5)
        camera.show(EILEEN)
    camera.vanish()
    for _ in range(200):
        found = door.identity.transactions.find(newcomer.cookie(PENDING))
        assert found is not None
        if found.tries:
            break
        newcomer.get("/healthz")
    assert found.reason == "interrupted"
    assert found.state is TransactionState.PENDING
    assert owner(door).face is None
    assert sit(door, begin(host, newcomer))["granted"] is True


def renewing(door: Door) -> Visit:
    visit = door.visit_as(door.administrator(face=1))
    assert visit.post("/account/face", password=PASSWORD).location == "/enrol"
    return visit


def test_the_own_face_is_renewed_by_the_same_face(door: Door, host: str) -> None:
    visit = renewing(door)
    assert sit(door, begin(host, visit))["granted"] is True
    face = owner(door).face
    assert face is not None
    assert face.samples == 10
    assert visit.post("/enrol/complete").location == "/account"


def test_the_own_face_is_not_renewed_by_another(door: Door, host: str) -> None:
    """An unlocked computer must not be enough to put one's own face into the account."""
    visit = renewing(door)
    verdict = begin(host, visit).show_all([GRACE] * 400)
    assert (verdict["granted"], verdict["reason"]) == (False, "not_matched")
    face = owner(door).face
    assert face is not None
    assert face.samples == 5


def test_an_administrator_may_propose_a_face_and_it_is_written_down(door: Door, host: str) -> None:
    administrator = door.administrator(face=1)
    grace = door.viewer(face=2)
    visit = door.visit_as(administrator)
    visit.post(f"/people/{grace.id}/enrol", password=PASSWORD)
    assert sit(door, begin(host, visit), painted(3))["granted"] is True
    assert visit.post("/enrol/complete").location == f"/people/{grace.id}"
    rows = door.identity.audit.list_events(subject_id=grace.id, tags=(Tag.FACE_PROPOSED,))
    assert rows[0].actor_id == administrator.id


def test_a_face_enrolled_under_another_name_is_reported_without_the_name(
    door: Door, host: str
) -> None:
    administrator = door.administrator(face=1)
    grace = door.viewer(face=None)
    visit = door.visit()
    assert visit.password("grace").location == "/enrol"
    camera = begin(host, visit)
    verdict = sit(door, camera, EILEEN)
    assert (verdict["granted"], verdict["note"]) == (True, "duplicate")
    assert "ileen" not in str(camera.said)
    page = door.visit_as(administrator).get(f"/people/{grace.id}").text
    assert "looks like the one enrolled for" in page


def test_a_damaged_row_of_somebody_else_hides_no_other_duplicate(door: Door, host: str) -> None:
    door.administrator()
    door.viewer("bob", face=3)
    grace = door.viewer("grace", face=None)
    keys = TemplateKeyRow.__table__
    with door.identity._database.connection() as connection:
        bob = door.identity.users.find("bob")
        assert bob is not None
        connection.execute(keys.delete().where(keys.c.user_id == bob.id))
    visit = door.visit()
    assert visit.password("grace").location == "/enrol"
    verdict = sit(door, begin(host, visit), EILEEN)
    assert (verdict["granted"], verdict["note"]) == (True, "duplicate")
    assert door.recognition.searched == [1], "the administrator; nobody reads the row of bob"
    assert door.identity.users.get(grace.id).face is not None


def test_the_own_earlier_template_is_no_duplicate(door: Door, host: str) -> None:
    verdict = sit(door, begin(host, renewing(door)))
    assert verdict["note"] is None
