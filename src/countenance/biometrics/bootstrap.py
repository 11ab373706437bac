"""How far verification rates would scatter with other people: a bootstrap over people.

Comparisons of one person depend on each other, so it is people that are drawn anew, not
comparisons. A person drawn w times counts w times in mated comparisons, and a non-mated
comparison counts the product of the two; copies of one person are not compared.

Source: Bolle, Ratha and Pankanti, Error analysis of pattern recognition systems: the subsets
bootstrap, CVIU 93(1), 2004; for pairs, Snijders and Borgatti, Connections 22(2), 1999.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.biometrics.everyone import (
    Indices,
    NonMatedScores,
    Singles,
    count_of_everyone,
    next_up,
    single_at_or_above,
)
from countenance.biometrics.trade_off import Floats, TradeOff

REPLICATES: Final = 1000
SEED: Final = 19795
"""Fixed, so that the same comparisons give the same intervals."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """What was compared, and whose samples they were."""

    mated: Singles
    """(m,) float32, rising; at least one."""
    mated_people: Indices
    """(m,) whose comparison each is, 0..p-1."""
    non_mated: NonMatedScores
    """At least one; when not all are kept, counted at `mated`, just above and at the threshold."""
    people: Indices
    """(n,) person of each sample, 0..p-1; the non-mated comparisons name samples."""

    def trade_off(self) -> TradeOff:
        """The errors as they were counted."""
        scores = self.non_mated
        return TradeOff(
            fmr_at=scores.count_at(self.mated) / scores.total,
            fmr_above=scores.count_at(next_up(self.mated)) / scores.total,
            weights=np.ones(self.mated.size),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Replicates:
    """The rates in each draw of people; nan where a draw held no comparison of a kind."""

    eer: Floats
    auc: Floats
    fmr: Floats
    """At the threshold."""
    fnmr: Floats
    """At the threshold."""
    fnmr_at_fmr: Floats
    """(replicates, rates)"""


def bootstrap(
    compared: Comparisons,
    *,
    threshold: float,
    rates: Sequence[float],
    replicates: int = REPLICATES,
    seed: int = SEED,
    on_replicate: Callable[[], None] = lambda: None,
) -> Replicates:
    """Draw the people anew, again and again.

    Below the lowest comparison that was kept, a draw keeps the shape of the whole: only EER and
    AUC can meet it, and only where more comparisons were made than `everyone.KEPT`.

    Args:
        compared: all comparisons.
        threshold: similarity from which a comparison matches.
        rates: false match rates at which FNMR is told.
        replicates: number of draws.
        seed: of the draws.
        on_replicate: called after each.
    """
    weigh = _Weigher(compared, threshold)
    count = int(compared.people.max()) + 1
    random = np.random.default_rng(seed)
    rows = np.full((replicates, 4 + len(rates)), np.nan)
    for row in rows:
        weights = random.multinomial(count, np.full(count, 1 / count))
        drawn = weigh(weights)
        if drawn is not None:
            told, fmr, fnmr = drawn
            row[:4] = told.equal_error_rate(), told.area_under_curve(), fmr, fnmr
            row[4:] = [told.fnmr_at_fmr(rate) for rate in rates]
        on_replicate()
    eer, auc, fmr, fnmr = rows[:, :4].T
    return Replicates(eer=eer, auc=auc, fmr=fmr, fnmr=fnmr, fnmr_at_fmr=rows[:, 4:])


class _Weigher:
    """The errors of one draw of people."""

    def __init__(self, compared: Comparisons, threshold: float) -> None:
        self._compared = compared
        scores = compared.non_mated
        self._first = compared.people[scores.first].astype(np.intp)
        self._second = compared.people[scores.second].astype(np.intp)
        at = single_at_or_above(threshold)
        self._rejected = int(np.searchsorted(compared.mated, at[0], side="left"))
        wanted = np.concatenate((compared.mated, next_up(compared.mated), at))
        self._counts = scores.count_at(wanted)
        kept = scores.similarities.size
        reached = np.minimum(self._counts, kept)
        self._edges = np.unique(np.concatenate(([0], reached, [kept])))
        self._edge_of = np.searchsorted(self._edges, reached)

    def __call__(self, weights: NDArray[np.int64]) -> tuple[TradeOff, float, float] | None:
        """The trade-off, and both errors at the threshold.

        Args:
            weights: (p,) how often each person was drawn.
        """
        mated = weights[self._compared.mated_people].astype(np.float64)
        shares = self._shares(weights)
        if shares is None or not mated.any():
            return None
        size = mated.size
        told = TradeOff(fmr_at=shares[:size], fmr_above=shares[size:-1], weights=mated)
        return told, float(shares[-1]), float(mated[: self._rejected].sum() / mated.sum())

    def _shares(self, weights: NDArray[np.int64]) -> Floats | None:
        """FMR at each wanted similarity; None when the draw holds no non-mated comparison."""
        scores = self._compared.non_mated
        kept = scores.similarities.size
        # Small numbers and few sums: this line is the time of a bootstrap.
        small = weights.astype(np.uint16)
        products = np.take(small, self._first) * np.take(small, self._second)
        steps = np.add.reduceat(products, self._edges[:-1], dtype=np.int64)
        sums = np.concatenate(([0], np.cumsum(steps)))
        reached = sums[self._edge_of].astype(np.float64)
        total = int(sums[-1])
        if not scores.is_complete:
            total = count_of_everyone(self._compared.people, weights=weights)
            below = np.maximum(self._counts - kept, 0) / (scores.total - kept)
            reached += below * (total - int(sums[-1]))
        return reached / total if total else None
