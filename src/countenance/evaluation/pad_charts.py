"""The charts of a report on presentation attack detection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from countenance.evaluation.charts import Curve, Histogram, Mark, det_chart, score_chart
from countenance.evaluation.pad_measurement import PadMeasurement
from countenance.evaluation.pad_report import PadReport
from countenance.evaluation.protocols import ScoreSets, score_sets
from countenance.evaluation.rate_chart import rate_chart
from countenance.pad.rates import trade_off
from countenance.pad.species import PaiSpecies
from countenance.statistics.intervals import Rate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SPECIES_DRAWN: Final = 3
"""Beside all attacks together; more lines cannot be told apart."""
_BINS: Final = 40
_MOST_SOURCES: Final = 40


def charts_of(measured: PadMeasurement) -> dict[str, Figure]:
    """Every chart by the name of its file; sources only where there are several."""
    sets, report = score_sets(measured.scored), measured.report
    drawn = {
        "det": trade_off_chart(report, sets),
        "scores": score_histogram(report, sets),
        "species": species_chart(report),
    }
    if len(report.per_source) > 1:
        drawn["sources"] = source_chart(report)
    return drawn


def species_name(species: PaiSpecies) -> str:
    """As people read it.

    >>> species_name(PaiSpecies.REPLAY_PHONE)
    'Replay, phone'
    """
    return _NAMES[species]


_NAMES: Final = {
    PaiSpecies.PRINT: "Print",
    PaiSpecies.REPLAY_PHONE: "Replay, phone",
    PaiSpecies.REPLAY_MONITOR: "Replay, monitor",
    PaiSpecies.REPLAY: "Replay, other",
    PaiSpecies.PAPER_MASK: "Paper mask",
    PaiSpecies.MASK_3D: "3D mask",
    PaiSpecies.UNKNOWN: "Unknown",
}


def trade_off_chart(report: PadReport, sets: ScoreSets) -> Figure:
    """BPCER against APCER, of all attacks and of the species that pass most."""
    worst = sorted(report.at.apcer, key=lambda species: -report.at.apcer[species].value)
    curves = [_curve("All attacks", sets.bona_fide, sets.all_attacks)]
    if len(sets.attacks) > 1:
        curves += [
            _curve(species_name(species), sets.bona_fide, sets.attacks[species])
            for species in worst[:_SPECIES_DRAWN]
        ]
    at = Mark(
        report.apcer_all.value, report.at.bpcer.value, report.at.bpcer.interval, "At the threshold"
    )
    return det_chart(
        curves,
        marks=[at],
        x_label="APCER",
        y_label="BPCER",
        lowest=(1 / report.n_attack, 1 / report.n_bona_fide),
    )


def _curve(label: str, bona_fide: NDArray[np.float64], attacks: NDArray[np.float64]) -> Curve:
    told = trade_off(bona_fide, attacks)
    return Curve(label, told.apcer[::-1], told.bpcer[::-1])


def score_histogram(report: PadReport, sets: ScoreSets) -> Figure:
    """Where the scores of both classes lie."""
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    classes = {"Bona fide": sets.bona_fide, "Attacks": sets.all_attacks}
    return score_chart(
        [
            Histogram(name, edges, np.histogram(scores, edges)[0] / scores.size)
            for name, scores in classes.items()
        ],
        threshold=report.at.threshold,
        x_label="Bona fide score (higher is surer)",
        y_label="Share of presentations",
    )


def species_chart(report: PadReport) -> Figure:
    """APCER of each species at the threshold and where 5 % of the bona fide are refused."""
    series = {"At the threshold": _named(report.at.apcer)}
    point = report.apcer_at_bpcer["0.05"]
    if point is not None:
        series["At BPCER 5 %"] = _named(point.apcer)
    groups = [species_name(species) for species in report.at.apcer]
    return rate_chart(groups, series, x_label="APCER, exact 95 % interval")


def _named(rates: Mapping[PaiSpecies, Rate]) -> dict[str, Rate]:
    return {species_name(species): rate for species, rate in rates.items()}


def source_chart(report: PadReport) -> Figure:
    """Both errors of each source, those with most errors first."""
    sources = sorted(report.per_source.items(), key=lambda item: (-item[1].errors, item[0]))
    shown = dict(sources[:_MOST_SOURCES])
    series = {
        "BPCER": {name: told.bpcer for name, told in shown.items() if told.bpcer},
        "APCER": {name: told.apcer for name, told in shown.items() if told.apcer},
    }
    return rate_chart(list(shown), series, x_label="At the threshold, exact 95 % interval")
