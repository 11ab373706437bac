"""The report of a passive detector: ISO/IEC 30107-3 rates per species and per source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from countenance.datasets.scores import ScoredPresentation
from countenance.evaluation.protocols import ScoreSets, grouped, score_sets
from countenance.pad.rates import (
    OperatingPoint,
    auc,
    equal_error_rate,
    operating_point,
    threshold_at_bpcer,
)
from countenance.pad.species import PaiSpecies
from countenance.statistics.intervals import Rate

BPCER_TARGETS = {"0.05": 0.05, "0.10": 0.10}


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One source; rates are None where it has no such presentation."""

    eer: float | None
    bpcer: float | None
    apcer: float | None
    """Over all its attacks."""
    n_bona_fide: int
    n_attack: int


@dataclass(frozen=True, slots=True)
class PadReport:
    """What a detector does on presentations it was not trained with."""

    n_bona_fide: int
    n_attack: int
    no_face: int
    at: OperatingPoint
    """At the threshold that is used."""
    eer: float
    auc: float
    apcer_at_bpcer: Mapping[str, OperatingPoint]
    """At thresholds that refuse 5 % and 10 % of the bona fide presentations."""
    per_source: Mapping[str, SourceReport]

    def as_dict(self) -> dict[str, object]:
        """Plain values under stable names, for JSON."""
        return {
            "n_bona_fide": self.n_bona_fide,
            "n_attack": self.n_attack,
            "no_face": self.no_face,
            "threshold": round(self.at.threshold, 6),
            "bpcer": _rounded(self.at.bpcer.value),
            "bpcer_interval": _interval(self.at.bpcer),
            "apcer_worst": _rounded(self.at.apcer_worst),
            "apcer": {s.value: _rounded(r.value) for s, r in self.at.apcer.items()},
            "apcer_interval": {s.value: _interval(r) for s, r in self.at.apcer.items()},
            "n_species": {s.value: r.total for s, r in self.at.apcer.items()},
            "eer": _rounded(self.eer),
            "auc": _rounded(self.auc),
            "apcer_at_bpcer": {
                name: {s.value: _rounded(r.value) for s, r in point.apcer.items()}
                for name, point in self.apcer_at_bpcer.items()
            },
            "per_source": {
                name: {
                    "eer": _rounded(source.eer),
                    "bpcer": _rounded(source.bpcer),
                    "apcer": _rounded(source.apcer),
                    "n_bona_fide": source.n_bona_fide,
                    "n_attack": source.n_attack,
                }
                for name, source in self.per_source.items()
            },
        }


def pad_report(scored: Sequence[ScoredPresentation], *, threshold: float) -> PadReport:
    """Measure scores against a threshold that was fixed elsewhere.

    Raises: ValueError: one of the classes has no score.
    """
    sets = score_sets(scored)
    if not sets.has_both:
        raise ValueError("a report needs scored bona fide and attack presentations")
    return PadReport(
        n_bona_fide=sets.bona_fide.size,
        n_attack=sets.all_attacks.size,
        no_face=sets.no_face,
        at=operating_point(sets.bona_fide, sets.attacks, threshold=threshold),
        eer=equal_error_rate(sets.bona_fide, sets.all_attacks)[0],
        auc=auc(sets.bona_fide, sets.all_attacks),
        apcer_at_bpcer={name: _at_bpcer(sets, target) for name, target in BPCER_TARGETS.items()},
        per_source={
            name: _source(score_sets(entries), threshold)
            for name, entries in sorted(grouped(scored, lambda e: e.presentation.source).items())
        },
    )


def _at_bpcer(sets: ScoreSets, target: float) -> OperatingPoint:
    threshold = threshold_at_bpcer(sets.bona_fide, target=target)
    return operating_point(sets.bona_fide, sets.attacks, threshold=threshold)


def _source(sets: ScoreSets, threshold: float) -> SourceReport:
    attacks = sets.all_attacks
    return SourceReport(
        eer=equal_error_rate(sets.bona_fide, attacks)[0] if sets.has_both else None,
        bpcer=float((sets.bona_fide < threshold).mean()) if sets.bona_fide.size else None,
        apcer=float((attacks >= threshold).mean()) if attacks.size else None,
        n_bona_fide=sets.bona_fide.size,
        n_attack=attacks.size,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _interval(rate: Rate) -> list[float]:
    return [round(rate.low, 4), round(rate.high, 4)]


def worst_species(report: PadReport) -> PaiSpecies:
    """The species that passes most often."""
    return max(report.at.apcer, key=lambda species: report.at.apcer[species].value)
