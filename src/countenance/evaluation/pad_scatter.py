"""How far rates of presentation attack detection would scatter with other cameras and rooms.

Frames of one source succeed and fail together. The exact interval of a count takes them for
independent and is too narrow; drawing whole sources anew is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.datasets.scores import ScoredPresentation
from countenance.evaluation.protocols import grouped, score_sets
from countenance.pad.rates import auc, equal_error_rate
from countenance.statistics.intervals import Interval, percentile_interval

REPLICATES: Final = 1000
_SEED: Final = 7


@dataclass(frozen=True, slots=True)
class Scatter:
    """Intervals at 95 % over sources; None where a draw of sources could not tell the rate."""

    eer: Interval | None
    auc: Interval | None
    bpcer: Interval | None
    apcer: Interval | None
    """Over the attacks of every species."""


def scatter_over_sources(
    scored: Sequence[ScoredPresentation], *, threshold: float, replicates: int = REPLICATES
) -> Scatter:
    """Draw as many sources as there are, with replacement, and measure each draw.

    Source: Efron, Annals of Statistics 7(1), 1979, with sources as the units.
    """
    groups = [score_sets(one) for one in grouped(scored, lambda e: e.presentation.source).values()]
    if len(groups) < 2:
        return Scatter(None, None, None, None)
    rng = np.random.default_rng(_SEED)
    told = np.full((replicates, 4), np.nan)
    for row in told:
        drawn = rng.integers(len(groups), size=len(groups))
        bona_fide = np.concatenate([groups[at].bona_fide for at in drawn])
        attacks = np.concatenate([groups[at].all_attacks for at in drawn])
        row[:] = _rates(bona_fide, attacks, threshold)
    return Scatter(*(_interval(column) for column in told.T))


def _rates(
    bona_fide: NDArray[np.float64], attacks: NDArray[np.float64], threshold: float
) -> tuple[float, float, float, float]:
    if not bona_fide.size or not attacks.size:
        return (np.nan,) * 4
    return (
        equal_error_rate(bona_fide, attacks)[0],
        auc(bona_fide, attacks),
        float((bona_fide < threshold).mean()),
        float((attacks >= threshold).mean()),
    )


def _interval(replicates: NDArray[np.float64]) -> Interval | None:
    """None when all draws agree: no draw shows an error that no source made."""
    interval = percentile_interval(replicates)
    return None if interval is None or np.ptp(replicates) == 0 else interval
