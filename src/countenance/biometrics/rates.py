"""Error rates of verification on arrays of similarities (ISO/IEC 19795-1).

A comparison matches when its similarity is at or above the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countenance.biometrics.trade_off import trade_off

Similarities = NDArray[np.float64]
"""(n,) float64, higher is more alike; order does not matter."""


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A threshold and the errors made with it."""

    threshold: float
    fmr: float
    """False match rate: share of non-mated comparisons that match, 0..1."""
    fnmr: float
    """False non-match rate: share of mated comparisons that do not match, 0..1."""


def false_match_rate(non_mated: Similarities, *, threshold: float) -> float:
    """Share of non-mated comparisons at or above the threshold; nan without any."""
    return float(np.mean(non_mated >= threshold)) if non_mated.size else float("nan")


def false_non_match_rate(mated: Similarities, *, threshold: float) -> float:
    """Share of mated comparisons below the threshold; nan without any."""
    return float(np.mean(mated < threshold)) if mated.size else float("nan")


def operating_point(
    mated: Similarities, non_mated: Similarities, *, threshold: float
) -> OperatingPoint:
    """Both errors at a threshold."""
    return OperatingPoint(
        threshold=threshold,
        fmr=false_match_rate(non_mated, threshold=threshold),
        fnmr=false_non_match_rate(mated, threshold=threshold),
    )


def threshold_at_fmr(non_mated: Similarities, *, fmr: float) -> float:
    """The lowest threshold whose false match rate does not exceed `fmr`.

    Args:
        non_mated: at least one.
        fmr: 0..1; one that allows less than one false match puts the threshold just above
            the highest similarity.

    Raises: ValueError: no comparison, or `fmr` outside 0..1.
    """
    if not non_mated.size or not 0 <= fmr <= 1:
        raise ValueError("a threshold needs comparisons and a rate from 0 to 1")
    allowed = int(np.floor(fmr * non_mated.size + 1e-9))
    ordered = np.sort(non_mated)[::-1]
    if allowed >= ordered.size:
        return float(ordered[-1])
    # Just above the first similarity that may no longer match; ties go with it.
    return float(np.nextafter(ordered[allowed], np.inf))


def equal_error_rate(mated: Similarities, non_mated: Similarities) -> float:
    """The rate at which both errors are equal, 0..1.

    Where the steps do not meet, the mean of both at the threshold where they are nearest.
    Raises: ValueError: one of the two is empty.
    """
    return trade_off(mated, non_mated).equal_error_rate()


def best_accuracy(mated: Similarities, non_mated: Similarities) -> OperatingPoint:
    """The point with the highest share of right answers; chosen on this very data.

    Raises: ValueError: one of the two is empty.
    """
    fmr, fnmr = _curve(mated, non_mated)
    wrong = fmr * non_mated.size + fnmr * mated.size
    best = int(np.argmin(wrong))
    return OperatingPoint(
        threshold=float(_thresholds(mated, non_mated)[best]),
        fmr=float(fmr[best]),
        fnmr=float(fnmr[best]),
    )


def accuracy(point: OperatingPoint, *, mated: int, non_mated: int) -> float:
    """Share of right answers at a point, 0..1, for so many comparisons of each kind."""
    return 1 - (point.fmr * non_mated + point.fnmr * mated) / (mated + non_mated)


def area_under_curve(mated: Similarities, non_mated: Similarities) -> float:
    """Probability that a mated similarity exceeds a non-mated one; ties count half.

    Source: Mann-Whitney U, Hanley and McNeil, Radiology 143, 1982.
    Raises: ValueError: one of the two is empty.
    """
    return trade_off(mated, non_mated).area_under_curve()


def _thresholds(mated: Similarities, non_mated: Similarities) -> Similarities:
    """Every similarity that occurs, and one above all."""
    seen = np.unique(np.concatenate((mated, non_mated)))
    return np.append(seen, np.nextafter(seen[-1], np.inf))


def _curve(mated: Similarities, non_mated: Similarities) -> tuple[Similarities, Similarities]:
    """False match and false non-match rate at each of `_thresholds`."""
    if not mated.size or not non_mated.size:
        raise ValueError("both mated and non-mated comparisons are needed")
    thresholds = _thresholds(mated, non_mated)
    fmr = 1 - np.searchsorted(np.sort(non_mated), thresholds, side="left") / non_mated.size
    fnmr = np.searchsorted(np.sort(mated), thresholds, side="left") / mated.size
    return fmr, fnmr
