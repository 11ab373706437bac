"""The moves over the camera connection, with a painted engine: what is told, when, and what not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from countenance.ceremony.challenge import ChallengePolicy, Move
from countenance.ceremony.evidence import Hint
from countenance.events import Tag
from countenance.geometry.planarity import Planarity
from countenance.images.image import Image
from countenance.settings import LOGIN_POLICIES
from tests.fakes.cameras import Camera, close_all
from tests.fakes.doors import Door, open_door
from tests.fakes.recognition import Seen, painted
from tests.fakes.servers import serving

FRAME = painted(1)
HEAD = Planarity(
    rms=0.08, off_plane_share=0.6, points=80, depth=0.3, bulge=0.2, off_sheet_share=0.6, skew=0.03
)
FLAT = Planarity(
    rms=0.01,
    off_plane_share=0.05,
    points=110,
    depth=0.03,
    bulge=0.02,
    off_sheet_share=0.8,
    skew=0.03,
)
STRAIGHT = Seen()
BOX = STRAIGHT.box_xyxy
MOVES = ChallengePolicy().moves
YAW_DEG = 28.0
FRAME_S = 0.1


def scaled(factor: float) -> Seen:
    return Seen(box_xyxy=(BOX[0], BOX[1], BOX[0] + factor * (BOX[2] - BOX[0]), BOX[3]))


MADE = {
    Move.TURN_LEFT.value: Seen(yaw_deg=YAW_DEG, hint=Hint.TURNED, planarity=HEAD),
    Move.TURN_RIGHT.value: Seen(yaw_deg=-YAW_DEG, hint=Hint.TURNED, planarity=HEAD),
    Move.MOVE_CLOSER.value: replace(scaled(1.3), hint=Hint.TOO_LARGE),
    Move.MOVE_BACK.value: replace(scaled(0.75), hint=Hint.TOO_SMALL),
}
OPPOSITE = {
    Move.TURN_LEFT.value: Move.TURN_RIGHT.value,
    Move.TURN_RIGHT.value: Move.TURN_LEFT.value,
    Move.MOVE_CLOSER.value: Move.MOVE_BACK.value,
    Move.MOVE_BACK.value: Move.MOVE_CLOSER.value,
}


@dataclass
class Scene:
    """Somebody before the camera of one door, frame by frame."""

    door: Door
    camera: Camera
    now: Seen = STRAIGHT
    straight: Seen = STRAIGHT
    """How somebody looks who looks straight ahead."""
    engine_s: float = 0.0
    """How long the engine looks at each frame."""
    replies: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.door.recognition.see = self._look

    def _look(self, _image: Image) -> Seen:
        self.door.clock.advance(self.engine_s)
        return self.now

    def show(self, seen: Seen) -> dict[str, Any]:
        self.now = seen
        self.door.clock.advance(FRAME_S)
        reply = self.camera.show(FRAME)
        self.replies.append(reply)
        return reply

    def until_asked(self) -> dict[str, Any]:
        """Look straight ahead until a move is asked for, or it is over."""
        for _ in range(100):
            reply = self.show(self.straight)
            if reply["type"] == "verdict" or reply["prompt"] in MADE:
                return reply
        raise AssertionError("no move was asked for")

    def answering(self, answer: Callable[[str], Seen]) -> dict[str, Any]:
        """Go on until the verdict; `answer` says how a prompt is taken."""
        seen = self.straight
        for _ in range(400):
            reply = self.show(seen)
            if reply["type"] == "verdict":
                return reply
            prompt = reply["prompt"]
            # Two frames of reaction, as the first answer would come too early to be one.
            is_new = prompt in MADE and self.replies[-2]["prompt"] != prompt
            seen = answer(prompt) if prompt in MADE and not is_new else self.straight
        raise AssertionError("no verdict came")

    def reasons(self) -> list[str]:
        rows = self.door.identity.audit.list_events(tags=(Tag.LOGIN_REFUSED,))
        return [row.details["reason"] for row in rows]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """An open capture of a login that asks for moves."""
    door = open_door(tmp_path, login={"policy": "standard"})
    door.administrator(face=1)
    visit = door.visit()
    visit.password()
    with serving(door.app) as host:
        answer = visit.ask("/login/face/ticket")
        assert answer.json is not None
        camera = Camera(host, visit, str(answer.json["ticket"]))
        assert camera.hear()["time_limit_s"] == LOGIN_POLICIES["standard"]
        yield Scene(door, camera)
        close_all()


def test_good_frames_and_moves_made_as_asked_are_granted(scene: Scene) -> None:
    verdict = scene.answering(lambda prompt: MADE[prompt])
    assert verdict["granted"] is True
    moves = [tuple(reply["moves"]) for reply in scene.replies[:-1] if reply["moves"]]
    assert sorted(set(moves)) == [(made, MOVES) for made in range(MOVES + 1)]
    assert moves == sorted(moves)
    assert scene.reasons() == []


def test_one_move_is_told_at_a_time_and_only_once_the_face_has_settled(scene: Scene) -> None:
    policy = ChallengePolicy()
    asked = scene.until_asked()
    before = scene.replies[:-1]
    assert len(before) >= 10 + policy.settle_frames - 1
    assert {reply["prompt"] for reply in before} == {None}
    others = set(MADE) - {asked["prompt"]}
    assert not others & set(str(scene.camera.said).replace("'", " ").split())


def test_how_far_a_turn_has_come_is_told_and_no_hint_speaks_against_it(scene: Scene) -> None:
    asked = scene.until_asked()
    while asked["prompt"] not in ("turn_left", "turn_right"):
        scene.show(STRAIGHT)
        assert scene.show(replace(STRAIGHT, hint=Hint.TOO_LARGE))["hint"] == "hold_still"
        scene.show(MADE[asked["prompt"]])
        asked = scene.until_asked()
    full = MADE[asked["prompt"]]
    scene.show(STRAIGHT)
    reply = scene.show(replace(full, yaw_deg=full.yaw_deg / 2.8, hint=Hint.TURNED))
    assert (reply["prompt"], reply["hint"]) == (asked["prompt"], "hold_still")
    assert reply["reach"] == pytest.approx(0.5)
    assert scene.show(replace(STRAIGHT, face_count=2))["hint"] == "several_faces"
    assert scene.show(replace(STRAIGHT, hint=Hint.TOO_DARK))["hint"] == "too_dark"


def test_between_moves_a_turned_head_is_asked_to_look_straight_ahead(scene: Scene) -> None:
    scene.until_asked()
    for _ in range(2):
        scene.show(STRAIGHT)
    while scene.replies[-1]["moves"] == [0, MOVES]:
        scene.show(MADE[scene.replies[-1]["prompt"]])
    reply = scene.show(replace(STRAIGHT, yaw_deg=14.0))
    assert reply["prompt"] == "look_straight"
    assert scene.show(STRAIGHT)["prompt"] is None


@pytest.mark.parametrize(
    ("answer", "reason", "public"),
    [
        (lambda prompt: MADE[OPPOSITE[prompt]], "challenge_wrong", "not_confirmed"),
        (lambda _prompt: STRAIGHT, "challenge_unanswered", "too_slow"),
    ],
    ids=["another move", "no move"],
)
def test_whoever_does_not_follow_gets_one_more_try_and_is_refused(
    scene: Scene, answer: Callable[[str], Seen], reason: str, public: str
) -> None:
    verdict = scene.answering(answer)
    assert (verdict["granted"], verdict["reason"]) == (False, public)
    assert scene.reasons() == [reason]
    begun = [bool(reply["moves"]) for reply in scene.replies[:-1]]
    assert sum(now and not before for before, now in pairwise(begun)) == 2


def test_a_turn_without_depth_is_refused_at_once(scene: Scene) -> None:
    verdict = scene.answering(lambda prompt: replace(MADE[prompt], planarity=FLAT))
    assert (verdict["granted"], verdict["reason"]) == (False, "not_confirmed")
    assert scene.reasons() == ["flat_picture"]


def test_a_turn_that_was_under_way_when_the_move_was_told_counts_as_wrong_however_slow_the_engine(
    scene: Scene,
) -> None:
    """The frame after was sent before its sender could have read the prompt."""
    scene.engine_s = 0.4
    asked = scene.until_asked()
    scene.now = MADE[asked["prompt"]]
    reply = scene.camera.show(FRAME)
    assert reply["moves"] is None
    assert reply["prompt"] is None


def test_no_reply_says_why_a_challenge_began_again(scene: Scene) -> None:
    scene.answering(lambda prompt: MADE[OPPOSITE[prompt]])
    keys = set().union(*(reply.keys() for reply in scene.camera.said[1:]))
    assert keys == {
        *("type", "sequence", "box", "hint", "prompt", "progress", "good", "reach", "moves"),
        *("colour", "colours"),
        *("credit", "granted", "reason", "next", "tries_left", "wait_s", "note"),
    }
    assert "wrong" not in str(scene.camera.said)
