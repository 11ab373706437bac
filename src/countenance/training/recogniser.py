"""Train a recogniser of a closed list of people, and judge it on what it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from countenance.biometrics.templates import MAX_SAMPLES
from countenance.datasets.answers import Answers
from countenance.training.errors import TrainingDataError
from countenance.training.heads import (
    HeadPlan,
    LabelledFeatures,
    Progress,
    SoftmaxHead,
    from_arrays,
    run_key,
    to_arrays,
    train_head,
)
from countenance.training.recogniser_features import Seen
from countenance.training.recogniser_sides import Sides
from countenance.training.recogniser_threshold import named_across_halves, open_set_threshold
from countenance.training.work_folder import load_arrays, save_arrays
from countenance.vision.recogniser_card import UNKNOWN

FOLDS = 5
"""Times that people are left out in turn where nobody else is at hand."""

Scored = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Likeliest person and how likely, (n,) each."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainedRecogniser:
    """A head, its threshold, and what both systems said of the held-out pictures."""

    classes: tuple[str, ...]
    head: SoftmaxHead
    progress: Progress
    threshold: float
    threshold_data: str
    recogniser: Answers
    plain: Answers


def train_recogniser(
    sides: Sides,
    *,
    plan: HeadPlan,
    unknown_rate: float,
    match_similarity: float,
    work: Path,
    on_epoch: Callable[[], None] = lambda: None,
) -> TrainedRecogniser:
    """Train the head, fix the threshold, and judge both systems.

    Without pictures of other people some of the list are left out in turn and stand for the
    unknown: heads that do not know them say how likely strangers look.

    Args:
        sides: what to train and what to check with.
        plan: of every head.
        unknown_rate: share of the unknown that may be named.
        match_similarity: from which plain comparison names the nearest template.
        work: folder of the run; a head begun there is gone on with.
        on_epoch: called after each epoch of each head.

    Raises: TrainingError: nobody stands for the unknown, a loss is no number, or the work folder
        cannot be written.
    """
    people = sides.people
    known, unknown = sides.known(sides.validation), sides.unknown(sides.validation)
    head, progress = _main_head(sides, plan, work / "head.npz", on_epoch)
    mine = _likeliest(head, known, len(people))
    other = _nearest(sides, known, people)
    if unknown:
        strangers = (_likeliest(head, unknown, len(people)), _nearest(sides, unknown, people))
        source = "other people's pictures held out of training"
    else:
        unknown = known
        strangers = _left_out(sides, plan, on_epoch)
        source = f"people of the list, left out of training in {fold_count(len(people))} turns"
    truth = np.concatenate([_truth(known, people), np.full(len(unknown), -1)])
    best, score = _joined(mine, strangers[0])
    right = best == truth
    fixed = open_set_threshold(score[right], score[truth < 0], unknown_rate=unknown_rate)
    named = named_across_halves(
        score, right, truth < 0, _halves([*known, *unknown]), unknown_rate=unknown_rate
    )
    plain_best, plain_score = _joined(other, strangers[1])
    return TrainedRecogniser(
        classes=(*people, UNKNOWN) if sides.unknown(sides.training) else people,
        head=head,
        progress=progress,
        threshold=fixed,
        threshold_data=f"{len(known)} pictures of the list and {len(unknown)} of {source}; "
        f"at most {unknown_rate:.1%} of those named",
        recogniser=Answers(truth, best, score, named),
        plain=Answers(truth, plain_best, plain_score, plain_score >= match_similarity),
    )


def head_count(sides: Sides) -> int:
    """How many heads `train_recogniser` trains."""
    return 1 if sides.unknown(sides.validation) else 1 + fold_count(len(sides.people))


def fold_count(people: int) -> int:
    """In how many turns people are left out to stand for the unknown.

    Raises: TrainingDataError: there are fewer than three.
    """
    if people < 3:
        raise TrainingDataError(
            "With two people and nobody else, nothing shows what a stranger looks like.",
            remedy="Give pictures of other people with --unknown.",
        )
    return min(FOLDS, people)


def _main_head(
    sides: Sides, plan: HeadPlan, kept: Path, on_epoch: Callable[[], None]
) -> tuple[SoftmaxHead, Progress]:
    """The head that is written; its progress is stored after every epoch."""
    people = (*sides.people, UNKNOWN)
    training, validation = _labelled(sides.training, people), _labelled(sides.validation, people)
    has_unknown = bool(sides.unknown(sides.training))
    key = np.array(run_key(training, validation, plan))
    stored = load_arrays(kept)
    is_same = stored is not None and str(stored.get("key")) == str(key)

    def keep(progress: Progress) -> None:
        save_arrays(kept, {**to_arrays(progress), "key": key})
        on_epoch()

    return train_head(
        training,
        validation,
        classes=len(sides.people) + has_unknown,
        plan=plan,
        start=from_arrays(stored) if stored is not None and is_same else None,
        on_epoch=keep,
    )


def _left_out(sides: Sides, plan: HeadPlan, on_epoch: Callable[[], None]) -> tuple[Scored, Scored]:
    """What heads and templates that do not know a person say of that person's pictures."""
    people, known = sides.people, sides.known(sides.validation)
    order = np.random.default_rng(plan.seed).permutation(len(people))
    fold_of = {people[index]: place % fold_count(len(people)) for place, index in enumerate(order)}
    fold = np.array([fold_of[seen.picture.person] for seen in known])
    mine, other = _blank(len(known)), _blank(len(known))
    for number in sorted(set(fold_of.values())):
        rest = tuple(person for person in people if fold_of[person] != number)
        head, _ = train_head(
            _labelled([s for s in sides.training if s.picture.person in rest], rest),
            _labelled([s for s in known if s.picture.person in rest], rest),
            classes=len(rest),
            plan=plan,
            on_epoch=lambda _: on_epoch(),
        )
        rows = np.flatnonzero(fold == number)
        strangers = [known[row] for row in rows]
        if strangers:
            of = np.array([people.index(person) for person in rest])
            _put(mine, rows, _likeliest(head, strangers, len(rest)), of)
            _put(other, rows, _nearest(sides, strangers, rest), of)
    return mine, other


