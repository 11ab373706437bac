"""What counts in an evaluation, and by what name it is grouped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
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
    no_face: int
    """Presentations of either class in which no face was found; they have no score."""

    @property
    def all_attacks(self) -> NDArray[np.float64]:
        return np.concatenate([np.empty(0), *self.attacks.values()])

    @property
    def has_both(self) -> bool:
        """Whether an EER can be told."""
        return bool(self.bona_fide.size and self.all_attacks.size)


def score_sets(scored: Iterable[ScoredPresentation]) -> ScoreSets:
    """Sort scores by class and species; pictures that are no captures are left out."""
    counted = [entry for entry in scored if entry.presentation.is_capture]
    bona_fide: list[float] = []
    attacks: dict[PaiSpecies, list[float]] = defaultdict(list)
    for entry in counted:
        if entry.bona_fide_score is None:
            continue
        species = entry.presentation.species
        (bona_fide if species is None else attacks[species]).append(entry.bona_fide_score)
    return ScoreSets(
        np.array(bona_fide),
        {species: np.array(attacks[species]) for species in sorted(attacks)},
        sum(entry.bona_fide_score is None for entry in counted),
    )


def grouped(
    scored: Sequence[ScoredPresentation], by: Callable[[ScoredPresentation], Key]
) -> dict[Key, list[ScoredPresentation]]:
    """Split scores into groups, in order of first appearance."""
    groups: dict[Key, list[ScoredPresentation]] = defaultdict(list)
    for entry in scored:
        groups[by(entry)].append(entry)
    return dict(groups)
