"""Verification measured on a list of image pairs (ISO/IEC 19795-1): rates, counts, intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.biometrics.bootstrap import REPLICATES, Replicates, bootstrap
from countenance.biometrics.discard import DiscardCurve, error_versus_discard
from countenance.biometrics.everyone import single_at_or_above
from countenance.biometrics.folds import FoldAccuracy, fold_accuracy
from countenance.biometrics.rates import accuracy, best_accuracy
from countenance.biometrics.trade_off import TradeOff
from countenance.evaluation.errors import PairsError
from countenance.evaluation.matching_comparisons import Compared, ListedScores
from countenance.evaluation.matching_pairs import PairList, PeopleFrom
from countenance.evaluation.matching_samples import Acquired
from countenance.statistics.intervals import Interval, Rate, percentile_interval, rate

REPORTED_FMR: Final = {"1e-2": 1e-2, "1e-3": 1e-3, "1e-4": 1e-4, "1e-5": 1e-5}
REPORTED_DISCARD: Final = (0.0, 0.05, 0.1, 0.2, 0.3)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate that is not a plain count, with how far it would scatter with other people."""

    value: float | None
    """None where the comparisons are too few to tell."""
    bootstrap: Interval | None
    """95 %; None where there is no value, or a draw of people could not tell one."""


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """A counted share of errors at the threshold."""

    counted: Rate
    """With the exact interval, which takes comparisons for independent: too narrow."""
    bootstrap: Interval | None
    """Over people."""


@dataclass(frozen=True, slots=True)
class BestAccuracy:
    """The highest share of right answers on the rows of the list."""

    value: float
    threshold: float
    """Chosen on these very rows."""


@dataclass(frozen=True, slots=True, eq=False)
class MatchingReport:
    """What verification made of the pairs."""

    n_images: int
    n_people: int
    people_from: PeopleFrom
    everyone: bool
    """Whether non-mated comparisons are those of everyone with everyone."""
    failures_to_acquire: Rate
    """Images without a usable face; comparisons with them are not made."""
    comparisons_left_out: int
    threshold: float
    """The one that was given; not chosen on these pairs."""
    fmr: ErrorRate
    fnmr: ErrorRate
    gfar: Rate
    """False matches over all non-mated attempts; one without a sample is refused."""
    gfrr: Rate
    """False non-matches, and mated attempts without a sample, over all mated attempts."""
    eer: Estimate
    auc: Estimate
    best: BestAccuracy | None
    """None when the list has no non-mated row that could be compared."""
    folds: FoldAccuracy | None
    """None when the list has no folds."""
    fnmr_at_fmr: Mapping[str, Estimate]
    threshold_at_fmr: Mapping[str, float | None]
    discard: DiscardCurve
    """FNMR at the threshold without the mated comparisons of lowest quality."""
    trade_off: TradeOff
    """Of all comparisons, for charts."""

    @property
    def n_mated(self) -> int:
        """Mated comparisons that were made."""
        return self.fnmr.counted.total

    @property
    def n_non_mated(self) -> int:
        return self.fmr.counted.total


def measure(
    pairs: PairList,
    acquired: Acquired,
    compared: Compared,
    *,
    threshold: float,
    everyone: bool,
    replicates: int = REPLICATES,
    on_replicate: Callable[[], None] = lambda: None,
) -> MatchingReport:
    """Tell every rate of the comparisons.

    Args:
        pairs: the list.
        acquired: its samples.
        compared: its comparisons.
        threshold: similarity from which two images match, fixed elsewhere.
        everyone: how the non-mated comparisons were made.
        replicates: draws of people for the intervals.
        on_replicate: called after each draw.

    Raises: PairsError: folds that cannot choose a threshold for each other.
    """
    told = compared.all.trade_off()
    scores = compared.all.non_mated
    at = single_at_or_above(threshold)
    matches = int(scores.count_at(at)[0])
    misses = int(np.searchsorted(compared.all.mated, at[0], side="left"))
    mated, left = compared.all.mated.size, compared.mated_left_out
    reported = {name: fmr for name, fmr in REPORTED_FMR.items() if _can_tell(fmr, scores.total)}
    drawn = bootstrap(
        compared.all,
        threshold=threshold,
        rates=list(reported.values()),
        replicates=replicates,
        on_replicate=on_replicate,
    )
    return MatchingReport(
        n_images=len(pairs.images),
        n_people=int(pairs.people.max()) + 1,
        people_from=pairs.people_from,
        everyone=everyone,
        failures_to_acquire=rate(len(acquired.failures), len(pairs.images)),
        comparisons_left_out=left + compared.non_mated_left_out,
        threshold=threshold,
        fmr=ErrorRate(rate(matches, scores.total), _over_people(drawn.fmr)),
        fnmr=ErrorRate(rate(misses, mated), _over_people(drawn.fnmr)),
        gfar=rate(matches, scores.total + compared.non_mated_left_out),
        gfrr=rate(misses + left, mated + left),
        eer=Estimate(told.equal_error_rate(), _over_people(drawn.eer)),
        auc=Estimate(told.area_under_curve(), _over_people(drawn.auc)),
        best=_best(compared.listed),
        folds=_folds(pairs, compared.listed),
        fnmr_at_fmr=_fnmr_at_fmr(told, drawn, reported),
        threshold_at_fmr={
            name: scores.threshold_at_fmr(fmr) if name in reported else None
            for name, fmr in REPORTED_FMR.items()
        },
        discard=_discard(compared.listed, float(at[0])),
        trade_off=told,
    )


def _over_people(replicates: NDArray[np.float64]) -> Interval | None:
    """The interval; None when all draws agree: no draw shows an error that nobody made."""
    interval = percentile_interval(replicates)
    return None if interval is None or np.ptp(replicates) == 0 else interval


def _can_tell(fmr: float, comparisons: int) -> bool:
    return fmr * comparisons >= 1 - 1e-9


def _fnmr_at_fmr(
    told: TradeOff, drawn: Replicates, reported: Mapping[str, float]
) -> dict[str, Estimate]:
    estimates = {name: Estimate(None, None) for name in REPORTED_FMR}
    for column, (name, fmr) in enumerate(reported.items()):
        interval = _over_people(drawn.fnmr_at_fmr[:, column])
        estimates[name] = Estimate(told.fnmr_at_fmr(fmr), interval)
    return estimates


def _best(listed: ListedScores) -> BestAccuracy | None:
    alike = listed.similarities.astype(np.float64)
    mated, non_mated = alike[listed.is_mated], alike[~listed.is_mated]
    if not non_mated.size:
        return None
    point = best_accuracy(mated, non_mated)
    share = accuracy(point, mated=mated.size, non_mated=non_mated.size)
    return BestAccuracy(share, point.threshold)


def _folds(pairs: PairList, listed: ListedScores) -> FoldAccuracy | None:
    folds = [pairs.pairs[row].fold for row in listed.rows]
    numbers = [fold for fold in folds if fold is not None]
    if not numbers:
        return None
    try:
        return fold_accuracy(
            listed.similarities.astype(np.float64), listed.is_mated, np.array(numbers)
        )
    except ValueError as error:
        raise PairsError(
            f"The column fold cannot be used: {error}.",
            remedy="Give at least two folds, each with pairs of both kinds; or leave it out.",
        ) from error


def _discard(listed: ListedScores, threshold: float) -> DiscardCurve:
    mated = listed.is_mated
    return error_versus_discard(listed.similarities[mated] < threshold, listed.quality[mated])
