"""What a set of presentations holds, and what it lacks for figures that can be believed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from countenance.datasets.errors import DatasetError
from countenance.datasets.manifest import Kind, Presentation
from countenance.datasets.splits import source_folds

ENOUGH = 30
"""Presentations of a class below which error rates say next to nothing: no error in 30 still
leaves up to 12 % (exact interval)."""
LOPSIDED = 5
"""One class this many times the other is told."""
NOTHING_LACKS = "Nothing is missing for a split by source."
_ONE_PLACE = (
    "With one place held out, one class is left without presentations: collect both classes at "
    "two places or more, with other people."
)


@dataclass(frozen=True, slots=True)
class Count:
    """Presentations with something in common."""

    bona_fide: int
    attack: int

    @property
    def total(self) -> int:
        return self.bona_fide + self.attack


@dataclass(frozen=True, slots=True)
class Balance:
    """Counts of full frames or, where there are none, of whatever there is."""

    all: Count
    sources: dict[str, Count]
    subjects: dict[str, Count]
    species: dict[str, int]
    kinds: dict[str, int]
    """Files by kind; a presentation may have a frame and a crop."""
    lacks: tuple[str, ...]
    """What is missing for a trustworthy split, each a sentence; empty when nothing is."""


def balance(presentations: Sequence[Presentation]) -> Balance:
    """Count a set and tell what it lacks."""
    counted = [p for p in presentations if p.kind is not Kind.TIGHT_CROP] or presentations
    counts = _count(counted)
    by_source = _by(counted, lambda p: p.source)
    return Balance(
        all=counts,
        sources=by_source,
        subjects=_by(counted, lambda p: p.subject),
        species=dict(sorted(Counter(p.species.value for p in counted if p.species).items())),
        kinds=dict(sorted(Counter(p.kind.value for p in presentations).items())),
        lacks=tuple(_lacks(counted, counts, by_source)),
    )


def _count(presentations: Sequence[Presentation]) -> Count:
    bona_fide = sum(p.is_bona_fide for p in presentations)
    return Count(bona_fide, len(presentations) - bona_fide)


def _by(
    presentations: Sequence[Presentation], key: Callable[[Presentation], str]
) -> dict[str, Count]:
    groups: dict[str, list[Presentation]] = defaultdict(list)
    for presentation in presentations:
        groups[key(presentation)].append(presentation)
    return {name: _count(groups[name]) for name in sorted(groups)}


def _lacks(
    presentations: Sequence[Presentation], counts: Count, by_source: dict[str, Count]
) -> list[str]:
    names = {"bona fide": counts.bona_fide, "attack": counts.attack}
    lacks = [f"There is no {name} presentation." for name, n in names.items() if not n]
    lacks += [
        f"Only {n} {name} presentations: {ENOUGH} are the least for a rate that says something."
        for name, n in names.items()
        if 0 < n < ENOUGH
    ]
    few, many = sorted(names.values())
    if few and many > LOPSIDED * few:
        lacks.append(f"One class has {many / few:.0f} times as many presentations as the other.")
    lacks += [
        f"The source {name or '(none)'} has only {'attacks' if n.attack else 'bona fide'}: "
        "a detector can tell it by its room or camera instead."
        for name, n in by_source.items()
        if not (n.bona_fide and n.attack) and counts.bona_fide and counts.attack
    ]
    return lacks + _split_lacks(presentations, counts)


def _split_lacks(presentations: Sequence[Presentation], counts: Count) -> list[str]:
    """Whether sources can be held out so that both classes are left to train on."""
    if not counts.bona_fide or not counts.attack:
        return []
    try:
        folds = source_folds(presentations, folds=len(presentations) + 2)
    except DatasetError as error:
        return [str(error)]
    for fold in set(folds):
        rest = _count([p for p, own in zip(presentations, folds, strict=True) if own != fold])
        if not rest.bona_fide or not rest.attack:
            return [_ONE_PLACE]
    return []
