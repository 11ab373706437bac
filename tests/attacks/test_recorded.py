"""Attacks made of recorded people, against the real server over real sockets.

One attempt of each kind; `python -m tools.attack_suite` plays all of them with everybody.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import pytest

from countenance.biometrics.templates import Template
from countenance.ceremony.challenge import ChallengePolicy, Move
from tests.attacks.acts import ACTS, COLOUR_ACTS, LIVE, PHONE_ACTS, Act, Cast, act_named
from tests.attacks.house import House, Outcome, make_house, served
from tests.harness.performers import read_footage
from tests.harness.server import Server
from tests.harness.sessions import template_from

pytestmark = [pytest.mark.real_data, pytest.mark.timeout(400)]

PERSON, OTHER = "Apfol_real.webm", "Krzysiek354_real.mp4"
FRAMES = 90
"""Enough of each recording to hold turns to both sides."""
AT_A_TIME = 4
MOVES = ChallengePolicy().moves
DRAWS = 2
"""Further attempts of an act that was let in by chance alone; being so lucky each time fails."""
FAST = (
    "photo_turned",
    "photo_bent",
    "film_of_other_moves",
    "wrong_direction",
    "no_move",
    "looped",
    "swapped_when_turned",
    "resent",
    "virtual_camera",
    "torn_clock",
)


@pytest.fixture(scope="module")
def outcomes(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Every act once, the live one first, for others send it again."""
    house = make_house(tmp_path_factory.mktemp("attacks") / "home")
    clips = shared_data / "liveness/clips"
    cast = Cast(
        "apfol",
        read_footage(clips / PERSON, house.engine.detector, most=FRAMES),
        read_footage(clips / OTHER, house.engine.detector, most=FRAMES),
    )
    face = template_from(house.engine, cast.person)
    acts = [act_named(name) for name in (LIVE, *FAST)]
    for act in acts:
        house.move_in(act.name, face)
    with served(house.home) as server:
        found = {LIVE: house.attempt(server, acts[0], cast, name=LIVE)}
        found |= play_all(house, server, acts[1:], cast, face)
    house.identity.close()
    return found


def play_all(
    house: House, server: Server, acts: list[Act], cast: Cast, face: Template
) -> dict[str, Outcome]:
    """Each act once; one whose film happened to show the very moves that were drawn again."""

    def play(act: Act) -> Outcome:
        return house.attempt(server, act, cast, name=act.name)

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        found = {act.name: outcome for act, outcome in zip(acts, pool.map(play, acts), strict=True)}
    for act in acts:
        for again in range(DRAWS):
            if not found[act.name].is_granted or not act.is_luck(found[act.name].asked):
                break
            house.move_in(name := f"{act.name}_{again}", face)
            found[act.name] = house.attempt(server, act, cast, name=name)
    return found


def test_a_person_who_moves_as_asked_gets_in(outcomes: dict[str, Outcome]) -> None:
    answers = outcomes[LIVE]
    assert answers.is_granted, answers.reason
    asked = [reply["prompt"] for reply in answers.said if reply.get("prompt") in set(Move)]
    assert len({reply["moves"][0] for reply in answers.said if reply.get("moves")}) == MOVES + 1
    assert any(Move(prompt).is_turn for prompt in asked)
    assert len(answers.asked) == MOVES


@pytest.mark.parametrize("name", FAST)
def test_an_attack_stays_outside_and_the_trail_says_why(
    outcomes: dict[str, Outcome], name: str
) -> None:
    outcome = outcomes[name]
    assert not outcome.is_granted
    assert outcome.verdict["reason"] in ("not_confirmed", "too_slow")
    assert outcome.reason in act_named(name).reasons


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


L, R, C, B = Move


@pytest.mark.parametrize(
    ("asked", "is_shown"),
    [
        ((L, C, R, B), True),
        ((R, B, L, C), True),  # it may begin anywhere, and begins again
        ((C, B, R, B), True),  # the way back from closer
        ((B, R, B, L), True),
        ((B, C, L, C), True),
        ((L, C, B, L), False),  # nothing is left out but a way back
        ((L, R, L, R), False),
        ((C, B, C, R), False),  # one way back only
        ((R, C, L, B), False),
    ],
)
def test_luck_is_a_draw_that_the_film_shows_and_no_other(
    asked: tuple[Move, ...], *, is_shown: bool
) -> None:
    assert act_named("film_of_other_moves").is_luck(asked) is is_shown
    assert not act_named("wrong_direction").is_luck(asked)


def told(*moves: Move, granted: bool) -> Outcome:
    """A login whose first challenge was begun again, as its page was told."""
    begun = [{"type": "frame", "moves": None, "prompt": "hold_still"}]
    first = [{"type": "frame", "moves": [0, MOVES], "prompt": Move.TURN_RIGHT.value}]
    second = [
        {"type": "frame", "moves": [done, MOVES], "prompt": move.value}
        for done, move in enumerate(moves)
    ]
    return Outcome({"granted": granted}, "", [*begun, *first, *begun, *second])


@pytest.mark.parametrize(
    ("outcomes_of", "is_granted", "attempts"),
    [
        ([told(L, C, R, B, granted=True), told(R, L, granted=False)], False, 2),
        ([told(L, C, R, B, granted=True)] * 5, True, 1 + DRAWS),
        ([told(L, R, L, R, granted=True), told(R, L, granted=False)], True, 1),
        ([told(L, C, granted=False)], False, 1),
    ],
    ids=["luck", "too much luck", "a fault", "refused"],
)
def test_only_luck_is_played_again_and_not_for_ever(
    outcomes_of: list[Outcome], *, is_granted: bool, attempts: int
) -> None:
    house = Mock(House)
    house.attempt.side_effect = outcomes_of
    film = act_named("film_of_other_moves")
    found = play_all(house, Mock(Server), [film], Mock(Cast), Mock(Template))
    assert found[film.name].is_granted is is_granted
    assert house.attempt.call_count == attempts


def test_every_act_has_a_name_of_its_own() -> None:
    acts = (*ACTS, *PHONE_ACTS, *COLOUR_ACTS)
    assert len({act.name for act in acts}) == len(acts)
