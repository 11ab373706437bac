"""Rates checked against counts made by hand."""

import numpy as np
import pytest

from countenance.biometrics import rates

MATED = np.array([0.9, 0.8, 0.7, 0.3])
NON_MATED = np.array([0.1, 0.2, 0.4, 0.6, 0.05])


@pytest.mark.parametrize(
    ("threshold", "fmr", "fnmr"),
    [
        (0.5, 1 / 5, 1 / 4),  # 0.6 matches; 0.3 does not
        (0.6, 1 / 5, 1 / 4),  # at the threshold is a match
        (0.61, 0.0, 1 / 4),
        (0.0, 1.0, 0.0),
        (1.0, 0.0, 1.0),
        (0.3, 2 / 5, 0.0),  # the mated 0.3 matches at the threshold
    ],
)
def test_errors_at_a_threshold_are_the_counted_shares(
    threshold: float, fmr: float, fnmr: float
) -> None:
    point = rates.operating_point(MATED, NON_MATED, threshold=threshold)
    assert (point.fmr, point.fnmr) == (pytest.approx(fmr), pytest.approx(fnmr))


def test_rates_of_no_comparison_are_not_a_number() -> None:
    nothing = np.array([])
    assert np.isnan(rates.false_match_rate(nothing, threshold=0.5))
    assert np.isnan(rates.false_non_match_rate(nothing, threshold=0.5))


@pytest.mark.parametrize(
    ("fmr", "matches"),
    [(0.0, 0), (0.19, 0), (0.2, 1), (0.39, 1), (0.4, 2), (1.0, 5)],
)
def test_the_threshold_at_an_fmr_allows_that_many_false_matches_and_no_more(
    fmr: float, matches: int
) -> None:
    threshold = rates.threshold_at_fmr(NON_MATED, fmr=fmr)
    assert int((threshold <= NON_MATED).sum()) == matches


def test_tied_similarities_match_together_or_not_at_all() -> None:
    tied = np.array([0.5, 0.5, 0.1, 0.1])
    threshold = rates.threshold_at_fmr(tied, fmr=0.25)
    assert rates.false_match_rate(tied, threshold=threshold) == 0.0


@pytest.mark.parametrize("fmr", [-0.1, 1.1])
def test_an_fmr_outside_0_to_1_is_refused(fmr: float) -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        rates.threshold_at_fmr(NON_MATED, fmr=fmr)


def test_equal_error_rate_is_where_both_errors_meet() -> None:
    # From 0.5 on: one of four mated below, one of four non-mated above.
    mated, non_mated = np.array([0.9, 0.8, 0.7, 0.3]), np.array([0.1, 0.2, 0.25, 0.5])
    assert rates.equal_error_rate(mated, non_mated) == pytest.approx(0.25)


def test_equal_error_rate_of_separated_similarities_is_zero() -> None:
    assert rates.equal_error_rate(np.array([0.8, 0.9]), np.array([0.1, 0.2])) == 0.0


def test_area_under_the_curve_counts_ordered_pairs_and_half_of_ties() -> None:
    # Pairs: 0.9>0.5, 0.9>0.2, 0.5=0.5, 0.5>0.2 -> 3.5 of 4.
    area = rates.area_under_curve(np.array([0.9, 0.5]), np.array([0.5, 0.2]))
    assert area == pytest.approx(3.5 / 4)


def test_best_accuracy_counts_right_answers() -> None:
    # Above 0.6 everything is right but the mated 0.3: 8 of 9.
    point = rates.best_accuracy(MATED, NON_MATED)
    share = rates.accuracy(point, mated=MATED.size, non_mated=NON_MATED.size)
    assert share == pytest.approx(8 / 9)
    again = rates.operating_point(MATED, NON_MATED, threshold=point.threshold)
    assert (again.fmr, again.fnmr) == (point.fmr, point.fnmr)


@pytest.mark.parametrize(
    "rate", [rates.equal_error_rate, rates.area_under_curve, rates.best_accuracy]
)
def test_curves_need_both_kinds_of_comparison(rate) -> None:
    with pytest.raises(ValueError, match="both"):
        rate(MATED, np.array([]))
