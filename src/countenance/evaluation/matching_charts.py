"""The charts of a matching report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from countenance.evaluation.charts import (
    Curve,
    Histogram,
    Mark,
    det_chart,
    discard_chart,
    score_chart,
)
from countenance.evaluation.matching import MatchingReport
from countenance.evaluation.matching_comparisons import HISTOGRAM_EDGES, Compared

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CORNERS: Final = 600
"""Of a drawn staircase; more cannot be seen."""


def trade_off_chart(report: MatchingReport) -> Figure:
    """FNMR against FMR, with the shipped threshold."""
    told = report.trade_off
    # From the strictest threshold down: FMR rises along the line.
    fmr = np.concatenate(([0.0], told.fmr_at[::-1]))
    fnmr = np.append(1.0, told.fnmr_at[::-1])
    some = np.unique(np.linspace(0, fmr.size - 1, min(_CORNERS, fmr.size)).astype(np.int64))
    at = Mark(
        report.fmr.counted.value,
        report.fnmr.counted.value,
        report.fnmr.counted.interval,
        "At the shipped threshold",
    )
    return det_chart(
        [Curve("All comparisons", fmr[some], fnmr[some])],
        marks=[at],
        x_label="False match rate",
        y_label="False non-match rate",
        lowest=(1 / report.n_non_mated, 1 / report.n_mated),
    )


def similarity_chart(report: MatchingReport, compared: Compared) -> Figure:
    """Where mated and non-mated similarities lie."""
    mated = compared.all.mated
    above = mated.size - np.searchsorted(mated, HISTOGRAM_EDGES, side="left")
    shares = {
        "Mated": _shares(above),
        "Non-mated": _shares(compared.all.non_mated.count_at(HISTOGRAM_EDGES)),
    }
    used = np.flatnonzero(np.sum(list(shares.values()), axis=0))
    part = slice(int(used[0]), int(used[-1]) + 1)
    edges = HISTOGRAM_EDGES[part.start : part.stop + 1].astype(np.float64)
    return score_chart(
        [Histogram(name, edges, share[part]) for name, share in shares.items()],
        threshold=report.threshold,
        x_label="Similarity (higher is more alike)",
    )


def _shares(above: NDArray[np.integer]) -> NDArray[np.float64]:
    """Counts at or above the edges to the share in each bin; the outer bins take the rest."""
    counts = -np.diff(above).astype(np.float64)
    # A rounding error beyond 1 belongs to the last bin.
    counts[-1] += above[-1]
    return counts / float(counts.sum())


def quality_chart(report: MatchingReport) -> Figure:
    """FNMR without the comparisons of lowest quality."""
    curve = report.discard
    return discard_chart(
        [Curve("By sample quality", curve.discarded, curve.error)],
        ideal_from=report.fnmr.counted.value or None,
        y_label="False non-match rate",
    )
