"""What counts in an evaluation, and by what name it is grouped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from countenance.datasets.scores import ScoredPresentation
from countenance.pad.species import PaiSpecies

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, eq=False)
class ScoreSets:
    """Scores sorted for error rates."""

    bona_fide: NDArray[np.float64]
    attacks: dict[PaiSpecies, NDArray[np.float64]]
    unanswered: Mapping[PaiSpecies | None, int]
    """Presentations without a score, as no face was found: by species, None for bona fide."""

    @property
    def no_face(self) -> int:
        """Presentations of either class in which no face was found; they have no score."""
        return sum(self.unanswered.values())

    @property
    def all_attacks(self) -> NDArray[np.float64]:
        return np.concatenate([np.empty(0), *self.attacks.values()])

    @property
    def has_both(self) -> bool:
        """Whether an EER can be told."""
        return bool(self.bona_fide.size and self.all_attacks.size)


def score_sets(scored: Iterable[ScoredPresentation]) -> ScoreSets:
    """Sort scores by class and species; pictures that are no captures are left out."""
    answered: dict[PaiSpecies | None, list[float]] = defaultdict(list)
    unanswered: dict[PaiSpecies | None, int] = defaultdict(int)
    for entry in scored:
        if not entry.presentation.is_capture:
            continue
        species = entry.presentation.species
        if entry.bona_fide_score is None:
            unanswered[species] += 1
        else:
            answered[species].append(entry.bona_fide_score)
    bona_fide = np.array(answered.pop(None, []))
    attacks = {kind: np.array(scores) for kind, scores in answered.items() if kind is not None}
    return ScoreSets(bona_fide, {kind: attacks[kind] for kind in sorted(attacks)}, dict(unanswered))


def grouped(
    scored: Sequence[ScoredPresentation], by: Callable[[ScoredPresentation], Key]
) -> dict[Key, list[ScoredPresentation]]:
    """Split scores into groups, in order of first appearance."""
    groups: dict[Key, list[ScoredPresentation]] = defaultdict(list)
    for entry in scored:
        groups[by(entry)].append(entry)
    return dict(groups)
