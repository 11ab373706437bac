"""The colours over the camera connection, with a painted engine: what is told, when, what not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from countenance.ceremony.colour import ColourPolicy
from countenance.ceremony.colour_answer import FaceLight
from countenance.ceremony.palette import Colour, pull
from countenance.events import Tag
from countenance.images.image import Image
from countenance.settings import LOGIN_POLICIES, LoginSettings
from countenance.web.capture.make import MOVES_WITHOUT_COLOUR, login_policy
from tests.fakes.cameras import Camera, close_all
from tests.fakes.doors import Door, open_door
from tests.fakes.recognition import Seen, painted
from tests.fakes.servers import serving
from tests.integration.test_challenge_socket import FRAME_S, MADE, MOVES, STRAIGHT

FRAME = painted(1)
NO_LIGHT = (0.0, 0.0)


@dataclass
class Scene:
    """Somebody before a camera and a screen, frame by frame."""

    door: Door
    camera: Camera
    replies: list[dict[str, Any]] = field(default_factory=list)

    def show(self, seen: Seen) -> dict[str, Any]:
        def look(_image: Image) -> Seen:
            return seen

        self.door.recognition.see = look
        self.door.clock.advance(FRAME_S)
        self.replies.append(self.camera.show(FRAME))
        return self.replies[-1]

    def answer(self, *, strength: float) -> dict[str, Any]:
        """Make each move, then take on each colour; the verdict."""
        reply: dict[str, Any] = {"prompt": None, "colour": None}
        for _ in range(400):
            asked, before = reply["prompt"], self.replies[-2:-1]
            is_new = not before or before[0]["prompt"] != asked
            made = STRAIGHT if asked not in MADE or is_new else MADE[asked]
            towards = pull(Colour(reply["colour"])) if reply["colour"] else NO_LIGHT
            light = FaceLight((strength * towards[0], strength * towards[1]), NO_LIGHT)
            reply = self.show(replace(made, light=light))
            if reply["type"] == "verdict":
                return reply
        raise AssertionError("no verdict came")

    @property
    def colours(self) -> list[str | None]:
        """One for each stretch of replies that tell one colour."""
        told = [reply["colour"] for reply in self.replies if reply["type"] == "frame"]
        return [colour for colour, _ in groupby(told)]

    def reasons(self) -> list[str]:
        rows = self.door.identity.audit.list_events(tags=(Tag.LOGIN_REFUSED,))
        return [row.details["reason"] for row in rows]


@contextmanager
def a_scene(home: Path, *, wish: str = "", **login: str) -> Iterator[Scene]:
    """An open capture of a login under `strict`."""
    door = open_door(home, login={"policy": "strict", **login})
    door.administrator(face=1)
    visit = door.visit()
    visit.password()
    with serving(door.app) as host:
        answer = visit.ask("/login/face/ticket")
        assert answer.json is not None
        camera = Camera(host, visit, str(answer.json["ticket"]) + wish)
        assert camera.hear()["time_limit_s"] == LOGIN_POLICIES["strict"]
        yield Scene(door, camera)
        close_all()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with a_scene(tmp_path) as opened:
        yield opened


def test_a_face_that_takes_on_each_colour_is_granted(scene: Scene) -> None:
    assert scene.answer(strength=0.1)["granted"] is True
    told = scene.colours
    assert (told[0], told[-1], len(told)) == (None, None, ColourPolicy().steps + 2)
    assert all(colour in set(Colour) for colour in told[1:-1])
    assert scene.reasons() == []


def test_one_colour_is_told_at_a_time_after_the_moves(scene: Scene) -> None:
    scene.answer(strength=0.1)
    first = next(reply for reply in scene.replies if reply["colour"])
    assert (first["moves"], first["colours"]) == ([MOVES, MOVES], [0, 8])
    for reply in scene.replies[:-1]:
        named = [colour for colour in Colour if colour.value in str(reply)]
        assert len(named) == (1 if reply["colour"] else 0)


def test_a_face_that_keeps_its_colour_is_refused_and_told_about_the_light(scene: Scene) -> None:
    verdict = scene.answer(strength=0.0)
    assert (verdict["granted"], verdict["reason"]) == (False, "too_bright")
    assert scene.reasons() == ["colour_unseen"]


def test_a_face_that_takes_on_the_opposite_is_refused_like_any_other(scene: Scene) -> None:
    verdict = scene.answer(strength=-0.3)
    assert (verdict["granted"], verdict["reason"]) == (False, "not_confirmed")
    assert scene.reasons() == ["colour_ignored"]


@pytest.mark.parametrize(("setting", "moves"), [("moves", MOVES_WITHOUT_COLOUR), ("refuse", MOVES)])
def test_who_prefers_moves_gets_more_of_them_only_where_the_installation_says_so(
    tmp_path: Path, setting: str, moves: int
) -> None:
    with a_scene(tmp_path, wish="&colours=no", without_colour=setting) as scene:
        verdict = scene.answer(strength=0.0)
        assert verdict["granted"] is (setting == "moves")
        assert {tuple(r["moves"])[1] for r in scene.replies[:-1] if r["moves"]} == {moves}
        assert (set(scene.colours) == {None}) is (setting == "moves")


def test_the_wish_for_moves_changes_no_other_policy() -> None:
    for policy in ("passive", "standard"):
        settings = LoginSettings(policy=policy, without_colour="moves")
        assert login_policy(settings, wants_colours=False) == login_policy(settings)
