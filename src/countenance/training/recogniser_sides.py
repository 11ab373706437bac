"""The two sides of a split once every picture has been looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from countenance.training.errors import TrainingDataError
from countenance.training.fingerprints import same_pictures
from countenance.training.recogniser_features import Seen, Unseen
from countenance.training.recogniser_pictures import Picture
from countenance.training.recogniser_split import hold_out, refuse_contradictions, refuse_leak
from countenance.vision.recogniser_card import UNKNOWN


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Pictures to train with and pictures to check with; none is on both sides."""

    people: tuple[str, ...]
    training: tuple[Seen, ...]
    validation: tuple[Seen, ...]
    """Photographs alone, no altered copies."""
    unseen: tuple[Unseen, ...]
    nearly_same: int
    """Pictures left out of training because they are nearly one of the validation."""
    copies_left_out: int
    """Altered copies of photographs of the validation."""

    def known(self, side: Sequence[Seen]) -> list[Seen]:
        """Those of a side that show people of the list."""
        return [seen for seen in side if seen.picture.person != UNKNOWN]

    def unknown(self, side: Sequence[Seen]) -> list[Seen]:
        """Those of a side that show nobody of the list."""
        return [seen for seen in side if seen.picture.person == UNKNOWN]

    @property
    def unchecked(self) -> tuple[str, ...]:
        """People of whom no picture is left to check with."""
        checked = {seen.picture.person for seen in self.validation}
        return tuple(person for person in self.people if person not in checked)

    def counts(self) -> dict[str, Any]:
        """Numbers of pictures, for the card."""
        trained = Counter(seen.picture.person for seen in self.training)
        checked = Counter(seen.picture.person for seen in self.validation)
        reasons = Counter(unseen.reason for unseen in self.unseen)
        return {
            "people": len(self.people),
            "training": len(self.training),
            "training_copies": sum(seen.picture.is_copy for seen in self.training),
            "training_unknown": trained[UNKNOWN],
            "validation": len(self.validation),
            "validation_unknown": checked[UNKNOWN],
            "left_out": {
                "no_face": reasons["no_face"],
                "unreadable": reasons["unreadable"],
                "nearly_same_as_validation": self.nearly_same,
                "copies_of_validation": self.copies_left_out,
            },
            "per_person": {
                person: {"training": trained[person], "validation": checked[person]}
                for person in self.people
            },
        }


def arrange(
    people: Sequence[Seen | Unseen],
    checked: Sequence[Seen | Unseen],
    unknown: Sequence[Seen | Unseen],
    *,
    share: float,
    seed: int,
) -> Sides:
    """Sort pictures to their sides and take out what would leak.

    Args:
        people: pictures of the list.
        checked: others of the same people to check with; without any, part of `people` is held
            out of training.
        unknown: pictures of nobody of the list; part of them is held out.
        share: to hold out.
        seed: decides which.

    Raises: TrainingDataError: a file is on both sides or under two names, or a person has no
        picture left.
    """
    looked_at = (*people, *checked, *unknown)
    everything = _usable(looked_at)
    refuse_contradictions([s.picture for s in everything], [s.digest for s in everything])
    own, others = _usable(people), _usable(unknown)
    held = _held(others, share, seed)
    held |= {s.picture for s in _usable(checked)} if checked else _held(own, share, seed)
    validation = tuple(s for s in everything if s.picture in held and not s.picture.is_copy)
    candidates = [s for s in everything if s.picture not in held]
    _refuse_shared_files(candidates, validation)
    training = _without_near(candidates, validation)
    sides = Sides(
        people=tuple(dict.fromkeys(found.picture.person for found in people)),
        training=training,
        validation=validation,
        unseen=tuple(found for found in looked_at if isinstance(found, Unseen)),
        nearly_same=len(candidates) - len(training),
        copies_left_out=sum(s.picture.is_copy for s in everything if s.picture in held),
    )
    _refuse_missing(sides)
    return sides


def _usable(looked_at: Sequence[Seen | Unseen]) -> list[Seen]:
    return [found for found in looked_at if isinstance(found, Seen)]


def _held(seen: Sequence[Seen], share: float, seed: int) -> set[Picture]:
    pictures = [s.picture for s in seen]
    marks = hold_out(pictures, share=share, seed=seed)
    return {picture for picture, out in zip(pictures, marks, strict=True) if out}


def _refuse_shared_files(training: Sequence[Seen], validation: Sequence[Seen]) -> None:
    digests = {seen.picture: seen.digest for seen in (*training, *validation)}
    own = [seen.picture for seen in training if not seen.picture.is_copy]
    refuse_leak(own, [seen.picture for seen in validation], digests)


def _without_near(training: Sequence[Seen], validation: Sequence[Seen]) -> tuple[Seen, ...]:
    """Those that are not nearly a picture of the validation, nor a copy of one that is."""
    if not training or not validation:
        return tuple(training)
    matches = same_pictures(
        np.stack([seen.fingerprint for seen in training]),
        np.stack([seen.fingerprint for seen in validation]),
    )
    near = {s.picture.origin for s, match in zip(training, matches, strict=True) if match >= 0}
    return tuple(seen for seen in training if seen.picture.origin not in near)


def _refuse_missing(sides: Sides) -> None:
    trained = {seen.picture.person for seen in sides.training}
    for person in sides.people:
        if person not in trained:
            raise TrainingDataError(
                f"No picture of {person} is left to train with.",
                remedy="Add pictures that show the face and are not nearly those it is checked "
                "with: taken at another time, not neighbouring frames of one video.",
            )
    if not sides.known(sides.validation):
        raise TrainingDataError(
            "No picture of the people is left to check with.",
            remedy="Add pictures that show their faces.",
        )
