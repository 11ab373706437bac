"""Which pictures a recogniser is trained and checked with, before anybody looks at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from countenance.training.errors import TrainingDataError
from countenance.training.recogniser import fold_count
from countenance.training.recogniser_pictures import Picture, read_people, read_unknown
from countenance.training.recogniser_split import hold_out


@dataclass(frozen=True, slots=True)
class Sources:
    """Pictures by where they came from."""

    people: tuple[Picture, ...]
    checked: tuple[Picture, ...]
    """Of a validation folder; empty where part of `people` is held out."""
    unknown: tuple[Picture, ...]

    @property
    def count(self) -> int:
        """Of all pictures."""
        return len(self.people) + len(self.checked) + len(self.unknown)


def read_sources(
    people: Path, validation: Path | None, unknown: Path | None, *, share: float, seed: int
) -> Sources:
    """List all pictures; refuse at once what no look at them could mend.

    Args:
        people: a folder for each person.
        validation: the same for pictures to check with; None holds part of `people` out.
        unknown: people who are nobody of the list, if there are any.
        share: that is held out.
        seed: decides what is.

    Raises: TrainingDataError: too few people or photographs, or somebody in the wrong folder.
    """
    listed = read_people(people)
    checked = read_people(validation) if validation else ()
    strangers = read_unknown(unknown) if unknown else ()
    _refuse_unlisted(listed, checked, folder=validation)
    _refuse_known_strangers(listed, strangers)
    for pictures in (() if checked else listed, strangers):
        hold_out(pictures, share=share, seed=seed)
    if not strangers:
        fold_count(len({picture.person for picture in listed}))
    return Sources(listed, checked, strangers)


def _refuse_unlisted(
    people: Sequence[Picture], checked: Sequence[Picture], *, folder: Path | None
) -> None:
    unlisted = {picture.person for picture in checked} - {picture.person for picture in people}
    if unlisted:
        raise TrainingDataError(
            f"{folder} holds {min(unlisted)}, who has no folder to train with.",
            remedy="Check with people who are trained with; give others with --unknown.",
        )


def _refuse_known_strangers(people: Sequence[Picture], unknown: Sequence[Picture]) -> None:
    strangers = {Path(picture.series).name.casefold() for picture in unknown}
    for person in dict.fromkeys(picture.person for picture in people):
        if person.casefold() in strangers:
            raise TrainingDataError(
                f"{person} is both on the list and among the unknown.",
                remedy="Take the folder or files out of one of the two.",
            )
