"""The rates of a passive detector (ISO/IEC 30107-3): in all, per species, source and subject."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from countenance.datasets.scores import ScoredPresentation
from countenance.evaluation.protocols import ScoreSets, grouped, score_sets
from countenance.pad.rates import (
    OperatingPoint,
    apcer,
    auc,
    bpcer,
    equal_error_rate,
    operating_point,
    threshold_at_bpcer,
)
from countenance.pad.species import PaiSpecies
from countenance.statistics.intervals import Rate

_By = Callable[[ScoredPresentation], str]

BPCER_TARGETS: Final = {"0.01": 0.01, "0.05": 0.05, "0.10": 0.10}


@dataclass(frozen=True, slots=True)
class GroupReport:
    """One source or subject; what it has no such presentation for is None."""

    eer: float | None
    bpcer: Rate | None
    apcer: Rate | None
    """Over all its attacks."""
    no_face: int

    @property
    def n_bona_fide(self) -> int:
        return self.bpcer.total if self.bpcer else 0

    @property
    def n_attack(self) -> int:
        return self.apcer.total if self.apcer else 0

    @property
    def errors(self) -> int:
        """Wrong decisions in all."""
        return sum(told.errors for told in (self.bpcer, self.apcer) if told)

    def as_dict(self) -> dict[str, object]:
        """Plain values under stable names."""
        return {
            "eer": _rounded(self.eer),
            "bpcer": _rounded(self.bpcer.value if self.bpcer else None),
            "apcer": _rounded(self.apcer.value if self.apcer else None),
            "bpcer_interval": interval_of(self.bpcer),
            "apcer_interval": interval_of(self.apcer),
            "n_bona_fide": self.n_bona_fide,
            "n_attack": self.n_attack,
            "no_face": self.no_face,
        }


@dataclass(frozen=True, slots=True)
class PadReport:
    """What a detector does on labelled presentations."""

    n_bona_fide: int
    n_attack: int
    no_face: int
    unanswered: Mapping[PaiSpecies | None, int]
    """Presentations in which no face was found: by species, None for bona fide."""
    at: OperatingPoint
    """At the threshold that is used."""
    apcer_all: Rate
    """At that threshold, over the attacks of every species."""
    eer: float
    eer_threshold: float
    """Chosen on these very scores."""
    auc: float
    apcer_at_bpcer: Mapping[str, OperatingPoint | None]
    """At thresholds of these scores that refuse at most 1, 5 and 10 % of the bona fide
    presentations; None where they are too few to tell such a share."""
    per_source: Mapping[str, GroupReport]
    per_subject: Mapping[str, GroupReport]
    """Without presentations of unknown people."""

    def as_dict(self) -> dict[str, object]:
        """Plain values under stable names; no subject is named, so that a card may hold them."""
        return {
            "n_bona_fide": self.n_bona_fide,
            "n_attack": self.n_attack,
            "no_face": self.no_face,
            "no_face_bona_fide": self.unanswered.get(None, 0),
            "no_face_attack": {s.value: n for s, n in self.unanswered.items() if s is not None},
            "threshold": round(self.at.threshold, 6),
            "bpcer": _rounded(self.at.bpcer.value),
            "bpcer_interval": interval_of(self.at.bpcer),
            "apcer_worst": _rounded(self.at.apcer_worst),
            "apcer": {s.value: _rounded(r.value) for s, r in self.at.apcer.items()},
            "apcer_interval": {s.value: interval_of(r) for s, r in self.at.apcer.items()},
            "n_species": {s.value: r.total for s, r in self.at.apcer.items()},
            "apcer_all": _rounded(self.apcer_all.value),
            "acer": _rounded(self.at.acer),
            "eer": _rounded(self.eer),
            "eer_threshold": round(self.eer_threshold, 6),
            "auc": _rounded(self.auc),
            "apcer_at_bpcer": {
                name: point and {s.value: _rounded(r.value) for s, r in point.apcer.items()}
                for name, point in self.apcer_at_bpcer.items()
            },
            "apcer_worst_at_bpcer": {
                name: point and _rounded(point.apcer_worst)
                for name, point in self.apcer_at_bpcer.items()
            },
            "threshold_at_bpcer": {
                name: point and round(point.threshold, 6)
                for name, point in self.apcer_at_bpcer.items()
            },
            "per_source": {name: source.as_dict() for name, source in self.per_source.items()},
        }


def pad_report(scored: Sequence[ScoredPresentation], *, threshold: float) -> PadReport:
    """Measure scores against a threshold that was fixed elsewhere.

    Raises: ValueError: one of the classes has no score.
    """
    sets = score_sets(scored)
    if not sets.has_both:
        raise ValueError("a report needs scored bona fide and attack presentations")
    eer, at_eer = equal_error_rate(sets.bona_fide, sets.all_attacks)
    return PadReport(
        n_bona_fide=sets.bona_fide.size,
        n_attack=sets.all_attacks.size,
        no_face=sets.no_face,
        unanswered=sets.unanswered,
        at=operating_point(sets.bona_fide, sets.attacks, threshold=threshold),
        apcer_all=apcer(sets.all_attacks, threshold=threshold),
        eer=eer,
        eer_threshold=at_eer,
        auc=auc(sets.bona_fide, sets.all_attacks),
        apcer_at_bpcer={name: _at_bpcer(sets, target) for name, target in BPCER_TARGETS.items()},
        per_source=_groups(scored, lambda e: e.presentation.source, threshold=threshold),
        per_subject={
            name: told
            for name, told in _groups(
                scored, lambda e: e.presentation.subject, threshold=threshold
            ).items()
            if name
        },
    )


def _at_bpcer(sets: ScoreSets, target: float) -> OperatingPoint | None:
    if target * sets.bona_fide.size < 1 - 1e-9:
        return None
    threshold = threshold_at_bpcer(sets.bona_fide, target=target)
    return operating_point(sets.bona_fide, sets.attacks, threshold=threshold)


def _groups(
    scored: Sequence[ScoredPresentation], by: _By, *, threshold: float
) -> dict[str, GroupReport]:
    return {
        name: _group(score_sets(entries), threshold)
        for name, entries in sorted(grouped(scored, by).items())
    }


def _group(sets: ScoreSets, threshold: float) -> GroupReport:
    attacks = sets.all_attacks
    return GroupReport(
        eer=equal_error_rate(sets.bona_fide, attacks)[0] if sets.has_both else None,
        bpcer=bpcer(sets.bona_fide, threshold=threshold) if sets.bona_fide.size else None,
        apcer=apcer(attacks, threshold=threshold) if attacks.size else None,
        no_face=sets.no_face,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def interval_of(rate: Rate | None) -> list[float] | None:
    """The ends of an exact interval as JSON has them; None without a rate."""
    return None if rate is None else [round(rate.low, 4), round(rate.high, 4)]


def worst_species(report: PadReport) -> PaiSpecies:
    """The species that passes most often."""
    return max(report.at.apcer, key=lambda species: report.at.apcer[species].value)
