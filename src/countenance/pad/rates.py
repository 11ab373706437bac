"""Error rates of presentation attack detection, as ISO/IEC 30107-3 defines them.

A score is a `bona_fide_score`: higher is surer of a bona fide presentation, and a presentation is
accepted when its score reaches the threshold. APCER is the share of attacks accepted, per species;
BPCER the share of bona fide presentations refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countenance.pad.species import PaiSpecies

Scores = NDArray[np.floating]

CONFIDENCE = 0.95
_BISECTIONS = 60


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of presentations with its exact 95 % confidence interval."""

    errors: int
    total: int
    """Never 0."""
    low: float
    """Lower end of the Clopper-Pearson interval, 0..1."""
    high: float
    """Upper end, 0..1."""

    @property
    def value(self) -> float:
        return self.errors / self.total


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a detector does at one threshold."""

    threshold: float
    bpcer: Rate
    apcer: Mapping[PaiSpecies, Rate]

    @property
    def apcer_worst(self) -> float:
        """The highest APCER of any species: the headline of ISO/IEC 30107-3, 13.2.1."""
        return max(rate.value for rate in self.apcer.values())


def rate(errors: int, total: int, *, confidence: float = CONFIDENCE) -> Rate:
    """Return the share of errors with its Clopper-Pearson interval.

    >>> r = rate(0, 10)
    >>> r.value, r.low, round(r.high, 4)
    (0.0, 0.0, 0.3085)

    Raises: ValueError: no presentation, or more errors than presentations.
    Source: Clopper and Pearson, Biometrika 26(4), 1934; one of the methods of ISO/IEC 19795-1.
    """
    if total < 1 or not 0 <= errors <= total:
        raise ValueError(f"{errors} errors of {total} presentations is no rate")
    tail = (1 - confidence) / 2
    low, high = 0.0, 1.0
    if errors > 0:
        low = _root(lambda p: _at_least(errors, total, p) - tail)
    if errors < total:
        high = _root(lambda p: tail - (1 - _at_least(errors + 1, total, p)))
    return Rate(errors, total, low, high)


def _at_least(count: int, total: int, probability: float) -> float:
    """Probability of `count` or more errors; increasing in `probability`."""
    if probability <= 0.0 or probability >= 1.0:
        return float(probability >= 1.0 or count == 0)
    log_p, log_q = math.log(probability), math.log1p(-probability)
    terms = (
        _log_choose(total, k) + k * log_p + (total - k) * log_q for k in range(count, total + 1)
    )
    return math.fsum(math.exp(term) for term in terms)


def _log_choose(total: int, count: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)


def _root(increasing: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if increasing(middle) > 0 else (middle, high)
    return (low + high) / 2


def bpcer(bona_fide: Scores, *, threshold: float) -> Rate:
    """Share of bona fide presentations below the threshold."""
    return rate(int(np.sum(bona_fide < threshold)), int(bona_fide.size))


def apcer(attacks: Scores, *, threshold: float) -> Rate:
    """Share of attacks at or above the threshold."""
    return rate(int(np.sum(attacks >= threshold)), int(attacks.size))


def operating_point(
    bona_fide: Scores, attacks: Mapping[PaiSpecies, Scores], *, threshold: float
) -> OperatingPoint:
    """Return BPCER and the APCER of each species at a threshold fixed elsewhere."""
    return OperatingPoint(
        threshold,
        bpcer(bona_fide, threshold=threshold),
        {species: apcer(scores, threshold=threshold) for species, scores in attacks.items()},
    )


def threshold_at_bpcer(bona_fide: Scores, *, target: float) -> float:
    """Return the highest threshold that refuses at most `target` of the bona fide scores.

    >>> threshold_at_bpcer(np.array([0.1, 0.5, 0.6, 0.9]), target=0.25)
    0.5
    """
    ordered = np.sort(bona_fide)
    return float(ordered[min(math.floor(target * ordered.size + 1e-9), ordered.size - 1)])


def auc(bona_fide: Scores, attacks: Scores) -> float:
    """Probability that a bona fide score exceeds an attack's, ties counting half.

    >>> auc(np.array([0.8, 0.9]), np.array([0.1, 0.8]))
    0.875
    """
    ordered = np.sort(attacks)
    below = np.searchsorted(ordered, bona_fide, side="left")
    not_above = np.searchsorted(ordered, bona_fide, side="right")
    return float((below + not_above).sum() / (2.0 * bona_fide.size * attacks.size))


def equal_error_rate(bona_fide: Scores, attacks: Scores) -> tuple[float, float]:
    """Return (EER, threshold) where APCER over all attacks and BPCER come closest.

    The rate is the mean of the two at that threshold, which is one of the scores.

    >>> equal_error_rate(np.array([0.4, 0.8, 0.9, 0.95]), np.array([0.1, 0.2, 0.3, 0.85]))
    (0.25, 0.8)
    """
    thresholds = np.unique(np.concatenate([bona_fide, attacks]))
    refused = np.searchsorted(np.sort(bona_fide), thresholds, side="left") / bona_fide.size
    accepted = 1 - np.searchsorted(np.sort(attacks), thresholds, side="left") / attacks.size
    gaps = np.abs(refused - accepted)
    best = int(np.argmin(gaps))
    return float((refused[best] + accepted[best]) / 2), float(thresholds[best])
