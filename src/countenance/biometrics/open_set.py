"""The threshold of open-set identification: how sure to be before naming one of N people.

A probe of somebody who is not enrolled is compared with all N templates, and each comparison may
match by chance. By the union bound the false positive identification rate (FPIR, ISO/IEC 19795-1)
is at most N times the false match rate, however the comparisons depend on one another. A large N
asks for a false match rate finer than any set of pairs can count; there the tail of the non-mated
similarities is taken as exponential.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from countenance.biometrics.rates import Similarities

TAIL_SHARE: Final = 1e-3
"""Share of the non-mated comparisons that the tail is fitted to."""
MIN_EXCEEDANCES: Final = 100


@dataclass(frozen=True, slots=True)
class NonMatedTail:
    """High non-mated similarities: beyond `start` they thin out by e with every `scale`.

    The exponential is the generalised Pareto distribution of shape 0. Cosines are bounded, so
    their true shape is negative and the true tail lighter: thresholds err to the strict side.

    Source: Pickands, Annals of Statistics 3(1), 1975 (exceedances over a high threshold).
    """

    start: float
    """Similarity at which the tail begins."""
    rate: float
    """Share of non-mated comparisons at or above the start, 0..1."""
    scale: float
    """Mean of what similarities beyond the start exceed it by."""

    def __post_init__(self) -> None:
        if not (0 < self.rate < 1 and self.scale > 0 and -1 < self.start < 1):
            raise ValueError("a tail has a rate between 0 and 1, a start inside -1..1 and a scale")

    def false_match_rate(self, threshold: float) -> float:
        """Share of non-mated comparisons at or above a threshold in the tail, else the rate."""
        return self.rate * math.exp(-max(0.0, threshold - self.start) / self.scale)

    def threshold_at(self, fmr: float) -> float:
        """The similarity whose false match rate this is; the start for rates beyond the tail."""
        return self.start + self.scale * max(0.0, math.log(self.rate / fmr))


def fit_tail(non_mated: Similarities, *, share: float = TAIL_SHARE) -> NonMatedTail:
    """Fit the tail to the highest similarities (maximum likelihood: their mean excess).

    Args:
        non_mated: so many that the share holds at least `MIN_EXCEEDANCES`.
        share: of them that count as tail, 0..1.

    Raises: ValueError: too few comparisons.
    """
    count = int(share * non_mated.size)
    if count < MIN_EXCEEDANCES:
        raise ValueError(
            f"a tail needs {math.ceil(MIN_EXCEEDANCES / share):,} non-mated comparisons"
        )
    ordered = np.sort(non_mated)[::-1]
    start = float(ordered[count])
    scale = float(np.mean(ordered[:count]) - start)
    return NonMatedTail(start=start, rate=count / non_mated.size, scale=scale)


def identification_threshold(
    tail: NonMatedTail | None, *, enrolled: int, fpir: float, verification: float
) -> float:
    """From which similarity on a probe is named as one of the enrolled.

    Args:
        tail: of the model that compares; None where nobody measured it.
        enrolled: how many templates are searched.
        fpir: share of searches of strangers that may name somebody, 0..1.
        verification: the threshold of 1:1 comparison; the result is never below it.

    Raises: ValueError: the rate is outside 0..1.
    """
    if not 0 < fpir < 1:
        raise ValueError("a false positive identification rate lies between 0 and 1")
    if tail is None:
        return verification
    return max(verification, tail.threshold_at(fpir / max(1, enrolled)))
