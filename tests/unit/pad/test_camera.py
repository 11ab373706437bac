"""Calibration of a camera: what logins teach, what they cannot, and the bounds of it all."""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.pad.calibration import FRAME_LIMIT, OUTER_BOUNDS, ShiftBounds, shifted
from countenance.pad.camera import (
    LARGEST_STEP,
    LEAST_FRAMES,
    MEMORY_LOGINS,
    CameraScores,
    camera_shift,
    learned,
    one_login,
)

EXPECTED, THRESHOLD = 4.0, 0.0
ANYTHING = st.floats(allow_nan=True, allow_infinity=True)
LOGINS = st.lists(st.lists(ANYTHING, max_size=40), max_size=30)
BOUNDS = st.builds(ShiftBounds, st.floats(0, 2.5), st.floats(0, 3))


def taught(logins: list[list[float]]) -> CameraScores | None:
    """What is known after so many logins, each the log-odds of its frames."""
    lessons = [lesson for frames in logins if (lesson := one_login(frames)) is not None]
    nothing: CameraScores | None = None
    return reduce(learned, lessons, nothing)


def shift_of(scores: CameraScores | None, bounds: ShiftBounds = OUTER_BOUNDS) -> float:
    return camera_shift(scores, expected=EXPECTED, threshold=THRESHOLD, bounds=bounds)


@given(LOGINS, BOUNDS, ANYTHING, st.floats(-8, 8))
def test_no_sequence_of_observations_moves_the_threshold_out_of_its_bounds(
    logins: list[list[float]], bounds: ShiftBounds, expected: float, threshold: float
) -> None:
    shift = camera_shift(taught(logins), expected=expected, threshold=threshold, bounds=bounds)
    assert -bounds.fall <= shift <= bounds.rise
    assert 0 < shifted(0.53, shift) < 1


@given(LOGINS)
def test_what_is_kept_stays_a_few_finite_numbers(logins: list[list[float]]) -> None:
    known = taught(logins)
    if known is not None:
        assert abs(known.centre) <= FRAME_LIMIT
        assert 0 <= known.spread <= 2 * FRAME_LIMIT
        assert known.logins <= len(logins)


@given(st.lists(st.floats(-8, 8), min_size=30, max_size=60), st.floats(-8, 8))
def test_one_login_moves_a_well_known_camera_by_little(frames: list[float], far: float) -> None:
    known = taught([frames] * MEMORY_LOGINS)
    after = taught([*[frames] * MEMORY_LOGINS, [far] * 50])
    assert known is not None
    assert after is not None
    assert abs(after.centre - known.centre) <= LARGEST_STEP / MEMORY_LOGINS + 1e-9


def test_frames_of_an_attack_among_those_of_a_person_teach_nothing() -> None:
    """Less than half of a login's frames do not move its median past the person's own."""
    honest = [4.0 + 0.01 * at for at in range(31)]
    assert shift_of(one_login([*honest, *[-8.0] * 30])) == 0.0


@pytest.mark.parametrize("count", [0, 1, LEAST_FRAMES - 1])
def test_too_few_frames_are_no_lesson(count: int) -> None:
    assert one_login([1.0] * count) is None
    assert one_login([math.nan] * 100) is None
    assert one_login([*[1.0] * count, math.nan, math.inf]) is None


def test_an_unknown_camera_and_a_detector_without_figures_keep_the_default() -> None:
    low = one_login([-3.0] * 20)
    assert shift_of(None) == 0.0
    assert camera_shift(low, expected=None, threshold=0.0, bounds=OUTER_BOUNDS) == 0.0
    assert shift_of(low, ShiftBounds(0.0, 0.0)) == 0.0


def test_more_logins_are_trusted_more_than_more_frames() -> None:
    once, often = taught([[0.5] * 200]), taught([[0.5] * 20] * 5)
    assert shift_of(often) < shift_of(once) < 0


def test_a_camera_that_drifts_is_followed_and_back_again() -> None:
    """Winter light takes two log-odds in forty logins, summer gives them back; ten behind."""
    rng = np.random.default_rng(3)
    centres = [*np.linspace(1.5, -0.5, 40), *np.linspace(-0.5, 1.5, 40)]
    logins = [(centre + rng.normal(0, 1, 40)).tolist() for centre in centres]
    winter, summer = taught(logins[:40]), taught(logins)
    assert winter is not None
    assert summer is not None
    assert winter.centre == pytest.approx(-0.5, abs=0.8)
    assert summer.centre == pytest.approx(1.5, abs=0.8)
    assert shift_of(winter) < shift_of(summer) < 0


def test_a_known_camera_refuses_fewer_of_its_people_and_no_fewer_attacks_that_follow_it() -> None:
    rng = np.random.default_rng(5)
    people, attacks = rng.normal(0.4, 1, 4000), rng.normal(-5.6, 1, 4000)
    known = taught([rng.normal(0.4, 1, 40).tolist() for _ in range(8)])
    moved = THRESHOLD + shift_of(known, ShiftBounds(1.0, 1.0))
    assert (people < moved).mean() < (people < THRESHOLD).mean() / 2
    assert (attacks >= moved).mean() < 0.001
