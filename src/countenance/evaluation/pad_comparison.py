"""Two detectors on the same presentations: who errs where the other does not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from countenance.datasets.scores import ScoredPresentation
from countenance.evaluation.pad_charts import species_name
from countenance.pad.species import PaiSpecies
from countenance.statistics.intervals import Interval, Rate, rate

LEAST_OF_EACH: Final = 20
"""Bona fide presentations, and attacks, below which nothing is told: six errors more are needed
before a detector is worse than chance explains, and that should be no more than a third."""


@dataclass(frozen=True, slots=True)
class PairedRate:
    """One rate of two detectors on the same presentations."""

    name: str
    old: Rate
    new: Rate
    difference: Interval
    """New less old, 95 %, exact given how many presentations only one of them got wrong
    (McNemar, Psychometrika 12(2), 1947)."""

    @property
    def is_worse(self) -> bool:
        """Whether the new one errs more often than chance explains."""
        return self.difference.low > 0


def paired_rates(
    old: Sequence[ScoredPresentation],
    new: Sequence[ScoredPresentation],
    *,
    old_threshold: float,
    new_threshold: float,
) -> list[PairedRate]:
    """BPCER and the APCER of each species, each detector at its own threshold.

    Args:
        old: scores of the detector in service.
        new: scores of the other one for the same presentations, in the same order.

    Returns: BPCER first; presentations that either of them has no score for are in no rate.
    Raises: ValueError: they are not the same presentations.
    """
    if [e.presentation for e in old] != [e.presentation for e in new]:
        raise ValueError("two detectors can be compared on the same presentations only")
    wrong: dict[PaiSpecies | None, list[tuple[bool, bool]]] = defaultdict(list)
    for a, b in zip(old, new, strict=True):
        if a.bona_fide_score is not None and b.bona_fide_score is not None:
            is_right = a.presentation.is_bona_fide
            old_errs = (a.bona_fide_score >= old_threshold) is not is_right
            new_errs = (b.bona_fide_score >= new_threshold) is not is_right
            wrong[a.presentation.species].append((old_errs, new_errs))
    return [
        _paired("BPCER" if kind is None else f"APCER, {species_name(kind).lower()}", wrong[kind])
        for kind in sorted(wrong, key=lambda kind: kind or "")
    ]


def _paired(name: str, wrong: Sequence[tuple[bool, bool]]) -> PairedRate:
    """Args: wrong: whether the old and whether the new detector errs, for each presentation."""
    only_new = sum(new and not old for old, new in wrong)
    only_old = sum(old and not new for old, new in wrong)
    total, told_apart = len(wrong), only_new + only_old
    difference = Interval(0.0, 0.0)
    if told_apart:
        share, scale = rate(only_new, told_apart), told_apart / total
        difference = Interval((2 * share.low - 1) * scale, (2 * share.high - 1) * scale)
    return PairedRate(
        name,
        rate(sum(old for old, _ in wrong), total),
        rate(sum(new for _, new in wrong), total),
        difference,
    )
