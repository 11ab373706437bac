"""The threshold of 1:N: it rises with the gallery and keeps the rate it promises."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.biometrics.open_set import NonMatedTail, fit_tail, identification_threshold

TAIL = NonMatedTail(start=0.36, rate=1e-3, scale=0.024)


def test_ten_times_the_people_raise_the_threshold_by_the_same_step() -> None:
    """Beyond 1,000 comparisons to a match a step is scale times ln 10."""
    steps = [
        identification_threshold(TAIL, enrolled=10**n, fpir=1e-2, verification=0.2)
        for n in range(2, 7)
    ]
    assert np.diff(steps) == pytest.approx(0.024 * math.log(10))
    assert TAIL.false_match_rate(steps[-1]) == pytest.approx(1e-2 / 10**6)


@given(
    enrolled=st.integers(0, 10**7),
    fpir=st.floats(1e-6, 0.5),
    verification=st.floats(-1, 1),
)
def test_the_threshold_is_never_below_the_one_of_verification(
    enrolled: int, fpir: float, verification: float
) -> None:
    def threshold(people: int) -> float:
        return identification_threshold(TAIL, enrolled=people, fpir=fpir, verification=verification)

    assert threshold(enrolled) >= verification
    assert threshold(enrolled + 1) >= threshold(enrolled)
    allowed = fpir / max(1, enrolled)
    if allowed <= TAIL.rate:
        assert TAIL.false_match_rate(threshold(enrolled)) <= allowed * 1.000001


def test_without_a_tail_the_threshold_of_verification_stands() -> None:
    assert identification_threshold(None, enrolled=10**6, fpir=1e-2, verification=0.4) == 0.4


@pytest.mark.parametrize("fpir", [0.0, 1.0, -1.0, float("nan")])
def test_a_rate_outside_its_range_is_refused(fpir: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        identification_threshold(TAIL, enrolled=1, fpir=fpir, verification=0.4)


def test_an_exponential_tail_is_found_again() -> None:
    rng = np.random.default_rng(4)
    body, tail = rng.normal(0, 0.05, 998_000), 0.36 + rng.exponential(0.024, 2000)
    fitted = fit_tail(np.concatenate((body, tail)))
    assert fitted.rate == pytest.approx(1e-3)
    assert fitted.start == pytest.approx(0.36 + 0.024 * math.log(2), abs=0.003)
    assert fitted.scale == pytest.approx(0.024, rel=0.1)


def test_a_gaussian_tail_is_not_underrated() -> None:
    """Non-mated cosines thin out faster than the exponential: fewer match than it says."""
    scores = np.random.default_rng(5).normal(0, 0.1, 2_000_000)
    fitted = fit_tail(scores[:1_000_000])
    for fmr in (1e-4, 1e-5):
        assert np.mean(scores[1_000_000:] >= fitted.threshold_at(fmr)) <= 1.2 * fmr


def test_too_few_comparisons_are_refused() -> None:
    with pytest.raises(ValueError, match="100,000 non-mated"):
        fit_tail(np.zeros(99_000))
    with pytest.raises(ValueError, match="scale"):
        fit_tail(np.zeros(200_000))
