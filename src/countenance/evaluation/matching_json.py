"""The matching report as plain values under stable names."""

from __future__ import annotations

from collections.abc import Mapping

from countenance.evaluation.matching import REPORTED_DISCARD, MatchingReport
from countenance.evaluation.matching_pairs import PairList
from countenance.evaluation.matching_samples import Acquired
from countenance.statistics.intervals import Interval


def as_json(report: MatchingReport, pairs: PairList, acquired: Acquired) -> dict[str, object]:
    """What `evaluate matching --json` prints and `report.json` holds."""
    best, folds = report.best, report.folds
    return {
        "n_mated": report.n_mated,
        "n_non_mated": report.n_non_mated,
        "rows_skipped": pairs.rows_skipped,
        "n_images": report.n_images,
        "n_people": report.n_people,
        "people_from": report.people_from.value,
        "all_non_mated": report.everyone,
        "failures_to_acquire": report.failures_to_acquire.errors,
        "failure_to_acquire_rate": report.failures_to_acquire.value,
        "comparisons_left_out": report.comparisons_left_out,
        "threshold": report.threshold,
        "fmr": report.fmr.counted.value,
        "fnmr": report.fnmr.counted.value,
        "gfar": report.gfar.value,
        "gfrr": report.gfrr.value,
        "eer": report.eer.value,
        "auc": report.auc.value,
        "accuracy_best": None if best is None else best.value,
        "threshold_best": None if best is None else best.threshold,
        "accuracy_10_fold": None if folds is None else folds.mean,
        "accuracy_10_fold_standard_error": None if folds is None else folds.standard_error,
        "n_folds": None if folds is None else folds.folds,
        "fnmr_at_fmr": {name: told.value for name, told in report.fnmr_at_fmr.items()},
        "threshold_at_fmr": dict(report.threshold_at_fmr),
        "fnmr_at_discard": {
            f"{share:g}": report.discard.error_at(share) for share in REPORTED_DISCARD
        },
        "intervals": _intervals(report),
        "failed_images": [
            {"image": pairs.images[at], "why": why} for at, why in acquired.failures.items()
        ],
    }


def _intervals(report: MatchingReport) -> Mapping[str, object]:
    """95 % intervals, as [low, high] or null."""
    counted = {"fmr": report.fmr, "fnmr": report.fnmr}
    rates = {
        "failure_to_acquire_rate": report.failures_to_acquire,
        "gfar": report.gfar,
        "gfrr": report.gfrr,
    }
    told = {"eer": report.eer, "auc": report.auc}
    return {
        **{
            name: {"exact": _ends(r.counted.interval), "bootstrap": _ends(r.bootstrap)}
            for name, r in counted.items()
        },
        **{name: {"exact": _ends(r.interval)} for name, r in rates.items()},
        **{name: {"bootstrap": _ends(estimate.bootstrap)} for name, estimate in told.items()},
        "fnmr_at_fmr": {
            name: {"bootstrap": _ends(estimate.bootstrap)}
            for name, estimate in report.fnmr_at_fmr.items()
        },
    }


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]
