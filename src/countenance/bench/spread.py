"""Medians with their spread, and ratios with theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

RESAMPLES: Final = 2000
COVERAGE_PERCENT: Final = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some measurements and how far they lie apart."""

    median: float
    low: float
    """Lower quartile of measurements; lower end of the 95 % interval of a ratio."""
    high: float
    """Upper quartile of measurements; upper end of the 95 % interval of a ratio."""

    def rounded(self, digits: int = 3) -> tuple[float, float, float]:
        """Median, low, high."""
        return round(self.median, digits), round(self.low, digits), round(self.high, digits)


def spread_of(samples: Sequence[float]) -> Spread:
    """Median and quartiles; at least one sample."""
    if not samples:
        raise ValueError("nothing was measured")
    low, median, high = (float(value) for value in np.percentile(samples, (25, 50, 75)))
    return Spread(median, low, high)


def ratio_of(numerator: Sequence[float], denominator: Sequence[float], *, seed: int = 0) -> Spread:
    """The ratio of two medians with its bootstrap interval.

    Both series come from the same rounds in the same order; rounds are drawn again together, so
    that what slowed a whole round down moves both sides.

    Args:
        numerator: one value of each round.
        denominator: one value of each round, above 0.
        seed: of the resampling.

    Returns: the ratio of the medians, and its 2.5th and 97.5th percentile over `RESAMPLES`.
    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    if not numerator or len(numerator) != len(denominator):
        raise ValueError("a ratio needs one value of each side for every round")
    upper, lower = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(upper), (RESAMPLES, len(upper)))
    ratios = np.median(upper[drawn], axis=1) / np.median(lower[drawn], axis=1)
    low, high = (float(value) for value in np.percentile(ratios, COVERAGE_PERCENT))
    return Spread(float(np.median(upper) / np.median(lower)), low, high)
