"""Recorded sessions sent again to a real server: refused, whoever sends them, whatever for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from countenance.events import Tag
from countenance.images.codec import encode_jpeg
from countenance.images.image import Image
from tests.fakes.cameras import Camera, close_all
from tests.fakes.doors import Door, Visit, open_door
from tests.fakes.servers import serving


def session(seed: int, *, person: int = 1, frames: int = 10) -> list[bytes]:
    """Good frames of a painted person, each with noise of its own."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(-6, 7, (frames, 48, 64, 1))
    pictures = np.repeat(40 * person + noise, 3, axis=3).clip(0).astype(np.uint8)
    return [encode_jpeg(Image(picture), quality=95) for picture in pictures]


@pytest.fixture
def door(tmp_path: Path) -> Door:
    door = open_door(tmp_path)
    door.recognition.tells_frames = True
    door.administrator(face=1)
    return door


@pytest.fixture
def host(door: Door) -> Iterator[str]:
    with serving(door.app) as host:
        yield host
    close_all()


def send(host: str, visit: Visit, images: list[bytes], *, path: str = "/login/face") -> bool:
    """One capture of a browser that may begin one; whether it was granted."""
    answer = visit.ask(f"{path}/ticket")
    assert answer.json is not None
    camera = Camera(host, visit, str(answer.json["ticket"]))
    camera.hear()
    verdict = camera.show_all(images)
    assert verdict["type"] == "verdict"
    return bool(verdict["granted"])


def log_in(door: Door, host: str, images: list[bytes], *, name: str = "eileen") -> bool:
    visit = door.visit()
    visit.password(name)
    return send(host, visit, images)


def refusals(door: Door) -> list[str]:
    rows = door.identity.audit.list_events(tags=(Tag.LOGIN_REFUSED, Tag.FACE_ENROLMENT_REFUSED))
    return [row.details["reason"] for row in rows]


def test_a_login_that_is_sent_again_is_refused(door: Door, host: str) -> None:
    assert log_in(door, host, session(1))
    assert not log_in(door, host, session(1))
    assert refusals(door) == ["replayed"]
    assert log_in(door, host, session(2))


def test_one_frame_of_an_earlier_login_is_enough(door: Door, host: str) -> None:
    assert log_in(door, host, session(1))
    assert not log_in(door, host, [*session(2)[:9], session(1)[4]])
    (suspected,) = door.identity.audit.list_events(tags=(Tag.CAPTURE_SUSPECTED,))
    assert suspected.details == {"purpose": "login", "replayed": "1 of 10 frames"}


def test_it_does_not_matter_for_whom_it_was_sent_nor_whether_it_was_granted(
    door: Door, host: str
) -> None:
    door.viewer("grace", face=2)
    assert not log_in(door, host, session(1, frames=45), name="grace")
    assert not log_in(door, host, session(1))
    assert refusals(door) == ["replayed", "not_matched"]


def enrol(door: Door, host: str, images: list[bytes]) -> str | None:
    """Enrol the own face for the first time; why not, or None."""
    visit = door.visit()
    assert visit.password("grace").location == "/enrol"
    visit.agree()
    answer = visit.ask("/enrol/ticket")
    assert answer.json is not None
    camera = Camera(host, visit, str(answer.json["ticket"]))
    camera.hear()
    for image in images:
        door.clock.advance(0.5)
        reply = camera.show(image)
        if reply["progress"][0] == reply["progress"][1]:
            break
    verdict = camera.hear()
    return None if verdict["granted"] else str(verdict["reason"])


def test_an_enrolment_cannot_be_sent_again_nor_a_login_be_enrolled(door: Door, host: str) -> None:
    door.viewer("grace", face=None)
    assert log_in(door, host, session(1))
    assert enrol(door, host, [*session(1), *session(2, frames=80)]) == "replayed"
    assert enrol(door, host, session(3, frames=80)) is None
    assert not log_in(door, host, session(3))
    assert refusals(door) == ["replayed", "replayed"]


def test_observed_only_it_is_written_down_and_nothing_else(tmp_path: Path) -> None:
    door = open_door(tmp_path, injection={"replay": "observe"})
    door.recognition.tells_frames = True
    door.administrator(face=1)
    with serving(door.app) as host:
        assert log_in(door, host, session(1))
        assert log_in(door, host, session(1))
        close_all()
    (suspected,) = door.identity.audit.list_events(tags=(Tag.CAPTURE_SUSPECTED,))
    assert suspected.details["replayed"] == "10 of 10 frames"
    assert refusals(door) == []


def test_frames_without_a_judged_face_are_no_recording(door: Door, host: str) -> None:
    """A covered lens sends the same black each time."""
    black = session(9, person=0, frames=3)
    assert log_in(door, host, [*black, *session(1)])
    assert log_in(door, host, [*black, *session(2)])
