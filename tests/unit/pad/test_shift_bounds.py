"""Bounds of calibration: however it goes wrong, the card's figures stay true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.pad.calibration import LARGEST_FALL, OUTER_BOUNDS, score_of, shifted
from countenance.pad.rates import apcer, bpcer
from countenance.pad.shift_bounds import LARGEST_LOSS, measured_bounds
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


def test_few_attacks_prove_nothing() -> None:
    """None of 5 could be half by its interval; not one more may pass all the same."""
    attacks = {PaiSpecies.PRINT: np.array([score_of(-0.2)] * 5)}
    assert measured_bounds(np.array([0.9]), attacks, threshold=0.5).fall < 0.2
    assert measured_bounds(np.array([0.9]), {}, threshold=0.5).fall == 0.0


def test_attacks_far_below_leave_the_outer_bound() -> None:
    attacks = {PaiSpecies.REPLAY: np.array([score_of(-7.0)] * 100)}
    found = measured_bounds(np.array([score_of(6.0)] * 100), attacks, threshold=0.5)
    assert found.fall == pytest.approx(LARGEST_FALL, abs=0.002)
