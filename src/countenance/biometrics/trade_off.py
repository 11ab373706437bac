"""The trade-off between false matches and false non-matches, told at the mated similarities.

FNMR steps at the similarities of mated comparisons and nowhere else, so every rate that is asked
for follows from the share of non-mated comparisons at and above each of them. There may be
thousands of millions of non-mated comparisons, and weights, without one of them being kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class TradeOff:
    """Both errors along the threshold."""

    fmr_at: Floats
    """(m,) share of non-mated comparisons at or above each mated similarity, which rise; so this
    falls. 0..1"""
    fmr_above: Floats
    """(m,) share strictly above; ties make the difference."""
    weights: Floats
    """(m,) how much each mated comparison counts; 1 for plain rates. Their sum is above 0."""

    @property
    def fnmr_at(self) -> Floats:
        """(m,) share of mated comparisons below each: FNMR with the threshold there."""
        below = np.concatenate(([0.0], np.cumsum(self.weights)[:-1]))
        return below / float(self.weights.sum())

    def equal_error_rate(self) -> float:
        """Where the two errors are nearest, their mean, 0..1."""
        # Between two mated similarities FNMR stands still while FMR falls from high to low.
        fnmr = np.append(self.fnmr_at, 1.0)
        high = np.concatenate(([1.0], self.fmr_above))
        low = np.append(self.fmr_at, 0.0)
        nearest = np.clip(fnmr, low, high)
        best = int(np.argmin(np.abs(nearest - fnmr)))
        return float((nearest[best] + fnmr[best]) / 2)

    def area_under_curve(self) -> float:
        """Probability that a mated similarity exceeds a non-mated one; ties count half.

        Source: Mann-Whitney U, Hanley and McNeil, Radiology 143, 1982.
        """
        middle = (self.fmr_at + self.fmr_above) / 2
        return float(1 - (middle * self.weights).sum() / self.weights.sum())

    def fnmr_at_fmr(self, fmr: float) -> float:
        """FNMR at the lowest threshold whose false match rate does not exceed `fmr`, 0..1.

        A mated comparison is refused there when more than that share of the non-mated reach it.
        """
        refused = self.fmr_at > fmr + 1e-12
        return float(self.weights[refused].sum() / self.weights.sum())


def trade_off(mated: Floats, non_mated: Floats) -> TradeOff:
    """The trade-off of plain arrays.

    Args:
        mated: (m,) similarities in any order.
        non_mated: (n,) similarities in any order.

    Raises: ValueError: one of the two is empty.
    """
    if not mated.size or not non_mated.size:
        raise ValueError("both mated and non-mated comparisons are needed")
    points, ordered = np.sort(mated), np.sort(non_mated)
    return TradeOff(
        fmr_at=1 - np.searchsorted(ordered, points, side="left") / ordered.size,
        fmr_above=1 - np.searchsorted(ordered, points, side="right") / ordered.size,
        weights=np.ones(points.size),
    )
