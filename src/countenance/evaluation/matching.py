"""Verification on a list of image pairs (ISO/IEC 19795-1): error rates and counts."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from countenance.biometrics.comparison import similarity
from countenance.biometrics.embeddings import Embedding
from countenance.biometrics.rates import (
    Similarities,
    accuracy,
    area_under_curve,
    best_accuracy,
    equal_error_rate,
    operating_point,
    threshold_at_fmr,
)
from countenance.errors import ConfigurationError

REPORTED_FMR: Final = {"1e-2": 1e-2, "1e-3": 1e-3, "1e-4": 1e-4}
COLUMNS: Final = ("a", "b", "same")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two images and whether they show one person."""

    a: Path
    b: Path
    is_mated: bool


@dataclass(frozen=True, slots=True)
class MatchingReport:
    """What verification made of the pairs."""

    n_mated: int
    """Mated comparisons that were made."""
    n_non_mated: int
    failures_to_acquire: int
    """Images without a face; comparisons with them are not made and not in the rates."""
    comparisons_left_out: int
    threshold: float
    """The one that was given; not chosen on these pairs."""
    fmr: float
    fnmr: float
    eer: float
    auc: float
    accuracy_best: float
    """Highest share of right answers; its threshold is chosen on these pairs."""
    threshold_best: float
    fnmr_at_fmr: Mapping[str, float | None]
    """FNMR at the lowest threshold of these pairs that keeps the FMR; None where there are too few
    non-mated comparisons to tell a rate that fine."""

    def as_json(self) -> dict[str, object]:
        """The stable keys of `evaluate matching --json`."""
        return {
            "n_mated": self.n_mated,
            "n_non_mated": self.n_non_mated,
            "failures_to_acquire": self.failures_to_acquire,
            "comparisons_left_out": self.comparisons_left_out,
            "threshold": self.threshold,
            "fmr": self.fmr,
            "fnmr": self.fnmr,
            "eer": self.eer,
            "auc": self.auc,
            # Ten folds need pairs that are split into folds by person; these lists are not.
            "accuracy_10_fold": None,
            "accuracy_best": self.accuracy_best,
            "threshold_best": self.threshold_best,
            "fnmr_at_fmr": dict(self.fnmr_at_fmr),
        }


def read_pairs(path: Path, *, root: Path) -> list[Pair]:
    """Read a list with the columns `a,b,same`; `same` is 1 or 0, paths are below `root`.

    Raises: ConfigurationError: it cannot be read, lacks a column, or a row makes no sense.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            _check_columns(rows.fieldnames or ())
            return [_pair(row, root=root, line=rows.line_num) for row in rows]
    except (OSError, ValueError, csv.Error) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise ConfigurationError(
            f"The list of pairs {path} cannot be used: {why}.",
            remedy="Give a CSV file with the columns a,b,same; same is 1 or 0.",
        ) from error


def _check_columns(found: Iterable[str]) -> None:
    missing = set(COLUMNS) - set(found)
    if missing:
        raise ValueError(f"the column {min(missing)} is missing")


def _pair(row: Mapping[str, str | None], *, root: Path, line: int) -> Pair:
    a, b, same = (row[name] for name in COLUMNS)
    if not a or not b or same not in ("0", "1"):
        raise ValueError(f"line {line} is not a,b,same")
    return Pair(root / a, root / b, is_mated=same == "1")


def evaluate_pairs(
    pairs: Iterable[Pair], *, embed: Callable[[Path], Embedding | None], threshold: float
) -> MatchingReport:
    """Compare every pair.

    Args:
        pairs: images that were seen before are not embedded again.
        embed: of an image file; None when it shows no face.
        threshold: similarity from which two images match.

    Raises: ConfigurationError: no mated or no non-mated comparison could be made.
    """
    seen: dict[Path, Embedding | None] = {}
    scores: dict[bool, list[float]] = {True: [], False: []}
    left_out = 0
    for pair in pairs:
        for path in (pair.a, pair.b):
            if path not in seen:
                seen[path] = embed(path)
        a, b = seen[pair.a], seen[pair.b]
        if a is None or b is None:
            left_out += 1
            continue
        scores[pair.is_mated].append(similarity(a, b))
    failures = sum(embedding is None for embedding in seen.values())
    if not scores[True] or not scores[False]:
        raise ConfigurationError(
            "No mated or no non-mated comparison could be made.",
            remedy="Give pairs of both kinds, same 1 and same 0, on images that show a face.",
        )
    mated, non_mated = np.array(scores[True]), np.array(scores[False])
    return _report(mated, non_mated, failures=failures, left_out=left_out, threshold=threshold)


def _report(
    mated: Similarities, non_mated: Similarities, *, failures: int, left_out: int, threshold: float
) -> MatchingReport:
    at = operating_point(mated, non_mated, threshold=threshold)
    best = best_accuracy(mated, non_mated)
    return MatchingReport(
        n_mated=mated.size,
        n_non_mated=non_mated.size,
        failures_to_acquire=failures,
        comparisons_left_out=left_out,
        threshold=threshold,
        fmr=at.fmr,
        fnmr=at.fnmr,
        eer=equal_error_rate(mated, non_mated),
        auc=area_under_curve(mated, non_mated),
        accuracy_best=accuracy(best, mated=mated.size, non_mated=non_mated.size),
        threshold_best=best.threshold,
        fnmr_at_fmr={name: _fnmr_at(fmr, mated, non_mated) for name, fmr in REPORTED_FMR.items()},
    )


def _fnmr_at(fmr: float, mated: Similarities, non_mated: Similarities) -> float | None:
    if fmr * non_mated.size < 1:
        return None
    threshold = threshold_at_fmr(non_mated, fmr=fmr)
    return operating_point(mated, non_mated, threshold=threshold).fnmr
