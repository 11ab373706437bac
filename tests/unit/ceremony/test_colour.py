"""The colour sequence as a fold: what is told when, and what ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.ceremony.colour import (
    ColourPhase,
    ColourPolicy,
    ColourState,
    advance_colours,
    announce_colour,
    begin_colours,
    draw_colours,
    reason_of,
)
from countenance.ceremony.colour_answer import ColourAnswer, FaceLight
from countenance.ceremony.evidence import FaceEvidence, Hint, Observation
from countenance.ceremony.palette import Colour, pull
from countenance.ceremony.verdict import Reason

POLICY = ColourPolicy()
DRAW = draw_colours(POLICY, choose=Random(5).choice)  # noqa: S311 - a test has to repeat
GOOD = FaceEvidence(
    box_xyxy=(0.3, 0.2, 0.6, 0.7),
    track_id=1,
    hint=Hint.HOLD_STILL,
    yaw_deg=0.0,
    pitch_deg=0.0,
    is_bona_fide=True,
    is_match=True,
)
FRAME_S = 0.1
Look = Callable[[ColourState, Colour | None], FaceEvidence | None]


def follow(_state: ColourState, colour: Colour | None, *, strength: float = 0.1) -> FaceEvidence:
    red, blue = pull(colour) if colour else (0.0, 0.0)
    return replace(GOOD, light=FaceLight((strength * red, strength * blue), (0.0, 0.0)))


def play(look: Look, *, policy: ColourPolicy = POLICY, frame_s: float = FRAME_S) -> ColourState:
    """Frames until it is over; what is told shows one frame later."""
    state, seen, sequence = begin_colours(policy, DRAW, track_id=1, at_s=0.0), None, 0
    while state.phase not in {ColourPhase.PASSED, ColourPhase.FAILED}:
        sequence += 1
        face = look(state, seen)
        count = 0 if face is None else 1
        seen = state.colour
        state = advance_colours(state, Observation(sequence, sequence * frame_s, count, face))
        assert sequence < 400
    return state


@given(st.integers())
def test_a_draw_has_no_colour_twice_in_a_row(seed: int) -> None:
    draw = draw_colours(POLICY, choose=Random(seed).choice)  # noqa: S311 - the same
    assert len(draw) == POLICY.steps
    assert all(a is not b for a, b in pairwise(draw))


def test_a_face_that_follows_passes_after_good_frames_in_the_light_of_the_room() -> None:
    state = play(follow)
    assert state.phase is ColourPhase.PASSED
    assert state.answer is not None
    assert state.answer.chance <= POLICY.max_chance
    assert state.closing == POLICY.closing_frames
    assert state.progress == (8, 8)


def test_colours_come_no_faster_than_they_may() -> None:
    state = play(follow)
    gaps = [b - a for a, b in pairwise(state.told_at_s)]
    assert min(gaps) >= POLICY.step_s
    assert gaps[0] >= POLICY.step_s + POLICY.lead_s


def test_a_slow_engine_makes_the_colours_slower() -> None:
    state = play(follow, frame_s=0.7)
    gaps = [b - a for a, b in pairwise(state.told_at_s[1:])]
    assert min(gaps) >= POLICY.step_frames * 0.7 - 1e-9
    assert state.phase is ColourPhase.PASSED


def test_a_colour_is_measured_from_when_it_was_told() -> None:
    state = announce_colour(begin_colours(POLICY, DRAW, track_id=1, at_s=0.0), at_s=0.5)
    assert state.told_at_s == (0.5,)
    before = advance_colours(state, Observation(1, 1.85, 1, GOOD))
    before = advance_colours(before, Observation(2, 1.87, 1, GOOD))
    before = advance_colours(before, Observation(3, 1.89, 1, GOOD))
    assert before.step == 0
    assert advance_colours(before, Observation(4, 1.91, 1, GOOD)).step == 1


def test_a_face_that_keeps_its_colour_leaves_the_colours_unseen() -> None:
    state = play(lambda _s, _c: replace(GOOD, light=FaceLight((0.1, 0.1), (0.0, 0.0))))
    assert (state.phase, state.reason) == (ColourPhase.FAILED, Reason.COLOUR_UNSEEN)


def test_a_face_that_follows_other_colours_has_ignored_them() -> None:
    shifted = {each: list(Colour)[(k + 1) % 4] for k, each in enumerate(Colour)}
    state = play(lambda s, c: follow(s, shifted[c] if c else None, strength=0.3))
    assert (state.phase, state.reason) == (ColourPhase.FAILED, Reason.COLOUR_IGNORED)


def test_a_face_whose_light_cannot_be_measured_leaves_them_unseen() -> None:
    assert play(lambda _s, _c: GOOD).reason is Reason.COLOUR_UNSEEN


@pytest.mark.parametrize(
    "face",
    [None, replace(GOOD, track_id=2), replace(GOOD, is_continuous=False)],
    ids=["nobody", "another track", "another face"],
)
def test_another_face_or_none_ends_it(face: FaceEvidence | None) -> None:
    state = play(lambda s, c: face if s.step == 3 else follow(s, c))
    assert state.reason is Reason.FACE_CHANGED
    assert state.step == 3


@pytest.mark.parametrize(
    "face",
    [
        replace(GOOD, is_bona_fide=None),
        replace(GOOD, is_bona_fide=False),
        replace(GOOD, is_match=False),
        replace(GOOD, is_match=None),
        replace(GOOD, hint=Hint.BLURRED),
    ],
)
def test_nothing_but_good_frames_close_it(face: FaceEvidence) -> None:
    state = play(follow)
    state = replace(state, phase=ColourPhase.CLOSING, closing=2)
    state = advance_colours(state, Observation(900, 90.0, 1, face))
    assert (state.phase, state.closing) == (ColourPhase.CLOSING, 0)


def test_whose_light_two_faces_show_cannot_be_told() -> None:
    state = begin_colours(POLICY, DRAW, track_id=1, at_s=0.0)
    lit = follow(state, Colour.AMBER)
    assert len(advance_colours(state, Observation(1, 0.1, 1, lit)).samples) == 1
    assert advance_colours(state, Observation(1, 0.1, 2, lit)).samples == ()
    turned = replace(lit, yaw_deg=35.0)
    assert advance_colours(state, Observation(1, 0.1, 1, turned)).samples == ()


@pytest.mark.parametrize(
    ("chance", "response", "most", "reason"),
    [
        (0.0005, 0.2, 0.7, None),
        (0.0005, 0.001, 0.9, Reason.COLOUR_UNSEEN),
        (0.002, 0.2, 0.8, Reason.COLOUR_IGNORED),
        (0.4, 0.0, 0.2, Reason.COLOUR_UNSEEN),
    ],
)
def test_what_an_answer_says(
    chance: float, response: float, most: float, reason: Reason | None
) -> None:
    answer = ColourAnswer(chance, response, 0.1, most, lag_s=0.2, samples=70)
    assert reason_of(POLICY, answer) is reason


@pytest.mark.parametrize(
    "wish", [{"steps": 3}, {"max_chance": 0.0}, {"step_s": 0.4}, {"lag_s": (0.0, 2.0)}]
)
def test_a_policy_that_could_harm_or_not_measure_is_refused(wish: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="colour"):
        ColourPolicy(**wish)  # type: ignore[arg-type]


def test_a_draw_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="as many drawn colours"):
        begin_colours(POLICY, DRAW[:-1], track_id=1, at_s=0.0)
