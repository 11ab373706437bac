"""What a client tells of its camera and its clock: it can count against a capture, never for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from countenance.events import Tag
from tests.contract.support import all_rows
from tests.fakes.cameras import Camera, close_all
from tests.fakes.doors import Door, open_door
from tests.fakes.recognition import painted
from tests.fakes.servers import serving

EILEEN = painted(1)
Begin = Callable[..., Camera]


@pytest.fixture(params=["observe", "block"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def door(tmp_path: Path, mode: str) -> Door:
    door = open_door(tmp_path, injection={"camera_metadata": mode})
    door.administrator(face=1)
    return door


@pytest.fixture
def begin(door: Door) -> Iterator[Begin]:
    """Begins a capture of a login."""
    with serving(door.app) as host:

        def begun() -> Camera:
            visit = door.visit()
            visit.password()
            answer = visit.ask("/login/face/ticket")
            assert answer.json is not None
            camera = Camera(host, visit, str(answer.json["ticket"]))
            assert camera.hear()["type"] == "ready"
            return camera

        yield begun
        close_all()


def told(camera: Camera, label: str, **more: Any) -> None:
    camera.socket.send(json.dumps({"type": "camera", "label": label, **more}))


def rows(door: Door, tag: Tag) -> list[dict[str, str]]:
    return [dict(row.details) for row in door.identity.audit.list_events(tags=(tag,))]


def test_a_program_in_place_of_a_camera_is_written_down_or_refused(
    door: Door, begin: Begin, mode: str
) -> None:
    camera = begin()
    told(camera, "Ada's OBS Virtual Camera", width=640, height=480, frame_rate=30)
    if mode == "block":
        verdict = camera.last()
        assert (verdict["granted"], verdict["reason"]) == (False, "not_confirmed")
        assert rows(door, Tag.LOGIN_REFUSED) == [{"reason": "virtual_camera"}]
    else:
        assert camera.show_all([EILEEN] * 10)["granted"] is True
    assert rows(door, Tag.CAPTURE_SUSPECTED) == [{"purpose": "login", "virtual_camera": "obs"}]
    # What somebody calls a device may be a name.
    assert not any("Ada's" in row for _, row in all_rows(door.settings.database_url))


@pytest.mark.parametrize("label", [None, "", "Integrated Camera (04f2:b6d9)"])
def test_any_other_label_and_none_at_all_change_nothing(
    door: Door, begin: Begin, label: str | None
) -> None:
    camera = begin()
    if label is not None:
        told(camera, label)
    assert camera.show_all([EILEEN] * 10)["granted"] is True
    assert rows(door, Tag.CAPTURE_SUSPECTED) == []


@pytest.mark.parametrize("mode", ["observe"], indirect=True)
@pytest.mark.parametrize(
    ("texts", "frames_before", "code"),
    [
        (["hello"], 0, "not_binary"),
        (['{"type":"camera","label":"x","deviceId":"7"}'], 0, "not_binary"),
        (['{"type":"camera","label":"x"}'] * 2, 0, "out_of_order"),
        (['{"type":"camera","label":"x"}'], 1, "out_of_order"),
        (["x" * 3000], 0, "too_large"),
    ],
)
def test_whatever_else_is_told_breaks_the_protocol(
    door: Door, begin: Begin, texts: list[str], frames_before: int, code: str
) -> None:
    camera = begin()
    for _ in range(frames_before):
        camera.show(EILEEN)
    for text in texts:
        camera.socket.send(text)
    camera.last()
    assert [reply["code"] for reply in camera.said if reply["type"] == "error"] == [code]
    assert rows(door, Tag.LOGIN_REFUSED) == [{"reason": "protocol"}]


@pytest.mark.parametrize("mode", ["observe"], indirect=True)
@pytest.mark.parametrize(
    ("times_ms", "found"), [([100, 130, 90], "backwards"), ([0, 31, 99_000], "ahead")]
)
def test_times_that_cannot_be_refuse(
    door: Door, begin: Begin, times_ms: list[int], found: str
) -> None:
    camera = begin()
    for at_ms in times_ms:
        camera.send(EILEEN, at_ms=at_ms)
        camera.hear()
    assert camera.last()["reason"] == "not_confirmed"
    assert rows(door, Tag.LOGIN_REFUSED) == [{"reason": "impossible_timing"}]
    assert rows(door, Tag.CAPTURE_SUSPECTED) == [{"purpose": "login", "impossible_timing": found}]


@pytest.mark.parametrize("mode", ["observe"], indirect=True)
def test_times_that_are_only_odd_are_written_down(door: Door, begin: Begin) -> None:
    camera = begin()
    for number in range(15):
        camera.send(painted(None), at_ms=2 * number)
        camera.hear()
    for number in range(10):
        camera.send(EILEEN, at_ms=100 + 33 * number + number % 2)
        reply = camera.hear()
    assert (camera.hear() if reply["type"] == "frame" else reply)["granted"] is True
    assert rows(door, Tag.CAPTURE_SUSPECTED) == [{"purpose": "login", "impossible_timing": "fast"}]
