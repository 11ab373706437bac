"""Bounds of calibration: however it goes wrong, the card's figures stay true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.pad.calibration import LARGEST_FALL, NO_SHIFT, OUTER_BOUNDS, score_of, shifted
from countenance.pad.rates import apcer, bpcer
from countenance.pad.shift_bounds import LARGEST_LOSS, LEAST_PRESENTATIONS, measured_bounds
from countenance.pad.species import PaiSpecies
from countenance.statistics.intervals import rate

SCORES = st.lists(st.floats(-9, 9).map(score_of), min_size=1, max_size=120).map(np.array)


@given(
    SCORES, st.dictionaries(st.sampled_from(PaiSpecies), SCORES, min_size=1, max_size=3),
    st.floats(-2, 2).map(score_of),
)  # fmt: skip
def test_at_the_bounds_no_rate_has_left_its_interval(
    bona_fide: np.ndarray, attacks: dict[PaiSpecies, np.ndarray], threshold: float
) -> None:
    bounds = measured_bounds(bona_fide, attacks, threshold=threshold)
    lowest = shifted(threshold, -bounds.fall)
    for scores in attacks.values():
        stated, moved = apcer(scores, threshold=threshold), apcer(scores, threshold=lowest)
        assert moved.value <= stated.high
        assert moved.value <= stated.value + LARGEST_LOSS + 1e-9
    highest = shifted(threshold, bounds.rise)
    stated, moved = bpcer(bona_fide, threshold=threshold), bpcer(bona_fide, threshold=highest)
    assert moved.value <= min(stated.high, stated.value + LARGEST_LOSS) + 1e-9


def test_the_bound_lies_right_below_the_attack_that_would_be_one_too_many() -> None:
    """None of 50 is at most 0.0711 (Clopper-Pearson): three may pass, the fourth may not."""
    assert rate(0, 50).high == pytest.approx(0.0711, abs=1e-4)
    attacks = np.array([score_of(-0.1 * place) for place in range(1, 51)])
    bounds = measured_bounds(
        np.array([score_of(5.0)] * 50), {PaiSpecies.PRINT: attacks}, threshold=0.5
    )
    assert 0.397 <= bounds.fall < 0.4
    assert bounds.rise == pytest.approx(OUTER_BOUNDS.rise, abs=0.002)


def test_few_presentations_bound_nothing_so_nothing_moves() -> None:
    """However far off they are; one species with too few is enough."""
    enough, few = np.full(LEAST_PRESENTATIONS, 0.01), np.full(LEAST_PRESENTATIONS - 1, 0.01)
    people = np.full(LEAST_PRESENTATIONS, 0.99)
    attacks = {PaiSpecies.PRINT: enough, PaiSpecies.REPLAY: few}
    assert measured_bounds(people, attacks, threshold=0.5).fall == 0.0
    assert measured_bounds(people, {PaiSpecies.PRINT: enough}, threshold=0.5).fall > 1
    assert measured_bounds(people[1:], attacks, threshold=0.5) == NO_SHIFT
    assert measured_bounds(people, {}, threshold=0.5).fall == 0.0


def test_a_rate_may_not_get_much_worse_even_where_its_interval_is_wide() -> None:
    """None of 20 could be 17 % by its interval; 10 % is two, and the third must stay outside."""
    attacks = np.array([score_of(-0.1 * place) for place in range(1, 21)])
    bounds = measured_bounds(np.full(20, 0.99), {PaiSpecies.PRINT: attacks}, threshold=0.5)
    assert 0.297 <= bounds.fall < 0.3


def test_attacks_far_below_leave_the_outer_bound() -> None:
    attacks = {PaiSpecies.REPLAY: np.array([score_of(-7.0)] * 100)}
    found = measured_bounds(np.array([score_of(6.0)] * 100), attacks, threshold=0.5)
    assert found.fall == pytest.approx(LARGEST_FALL, abs=0.002)
