"""Exact intervals against published ones, and against the sum they stand for."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.statistics.intervals import at_least, percentile_interval, rate


@pytest.mark.parametrize(
    ("errors", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),  # the "rule of three" case
        (10, 10, 0.6915, 1.0),
        (1, 10, 0.0025, 0.4450),  # R: binom.test(1, 10)
        (3, 20, 0.0321, 0.3789),  # R: binom.test(3, 20)
        (47, 1000, 0.0347, 0.0620),
    ],
)
def test_intervals_are_those_of_clopper_and_pearson(
    errors: int, total: int, low: float, high: float
) -> None:
    found = rate(errors, total)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("errors", "total"), [(50, 2_441_641), (24_416, 2_441_641), (2_000, 200_000_000)]
)
def test_the_interval_of_millions_of_trials_is_that_of_a_poisson_count(
    errors: int, total: int
) -> None:
    """With n large and p small, the ends times n are those of the exact Poisson interval.

    Garwood's interval by the approximation of Wilson and Hilferty, good to 0.1 % at these counts.
    """
    found = rate(errors, total)
    low = errors * (1 - 1 / (9 * errors) - 1.959964 / (3 * math.sqrt(errors))) ** 3
    above = errors + 1
    high = above * (1 - 1 / (9 * above) + 1.959964 / (3 * math.sqrt(above))) ** 3
    assert (found.low * total, found.high * total) == pytest.approx((low, high), rel=2e-3)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_rate(counts: tuple[int, int]) -> None:
    found = rate(*counts)
    assert 0 <= found.low <= found.value <= found.high <= 1


@given(st.integers(1, 60), st.data(), st.floats(0.001, 0.999))
def test_the_binomial_tail_is_the_sum_of_its_terms(
    total: int, data: st.DataObject, probability: float
) -> None:
    count = data.draw(st.integers(0, total))
    terms = [
        math.comb(total, k) * probability**k * (1 - probability) ** (total - k)
        for k in range(count, total + 1)
    ]
    assert at_least(count, total, probability) == pytest.approx(math.fsum(terms), rel=1e-9)


@pytest.mark.parametrize(("errors", "total"), [(0, 0), (-1, 5), (6, 5)])
def test_a_share_of_nothing_is_refused(errors: int, total: int) -> None:
    with pytest.raises(ValueError, match="is no rate"):
        rate(errors, total)


def test_a_percentile_interval_is_the_middle_of_the_replicates() -> None:
    found = percentile_interval(np.arange(1001, dtype=np.float64))
    assert found is not None
    assert (found.low, found.high) == pytest.approx((25, 975))


@pytest.mark.parametrize("replicates", [[], [0.1, float("nan")]])
def test_replicates_that_tell_nothing_give_no_interval(replicates: list[float]) -> None:
    assert percentile_interval(np.array(replicates, dtype=np.float64)) is None
