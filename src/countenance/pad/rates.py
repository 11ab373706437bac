"""Error rates of presentation attack detection, as ISO/IEC 30107-3 defines them.

A score is a `bona_fide_score`: higher is surer of a bona fide presentation, and a presentation is
accepted when its score reaches the threshold. APCER is the share of attacks accepted, per species;
BPCER the share of bona fide presentations refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countenance.pad.species import PaiSpecies
from countenance.statistics.intervals import Rate, rate

Scores = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a detector does at one threshold."""

    threshold: float
    bpcer: Rate
    apcer: Mapping[PaiSpecies, Rate]

    @property
    def apcer_worst(self) -> float:
        """The highest APCER of any species: the headline of ISO/IEC 30107-3, 13.2.1."""
        return max(one.value for one in self.apcer.values())

    @property
    def acer(self) -> float:
        """Mean of BPCER and the worst APCER; for older papers, ISO/IEC 30107-3 has no such rate."""
        return (self.bpcer.value + self.apcer_worst) / 2


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


@dataclass(frozen=True, slots=True, eq=False)
class TradeOff:
    """Both errors at every threshold that tells scores apart, from the laxest to the strictest."""

    thresholds: NDArray[np.float64]
    """(n,) rising; the last is above every score."""
    bpcer: NDArray[np.float64]
    """(n,) rising, 0..1."""
    apcer: NDArray[np.float64]
    """(n,) falling, 0..1."""


def trade_off(bona_fide: Scores, attacks: Scores) -> TradeOff:
    """Return the curve of which a DET chart is drawn.

    >>> curve = trade_off(np.array([0.5, 0.9]), np.array([0.1, 0.6]))
    >>> curve.bpcer.tolist(), curve.apcer.tolist()
    ([0.0, 0.0, 0.5, 0.5, 1.0], [1.0, 0.5, 0.5, 0.0, 0.0])
    """
    thresholds = np.append(np.unique(np.concatenate([bona_fide, attacks])), np.inf)
    refused = np.searchsorted(np.sort(bona_fide), thresholds, side="left")
    blocked = np.searchsorted(np.sort(attacks), thresholds, side="left")
    return TradeOff(thresholds, refused / bona_fide.size, 1 - blocked / attacks.size)


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
