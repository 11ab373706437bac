"""A known camera over the connection, with a painted engine: who teaches it, and whom it serves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from countenance.identity.interfaces import User
from countenance.pad.camera import LEAST_FRAMES
from tests.fakes.cameras import Camera, close_all
from tests.fakes.doors import DEVICE, PASSWORD, Door, Visit, open_door
from tests.fakes.recognition import Seen, painted
from tests.fakes.servers import serving
from tests.integration.test_challenge_socket import MADE, OPPOSITE, Scene

FRAME, WIDE = painted(1), painted(1, width=96)
MARK, OTHER_MARK = "ab" * 32, "cd" * 32
LOW = 0.5
"""Log-odds of a camera at which people just pass: far below the usual 5, above the threshold 0."""
TOO_LOW = -1.0
"""Refused at the default threshold, bona fide at that camera once it is known."""
FAR_TOO_LOW = -3.0
"""Refused whatever is known: beyond every bound."""


@dataclass
class House:
    """A door, its server, and one browser."""

    door: Door
    host: str
    visit: Visit
    mark: str = MARK

    def capture(self, visit: Visit, *, name: str = "eileen", mark: str | None = None) -> Camera:
        visit.password(name)
        answer = visit.ask("/login/face/ticket")
        assert answer.json is not None
        given = self.mark if mark is None else mark
        camera = Camera(self.host, visit, str(answer.json["ticket"]), mark=given)
        assert camera.hear()["type"] == "ready"
        return camera

    def log_in(self, *, log_odds: float = LOW, completes: bool = True) -> dict[str, Any]:
        """Good frames and moves of that value, then the session."""
        scene = Scene(self.door, self.capture(self.visit), straight=Seen(log_odds=log_odds))
        verdict = scene.answering(lambda prompt: replace(MADE[prompt], log_odds=log_odds))
        if completes and verdict["granted"]:
            assert self.visit.post(verdict["next"]).location == "/"
            self.visit.post("/logout")
        return verdict

    def is_taken(self, log_odds: float, image: bytes = FRAME, **capture: Any) -> bool:
        """Whether a frame of that value counts as bona fide in a new login."""
        self.door.recognition.see = lambda _image: Seen(log_odds=log_odds)
        camera = self.capture(capture.pop("visit", self.visit), **capture)
        reply = camera.show(image)
        camera.close()
        return bool(reply["good"])

    def known(self) -> int:
        """Logins that have taught cameras of the user."""
        user = self.door.identity.users.find("eileen")
        assert user is not None
        cameras = self.door.identity.cameras.list_cameras(user.id)
        return sum(camera.scores.logins for camera in cameras)


def opened(home: Path, **groups: dict[str, Any]) -> Iterator[House]:
    door = open_door(home, **{"login": {"policy": "standard"}, **groups})
    door.administrator(face=1)
    with serving(door.app) as host:
        yield House(door, host, door.visit())
        close_all()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    yield from opened(tmp_path)


def test_moves_that_were_made_teach_the_camera_and_the_next_login_gains(house: House) -> None:
    assert not house.is_taken(TOO_LOW)
    assert house.log_in()["granted"]
    assert house.known() == 1
    assert house.is_taken(TOO_LOW)
    assert not house.is_taken(FAR_TOO_LOW), "the bounds hold"
    assert house.log_in()["granted"]
    assert house.known() == 2


def test_a_camera_that_flatters_everybody_becomes_stricter(house: House) -> None:
    assert house.is_taken(1.0)
    house.log_in(log_odds=7.5)
    assert not house.is_taken(1.0)
    assert house.is_taken(4.0)


def test_a_login_that_is_not_completed_teaches_nothing(house: House) -> None:
    assert house.log_in(completes=False)["granted"]
    assert house.known() == 0
    assert not house.is_taken(TOO_LOW)


def test_a_refused_login_teaches_nothing(house: House) -> None:
    scene = Scene(house.door, house.capture(house.visit), straight=Seen(log_odds=LOW))
    cameras = type(house.door.identity.cameras)
    with mock.patch.object(cameras, "propose", autospec=True) as proposed:
        verdict = scene.answering(lambda prompt: replace(MADE[OPPOSITE[prompt]], log_odds=LOW))
    assert verdict["granted"] is False
    proposed.assert_not_called()  # a later try of the same transaction must not confirm it
    house.visit.post("/login/complete")
    assert house.known() == 0
    assert not house.is_taken(TOO_LOW)


def test_good_frames_alone_teach_nothing(tmp_path: Path) -> None:
    for house in opened(tmp_path, login={"policy": "passive", "frames": 2 * LEAST_FRAMES}):
        house.door.recognition.see = lambda _image: Seen(log_odds=LOW)
        verdict = house.capture(house.visit).show_all([FRAME] * 2 * LEAST_FRAMES)
        assert house.visit.post(verdict["next"]).location == "/"
        assert house.known() == 0


def test_an_unknown_browser_gets_the_default(house: House) -> None:
    house.log_in()
    assert not house.is_taken(TOO_LOW, visit=house.door.visit())


def test_a_stolen_device_token_serves_no_other_user(house: House) -> None:
    house.log_in()
    house.door.viewer("mallory", face=1)
    thief = house.door.visit()
    thief.client.set_cookie(DEVICE, house.visit.cookie(DEVICE))
    assert not house.is_taken(TOO_LOW, visit=thief, name="mallory")


def test_a_device_token_copied_before_the_last_login_is_worth_nothing(house: House) -> None:
    house.log_in()
    thief = house.door.visit()
    thief.client.set_cookie(DEVICE, house.visit.cookie(DEVICE))
    house.log_in()
    assert not house.is_taken(TOO_LOW, visit=thief)


def test_another_camera_gets_the_default(house: House) -> None:
    house.log_in()
    for mark in ("", OTHER_MARK, "not%20a%20mark" * 300):
        assert not house.is_taken(TOO_LOW, mark=mark)
    assert not house.is_taken(TOO_LOW, WIDE)
    assert house.is_taken(TOO_LOW)


def test_a_camera_that_changes_midway_falls_back_to_the_default_and_teaches_nothing(
    house: House,
) -> None:
    house.log_in()
    house.door.recognition.see = lambda _image: Seen(log_odds=TOO_LOW)
    camera = house.capture(house.visit)
    assert camera.show(FRAME)["good"]
    assert not camera.show(WIDE)["good"]
    assert not camera.show(FRAME)["good"]
    camera.close()


def test_another_detector_begins_anew(house: House) -> None:
    house.log_in()
    house.door.recognition.fingerprint = "b" * 64
    assert not house.is_taken(TOO_LOW)


def test_the_owner_and_the_administrator_read_that_a_camera_is_known_and_no_number_of_it(
    house: House,
) -> None:
    user = house.door.identity.users.find("eileen")
    assert user is not None
    house.log_in()
    (device,) = house.door.identity.devices.list_devices(user.id)
    visit = house.door.visit_as(user)
    own = visit.get(f"/account/devices/{device.id}").text
    assert "64 x 48 is known from 1 login" in own
    assert "knows 1 camera" in visit.get(f"/people/{user.id}").text
    assert str(LOW) not in own
    house.door.recognition.fingerprint = "b" * 64
    assert "not known yet" in visit.get(f"/account/devices/{device.id}").text


def test_it_can_be_turned_off(tmp_path: Path) -> None:
    for house in opened(tmp_path, engine={"pad_calibration": "off"}):
        house.log_in()
        assert house.known() == 0
        assert not house.is_taken(TOO_LOW)


def test_a_forgotten_device_and_an_erased_face_take_it_along(house: House) -> None:
    user = house.door.identity.users.find("eileen")
    assert user is not None
    house.log_in()
    (device,) = house.door.identity.devices.list_devices(user.id)
    house.door.identity.devices.forget(device.id, user.id, actor=user.id)
    assert house.known() == 0
    house.log_in()
    assert house.known() == 1
    house.door.identity.vault.erase(user.id, actor=user.id)
    assert house.known() == 0


def test_no_reply_tells_of_the_camera(house: House) -> None:
    before = house.capture(house.visit)
    house.door.recognition.see = lambda _image: Seen(log_odds=LOW)
    plain = before.show(FRAME)
    before.close()
    house.log_in()
    house.door.recognition.see = lambda _image: Seen(log_odds=LOW)
    after = house.capture(house.visit)
    assert after.show(FRAME) == plain
    after.close()


def enrol(house: House, visit: Visit) -> None:
    """Sit for an enrolment at a camera that scores low."""
    house.door.recognition.see = lambda _image: Seen(log_odds=LOW)
    visit.agree()
    answer = visit.ask("/enrol/ticket")
    assert answer.json is not None
    camera = Camera(house.host, visit, answer.json["ticket"], mark=MARK)
    camera.hear()
    reply: dict[str, Any] = {}
    for _ in range(60):
        house.door.clock.advance(0.5)
        reply = camera.show(FRAME)
        if reply["type"] == "frame" and reply["progress"][0] == reply["progress"][1]:
            reply = camera.hear()
        if reply["type"] == "verdict":
            break
    assert reply["granted"], reply
    visit.post("/enrol/complete")


def known_here(house: House, user: User, visit: Visit) -> None:
    """Make this browser known to the user."""
    known = house.door.identity.devices.remember(visit.cookie(DEVICE), user.id, label="Desk")
    visit.client.set_cookie(DEVICE, known.token)


def test_an_enrolment_that_an_administrator_watched_teaches_the_persons_device(
    house: House,
) -> None:
    eileen = house.door.identity.users.find("eileen")
    assert eileen is not None
    grace = house.door.viewer("grace", face=None)
    desk = house.door.visit_as(eileen)
    desk.post(f"/people/{grace.id}/enrol", password=PASSWORD)
    enrol(house, desk)
    assert house.door.identity.cameras.list_cameras(grace.id) == (), "not a device of hers yet"
    known_here(house, grace, desk)
    desk.post(f"/people/{grace.id}/enrol", password=PASSWORD)
    enrol(house, desk)
    assert len(house.door.identity.cameras.list_cameras(grace.id)) == 1


def test_an_enrolment_alone_teaches_nothing(house: House) -> None:
    eileen = house.door.identity.users.find("eileen")
    assert eileen is not None
    desk = house.door.visit_as(eileen)
    known_here(house, eileen, desk)
    desk.post("/account/face", password=PASSWORD)
    enrol(house, desk)
    assert house.known() == 0
