"""The permutation test: who follows is found, at any lag, and chance is what it says it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countenance.ceremony.colour_answer import (
    ColourAnswer,
    FaceLight,
    LightSample,
    ScreenTimes,
    all_sequences,
    measure_answer,
)
from countenance.ceremony.palette import Colour, pull

STEPS, STEP_S = 8, 0.8
TIMES = ScreenTimes(
    (0.0, *(1.4 + STEP_S * k for k in range(STEPS - 1))), lag_s=(0.0, 0.7), ramp_s=0.2
)
SEQUENCES = all_sequences(STEPS)
END_S = TIMES.told_at_s[-1] + STEP_S + 0.6


def drawn(number: int) -> tuple[Colour, ...]:
    return tuple(list(Colour)[place] for place in SEQUENCES[number])


def lit(
    colours: tuple[Colour, ...],
    *,
    strength: float = 0.1,
    lag_s: float = 0.2,
    noise: float = 0.005,
    seed: int = 1,
    fps: float = 12.0,
    cast: float = 0.0,
) -> list[LightSample]:
    """Measurements of a face that takes on each colour a moment after it was told."""
    rng, found = np.random.default_rng(seed), []
    for at_s in np.arange(0.0, END_S, 1 / fps):
        place = max(0, int(np.searchsorted(TIMES.told_at_s, at_s - lag_s, side="right")) - 1)
        colour = strength * np.array(pull(colours[place])) + noise * rng.standard_normal(2)
        balance = cast * np.array([np.sin(at_s), np.cos(2 * at_s)])
        face, behind = colour + balance + [0.4, -0.3], balance
        light = FaceLight((face[0], face[1]), (behind[0], behind[1]))
        found.append(LightSample(float(at_s), light))
    return found


def answer(colours: tuple[Colour, ...], samples: list[LightSample]) -> ColourAnswer:
    found = measure_answer(colours, TIMES, samples)
    assert found is not None
    return found


def test_every_sequence_without_a_colour_twice_in_a_row_is_there_once() -> None:
    assert SEQUENCES.shape == (4 * 3**7, STEPS)
    assert len({tuple(row) for row in SEQUENCES.tolist()}) == len(SEQUENCES)
    assert (SEQUENCES[:, 1:] != SEQUENCES[:, :-1]).all()


@settings(max_examples=12, deadline=None)
@given(
    number=st.integers(0, len(SEQUENCES) - 1),
    lag_s=st.floats(0.05, 0.6),
    strength=st.floats(0.1, 1.0),
)
def test_a_face_that_follows_is_found_at_any_lag(
    number: int, lag_s: float, strength: float
) -> None:
    found = answer(drawn(number), lit(drawn(number), lag_s=lag_s, strength=strength))
    assert found.chance <= 0.001
    assert found.response == pytest.approx(strength, rel=0.3)
    assert found.lag_s == pytest.approx(lag_s, abs=0.2)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=100, max_size=100))
def test_no_measurements_whatever_break_it_or_leave_its_bounds(
    colours: list[tuple[float, float]],
) -> None:
    samples = [LightSample(0.08 * k, FaceLight(colour, None)) for k, colour in enumerate(colours)]
    found = answer(drawn(5), samples)
    assert 0 < found.chance <= 1
    assert np.isfinite([found.response, found.lag_s]).all()
    assert 0 <= found.explained <= found.most <= 1 + 1e-9
    assert TIMES.lag_s[0] <= found.lag_s <= TIMES.lag_s[1] + 1e-9


def test_chance_is_the_rate_at_which_a_draw_that_nobody_knew_does_as_well() -> None:
    """One face, every 250th sequence as the one that was drawn."""
    samples = lit(drawn(17), noise=0.05)
    chances = [answer(drawn(k), samples).chance for k in range(0, len(SEQUENCES), 250)]
    for level in (0.1, 0.3, 0.5):
        assert np.mean(np.array(chances) <= level) == pytest.approx(level, abs=0.17)


def test_a_face_that_does_not_change_says_nothing_for_any_sequence() -> None:
    found = answer(drawn(3), lit(drawn(3), strength=0.0, noise=0.0))
    assert found.chance == 1.0
    assert found.explained < 1e-9


def test_white_balance_that_the_background_shows_is_taken_out() -> None:
    with_cast = lit(drawn(99), strength=0.05, cast=0.2)
    assert answer(drawn(99), with_cast).chance <= 0.001
    blind = [LightSample(s.at_s, FaceLight(s.light.face, None)) for s in with_cast]
    assert answer(drawn(99), blind).explained < answer(drawn(99), with_cast).explained


def test_an_answer_later_than_any_screen_is_none() -> None:
    assert answer(drawn(4000), lit(drawn(4000), lag_s=1.6)).chance > 0.001


def test_colours_that_are_turned_round_are_no_answer() -> None:
    assert answer(drawn(7), lit(drawn(7), strength=-0.2)).chance > 0.3


def test_too_few_measurements_tell_nothing() -> None:
    assert measure_answer(drawn(0), TIMES, lit(drawn(0), fps=1.0)) is None