def _blank(count: int) -> Scored:
    return np.zeros(count, np.int64), np.zeros(count)


def _put(all_: Scored, rows: NDArray[np.int64], found: Scored, of: NDArray[np.int64]) -> None:
    all_[0][rows], all_[1][rows] = of[found[0]], found[1]


def _likeliest(head: SoftmaxHead, seen: Sequence[Seen], people: int) -> Scored:
    known = head.probabilities(np.stack([s.features for s in seen]))[:, :people]
    return known.argmax(axis=1), known.max(axis=1)


def _nearest(sides: Sides, seen: Sequence[Seen], people: Sequence[str]) -> Scored:
    """Plain comparison with templates made as an enrolment makes them."""
    templates = np.stack([_template(sides.training, person) for person in people])
    reached = np.stack([s.embedding for s in seen]).astype(np.float64) @ templates.T
    return reached.argmax(axis=1), reached.max(axis=1)


def _template(training: Sequence[Seen], person: str) -> NDArray[np.float64]:
    """Direction of a person's best photographs; of altered copies where there is nothing else."""
    own = [seen for seen in training if seen.picture.person == person]
    photographs = [seen for seen in own if not seen.picture.is_copy] or own
    best = sorted(photographs, key=lambda seen: -seen.quality)[:MAX_SAMPLES]
    mean = np.mean([seen.embedding for seen in best], axis=0, dtype=np.float64)
    return np.asarray(mean / np.linalg.norm(mean))


def _labelled(seen: Sequence[Seen], people: Sequence[str]) -> LabelledFeatures:
    return LabelledFeatures(np.stack([s.features for s in seen]), _truth(seen, people))


def _truth(seen: Sequence[Seen], people: Sequence[str]) -> NDArray[np.int64]:
    place = {person: index for index, person in enumerate(people)}
    return np.array([place[s.picture.person] for s in seen], np.int64)


def _joined(a: Scored, b: Scored) -> Scored:
    return np.concatenate([a[0], b[0]]), np.concatenate([a[1], b[1]])


def _halves(seen: Sequence[Seen]) -> NDArray[np.bool_]:
    """(n,) bool: every other series, so that neighbouring frames stay together."""
    place = {
        name: index for index, name in enumerate(dict.fromkeys(s.picture.series for s in seen))
    }
    return np.array([place[s.picture.series] % 2 == 0 for s in seen], np.bool_)
