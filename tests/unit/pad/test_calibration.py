"""A known camera moves the threshold: robustly, within bounds, or not at all."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.pad.calibration import (
    FRAME_LIMIT,
    LARGEST_FALL,
    LARGEST_RISE,
    LEAST_FRAMES,
    MOST_FRAMES,
    NEAREST,
    ShiftBounds,
    expected_log_odds,
    log_odds,
    score_of,
    shifted,
    threshold_shift,
)

ANYTHING = st.floats(allow_nan=True, allow_infinity=True)


def test_a_camera_as_expected_leaves_the_threshold_alone() -> None:
    assert threshold_shift([3.9, 4.0, 4.1], expected=4.0, threshold=0.0) == 0
    assert shifted(0.53, 0.0) == 0.53


def test_a_camera_that_scores_everybody_low_lowers_its_threshold_by_most_of_what_it_needs() -> None:
    shift = threshold_shift([1.0] * 5, expected=4.0, threshold=0.0)
    needed = 1.0 - NEAREST * 4.0
    assert needed < shift < 0.7 * needed < 0
    assert shifted(0.5, shift) < 0.5


@pytest.mark.parametrize("centre", [3.25, 3.5, 3.9])
def test_a_camera_that_is_near_enough_gets_no_laxer_threshold(centre: float) -> None:
    assert threshold_shift([centre] * 5, expected=4.0, threshold=0.0) == 0


def test_a_camera_that_flatters_everybody_gets_a_stricter_threshold() -> None:
    assert 0.7 < threshold_shift([5.0] * 5, expected=4.0, threshold=0.0) < 1


def test_bounds_of_a_detector_hold_before_those_of_all() -> None:
    own = ShiftBounds(fall=0.4, rise=0.2)
    for centre, bound in ((-8.0, -0.4), (8.0, 0.2)):
        found = threshold_shift([centre] * 5, expected=4.0, threshold=0.0, bounds=own)
        assert found == bound


@pytest.mark.parametrize("wrong", [-0.1, math.nan, math.inf])
def test_bounds_that_bound_nothing_are_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="bounds"):
        ShiftBounds(fall=wrong)


def test_more_frames_are_trusted_more() -> None:
    few, many = (threshold_shift([1.0] * n, expected=4.0, threshold=0.0) for n in (3, 30))
    assert many < few < 0


@pytest.mark.parametrize("count", range(LEAST_FRAMES))
def test_too_few_frames_move_nothing(count: int) -> None:
    assert threshold_shift([-5.0] * count, expected=4.0, threshold=0.0) == 0


def test_frames_that_are_no_number_do_not_count() -> None:
    unusable = [math.nan, math.inf, -math.inf]
    assert threshold_shift([1.0, 1.0, *unusable], expected=4.0, threshold=0.0) == 0
    assert threshold_shift([3.0] * 3, expected=math.nan, threshold=0.0) == 0


def test_less_than_half_of_the_frames_being_an_attacks_moves_it_no_further_than_the_others() -> (
    None
):
    honest = [3.5, 3.8, 4.0, 4.1, 4.2]
    assert threshold_shift([*honest, *[-8.0] * 4], expected=4.0, threshold=0.0) > -0.6


def test_what_was_seen_long_ago_is_forgotten() -> None:
    moved = [*[-8.0] * 200, *[4.0] * MOST_FRAMES]
    assert threshold_shift(moved, expected=4.0, threshold=0.0) == 0


@given(st.lists(ANYTHING, max_size=80), ANYTHING)
def test_the_threshold_never_leaves_its_bounds(values: list[float], expected: float) -> None:
    shift = threshold_shift(values, expected=expected, threshold=0.0)
    assert -LARGEST_FALL <= shift <= LARGEST_RISE
    assert 0 < shifted(0.53, shift) < 1


@given(st.floats(-15, 15), st.floats(-2.5, 3), st.floats(0.05, 0.95))
def test_moving_the_threshold_is_moving_the_score_the_other_way(
    value: float, shift: float, threshold: float
) -> None:
    gap = value - shift - log_odds(threshold)
    if abs(gap) > 1e-6:
        assert (score_of(value) >= shifted(threshold, shift)) == (gap > 0)


def test_a_score_that_is_no_number_stays_none() -> None:
    assert math.isnan(log_odds(math.nan))


def test_what_is_expected_is_told_by_cameras_and_not_by_their_frames() -> None:
    crowd = [[9.0] * 500, [2.0, 2.0, 2.0], [3.0, 3.0, 5.0]]
    assert expected_log_odds(crowd) == 3.0
    assert expected_log_odds([[1.0] * (LEAST_FRAMES - 1)]) is None


def test_a_frame_counts_for_no_more_than_its_limit() -> None:
    assert expected_log_odds([[20.0] * 3]) == FRAME_LIMIT
