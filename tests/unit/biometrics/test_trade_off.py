"""Rates told at the mated similarities are those counted by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.biometrics.rates import operating_point, threshold_at_fmr
from countenance.biometrics.trade_off import trade_off

SCORES = st.lists(st.integers(-20, 20).map(lambda n: n / 20), min_size=1, max_size=30).map(np.array)


@given(SCORES, SCORES, st.floats(0, 0.999))
def test_fnmr_at_an_fmr_is_that_of_its_threshold(mated, non_mated, fmr: float) -> None:
    point = operating_point(mated, non_mated, threshold=threshold_at_fmr(non_mated, fmr=fmr))
    assert trade_off(mated, non_mated).fnmr_at_fmr(fmr) == pytest.approx(point.fnmr)


@given(SCORES, SCORES)
def test_the_area_is_the_share_of_pairs_in_order_with_ties_as_halves(mated, non_mated) -> None:
    pairs = [(m > n) + 0.5 * (m == n) for m in mated for n in non_mated]
    assert trade_off(mated, non_mated).area_under_curve() == pytest.approx(np.mean(pairs))


@given(SCORES, SCORES)
def test_no_threshold_makes_both_errors_smaller_than_the_equal_error(mated, non_mated) -> None:
    eer = trade_off(mated, non_mated).equal_error_rate()
    step = 1 / min(mated.size, non_mated.size)
    for threshold in np.unique(np.concatenate((mated, non_mated))):
        point = operating_point(mated, non_mated, threshold=float(threshold))
        assert max(point.fmr, point.fnmr) >= eer - step
