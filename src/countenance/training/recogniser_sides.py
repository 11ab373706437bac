"""The two sides of a split once every picture has been looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from countenance.training.errors import TrainingDataError
from countenance.training.recogniser_features import Seen, Unseen
from countenance.training.recogniser_pictures import Picture
from countenance.training.recogniser_split import (
    Marks,
    refuse_contradictions,
    refuse_leak,
    same_pictures,
)
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


def arrange(looked_at: Sequence[Seen | Unseen], held: Marks) -> Sides:
    """Sort pictures to their sides and take out what would leak.

    Args:
        looked_at: pictures of the list and of others.
        held: (n,) bool, those that are held out of training.

    Raises: TrainingDataError: a file is on both sides or under two names, or a person has no
        picture left.
    """
    kept = [
        (seen, out) for seen, out in zip(looked_at, held, strict=True) if isinstance(seen, Seen)
    ]
    unseen = tuple(found for found in looked_at if isinstance(found, Unseen))
    refuse_contradictions([s.picture for s, _ in kept], [s.digest for s, _ in kept])
    validation = tuple(seen for seen, out in kept if out and not seen.picture.is_copy)
    candidates = [seen for seen, out in kept if not out]
    _refuse_shared_files(candidates, validation)
    training = _without_near(candidates, validation)
    sides = Sides(
        people=tuple(dict.fromkeys(_people(looked_at))),
        training=training,
        validation=validation,
        unseen=unseen,
        nearly_same=len(candidates) - len(training),
        copies_left_out=sum(seen.picture.is_copy for seen, out in kept if out),
    )
    _refuse_missing(sides)
    return sides


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


def _people(looked_at: Sequence[Seen | Unseen]) -> list[str]:
    people = (found.picture.person for found in looked_at)
    return [person for person in people if person != UNKNOWN]


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


def has_unknown(pictures: Sequence[Picture]) -> bool:
    """Whether there are pictures of nobody of the list."""
    return any(picture.person == UNKNOWN for picture in pictures)
