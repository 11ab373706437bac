"""Which presentations are held out of training, turn by turn, so that all can be judged.

By source is the rule. Where everything comes from one recording of each class, blocks of time are
all that can be held out; such figures flatter and say so. Two folders give a single turn.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from countenance.datasets.errors import LeakError
from countenance.datasets.manifest import Presentation
from countenance.datasets.splits import refuse_leak, source_folds
from countenance.training.errors import TrainingDataError

Marks = NDArray[np.bool_]
MARGIN = 0.25
"""Of a block of time: so much on either side of it is not trained with when it is held out."""


class HeldOut(StrEnum):
    """What is kept whole on one side."""

    SOURCE = "source"
    TIME = "time"
    FOLDER = "folder"

    @property
    def in_words(self) -> str:
        """For the card."""
        return {
            HeldOut.SOURCE: "source-disjoint, subject-disjoint",
            HeldOut.TIME: "blocks of time of the same recordings",
            HeldOut.FOLDER: "a folder of its own, source-disjoint, subject-disjoint",
        }[self]


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """One model that is trained to be judged; both are (n,) bool and share nothing."""

    trained: Marks
    held: Marks


@dataclass(frozen=True, slots=True, eq=False)
class Turns:
    """All of them; no presentation is held out twice."""

    held_out: HeldOut
    turns: tuple[Turn, ...]

    @property
    def judged(self) -> Marks:
        """(n,) bool: held out in some turn."""
        return np.asarray(np.any([turn.held for turn in self.turns], axis=0))

    @property
    def fold_of(self) -> NDArray[np.int_]:
        """(n,) number of the turn that holds each presentation out; the first for those never."""
        return np.asarray(np.argmax([turn.held for turn in self.turns], axis=0))

    @property
    def final(self) -> Marks:
        """(n,) bool: what the written model is trained with."""
        if self.held_out is HeldOut.FOLDER:
            return self.turns[0].trained
        return np.ones(len(self.turns[0].held), np.bool_)


def by_source(presentations: Sequence[Presentation], *, folds: int) -> Turns:
    """Hold out whole sources and subjects.

    Raises:
        DatasetError: a source is missing.
        LeakError: everything hangs together.
        TrainingDataError: without a turn's sources one class is missing.
    """
    fold_of = np.array(source_folds(presentations, folds=folds))
    turns = [Turn(fold_of != fold, fold_of == fold) for fold in range(int(fold_of.max()) + 1)]
    for turn in turns:
        _refuse_leak(presentations, turn)
    _require_both(presentations, turns)
    return Turns(HeldOut.SOURCE, tuple(turns))


def by_time(presentations: Sequence[Presentation], *, folds: int) -> Turns:
    """Hold out one block of time of every recording after another.

    Args:
        presentations: those of a source, species and kind in the order of their time.
        folds: blocks; fewer where a class has fewer presentations.

    Raises: TrainingDataError: a class has too few presentations.
    """
    fewest = min(Counter(p.is_bona_fide for p in presentations).values())
    folds = min(folds, fewest)
    if folds < 2:
        raise TrainingDataError(
            "One class has a single presentation, so none is left to judge it with.",
            remedy="Collect more bona fide and attack presentations.",
        )
    at = _times(presentations) * folds
    turns = []
    for block in range(folds):
        near = (at >= block - MARGIN) & (at < block + 1 + MARGIN)
        turns.append(Turn(~near, (at >= block) & (at < block + 1)))
    _require_both(presentations, turns)
    return Turns(HeldOut.TIME, tuple(turns))


def by_folder(training: Sequence[Presentation], validation: Sequence[Presentation]) -> Turns:
    """Judge the second set with a model of the first; their order is first, then second.

    Raises: LeakError: they share a file, a source or a subject; names it.
    """
    refuse_leak(training, validation)
    held = np.arange(len(training) + len(validation)) >= len(training)
    turn = Turn(~held, held)
    _require_both([*training, *validation], [turn])
    return Turns(HeldOut.FOLDER, (turn,))


def by_source_or_time(presentations: Sequence[Presentation], *, folds: int) -> Turns:
    """By source where that can be, else by time.

    Raises: DatasetError, TrainingDataError: neither can be.
    """
    try:
        return by_source(presentations, folds=folds)
    except (LeakError, TrainingDataError):
        return by_time(presentations, folds=folds)


def _times(presentations: Sequence[Presentation]) -> NDArray[np.float64]:
    """(n,) 0..1: where in its recording each presentation stands."""
    recordings: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for index, p in enumerate(presentations):
        recordings[p.source, p.subject, p.species, p.kind].append(index)
    at = np.zeros(len(presentations))
    for members in recordings.values():
        at[members] = (np.arange(len(members)) + 0.5) / len(members)
    return at


def _refuse_leak(presentations: Sequence[Presentation], turn: Turn) -> None:
    refuse_leak(
        [p for p, mark in zip(presentations, turn.trained, strict=True) if mark],
        [p for p, mark in zip(presentations, turn.held, strict=True) if mark],
    )


def _require_both(presentations: Sequence[Presentation], turns: Sequence[Turn]) -> None:
    bona_fide = np.array([p.is_bona_fide for p in presentations])
    for turn in turns:
        if not 0 < bona_fide[turn.trained].sum() < turn.trained.sum():
            raise TrainingDataError(
                "With a part held out, only one class is left to train on.",
                remedy="Add sources that hold both bona fide and attack presentations.",
            )
