"""Moves before the real server: a person who answers, and everything that cannot.

The camera reads the prompts and plays frames of a real recording that answer them; all sessions
go over real sockets to one server process, some of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from countenance.biometrics.templates import Template
from countenance.bootstrap import Container, build
from countenance.ceremony.challenge import Move
from countenance.events import Tag
from countenance.identity.interfaces import Role, UserId
from countenance.settings import read_settings
from tests.harness.answering import AnsweringVisitor
from tests.harness.performers import (
    Actor,
    Film,
    Footage,
    Loop,
    Performer,
    Photo,
    contrary,
    deaf,
    read_footage,
)
from tests.harness.server import Server, free_port
from tests.harness.sessions import template_from

pytestmark = [pytest.mark.real_data, pytest.mark.timeout(400)]

PASSWORD = "seven calm herons by the weir"
PERSON, OTHER = "Apfol_real.webm", "Krzysiek354_real.mp4"
FRAMES = 90
"""Enough of each recording to hold turns to both sides."""
AT_A_TIME = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one session."""

    verdict: Mapping[str, Any]
    reasons: list[str]
    """Of the audit trail."""
    said: list[Mapping[str, Any]]


def a_film(moves: tuple[Move, ...]) -> Callable[[Footage, Footage], Performer]:
    return lambda person, _other: Film(Actor(person), moves)


ACTS: dict[str, Callable[[Footage, Footage], Performer]] = {
    "answers": lambda person, _other: Actor(person),
    "photo_turned": lambda person, _other: Photo(person, "turned"),
    "photo_bent": lambda person, _other: Photo(person, "bent"),
    "wrong_direction": lambda person, _other: Actor(person, understand=contrary),
    "film": a_film((Move.TURN_LEFT, Move.TURN_RIGHT, Move.MOVE_CLOSER)),
    "nothing": lambda person, _other: Actor(person, understand=deaf),
    "looped": lambda person, _other: Loop(person, start=0, length=22),
    "swapped": lambda person, other: Actor(person, turned=other),
}
WHY = {
    "photo_turned": {"challenge_unanswered", "presentation_attack"},
    # A bend makes the face narrower, which is what moving back looks like.
    "photo_bent": {
        "challenge_unanswered",
        "challenge_wrong",
        "flat_picture",
        "presentation_attack",
    },
    "wrong_direction": {"challenge_wrong"},
    # It may also never rest while it is asked to, or turn while its face is not judged yet.
    "film": {"challenge_wrong", "challenge_unanswered", "timed_out", "face_changed"},
    "nothing": {"challenge_unanswered"},
    "looped": {"challenge_unanswered"},
    "swapped": {"face_changed", "challenge_unanswered"},
}


@contextmanager
def served(home: Path) -> Iterator[Server]:
    """The product on that home, asking for moves, behind the proxy that its visitors play."""
    env = {"COUNTENANCE_LOGIN_POLICY": "standard", "COUNTENANCE_TRUSTED_PROXIES": "1"}
    server = Server(home, free_port(), env).start()
    try:
        yield server
    finally:
        server.stop()


@dataclass(frozen=True, slots=True)
class House:
    """A home in which every act has an account, all with the same face."""

    container: Container
    users: Mapping[str, UserId]

    def reasons(self, act: str) -> list[str]:
        """Why that one was refused, by the audit trail."""
        rows = self.container.identity.audit.list_events(
            subject_id=self.users[act], tags=(Tag.LOGIN_REFUSED,)
        )
        return [row.details["reason"] for row in rows]


def make_house(home: Path, face: Template) -> House:
    container = build(read_settings({"COUNTENANCE_HOME": str(home)}))
    identity, users = container.identity, {}
    identity.users.set_up(name="admin", display_name="Admin", password=PASSWORD)
    for name in ACTS:
        user = identity.users.add(
            name=name, display_name=name, password=PASSWORD, role=Role.VIEWER, actor=None
        )
        identity.passwords.change(user.id, password=PASSWORD)
        identity.vault.store(user.id, face, actor=None)
        users[name] = user.id
    return House(container, users)


@pytest.fixture(scope="module")
def outcomes(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Every act once."""
    home = tmp_path_factory.mktemp("challenge") / "home"
    engine = build(read_settings({"COUNTENANCE_HOME": str(home)})).engine
    clips = shared_data / "liveness/clips"
    person = read_footage(clips / PERSON, engine.detector, most=FRAMES)
    other = read_footage(clips / OTHER, engine.detector, most=FRAMES)
    house = make_house(home, template_from(engine, person))

    def play(act: str) -> Outcome:
        visitor = AnsweringVisitor(server.port, address=f"10.0.0.{1 + list(ACTS).index(act)}")
        verdict = visitor.perform(ACTS[act](person, other), name=act, password=PASSWORD)
        return Outcome(verdict, house.reasons(act), visitor.said)

    with served(home) as server, ThreadPoolExecutor(AT_A_TIME) as pool:
        return dict(zip(ACTS, pool.map(play, ACTS), strict=True))


def test_a_person_who_moves_as_asked_gets_in(outcomes: dict[str, Outcome]) -> None:
    answers = outcomes["answers"]
    assert answers.verdict["granted"] is True, answers.reasons
    asked = [reply["prompt"] for reply in answers.said if reply.get("prompt") in set(Move)]
    assert len({reply["moves"][0] for reply in answers.said if reply.get("moves")}) == 4
    assert any(Move(prompt).is_turn for prompt in asked)


@pytest.mark.parametrize("act", WHY)
def test_what_cannot_answer_stays_outside_and_the_trail_says_why(
    outcomes: dict[str, Outcome], act: str
) -> None:
    outcome = outcomes[act]
    assert outcome.verdict["granted"] is False
    assert outcome.verdict["reason"] in ("not_confirmed", "too_slow")
    assert len(outcome.reasons) == 1
    assert outcome.reasons[0] in WHY[act]


def test_no_move_is_told_before_its_turn(outcomes: dict[str, Outcome]) -> None:
    """Whatever is said between two answers names one move at the most."""
    for outcome in outcomes.values():
        told: dict[tuple[int, int], set[str]] = {}
        begun = 0
        for reply in outcome.said:
            begun += reply.get("type") == "frame" and reply["moves"] is None
            if reply.get("moves") and reply["prompt"] in set(Move):
                told.setdefault((begun, reply["moves"][0]), set()).add(reply["prompt"])
        assert all(len(prompts) == 1 for prompts in told.values())
