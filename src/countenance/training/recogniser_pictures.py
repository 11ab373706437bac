"""A folder per person as a list of pictures, and which of them belong together."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from countenance.training.augmentation_files import origin_name
from countenance.training.errors import TrainingDataError
from countenance.vision.recogniser_card import UNKNOWN

_NUMBERED = re.compile(r"^(?P<series>.*?)[ _.-]*\d+$")


@dataclass(frozen=True, slots=True)
class Picture:
    """One file, before anybody looked into it."""

    path: Path
    person: str
    """Name of the folder; `UNKNOWN` for people who are nobody of the list."""
    series: str
    """What may be one recording: pictures in one folder whose names differ by a number at the end.
    Of people who are nobody of the list, all of one person."""
    origin: str
    """Path of the photograph that an altered copy was made from; its own for any other."""

    @property
    def is_copy(self) -> bool:
        """Whether `faces augment` made it."""
        return self.origin != str(self.path)


def read_people(folder: Path) -> tuple[Picture, ...]:
    """List the pictures of a folder per person, by person and in natural order.

    Raises: TrainingDataError: fewer than two people, a folder without files, a name that cannot
        be used, or nothing that can be read.
    """
    people = [path for path in _entries(folder) if path.is_dir()]
    if len(people) < 2:
        found = "only one person" if people else "no folder of a person"
        raise TrainingDataError(
            f"{folder} holds {found}.",
            remedy="Give a folder with a folder of pictures for each of two or more people.",
        )
    for person in people:
        if person.name.casefold() == UNKNOWN or not person.name.isprintable():
            raise TrainingDataError(
                f"A person cannot be called {person.name!r}.",
                remedy="Rename the folder; give people who are nobody of the list with --unknown.",
            )
    return tuple(picture for person in people for picture in _pictures(person, person.name))


def read_unknown(folder: Path) -> tuple[Picture, ...]:
    """List pictures of people who are nobody of the list: a folder per person, or files alone.

    Raises: TrainingDataError: no file, or nothing that can be read.
    """
    people = [path for path in _entries(folder) if path.is_dir()]
    if not people:
        return tuple(_pictures(folder, UNKNOWN))
    return tuple(
        replace(picture, series=str(person))
        for person in people
        for picture in _pictures(person, UNKNOWN)
    )


def _pictures(folder: Path, person: str) -> list[Picture]:
    files = _files(folder)
    if not files:
        raise TrainingDataError(
            f"{folder} holds no picture.", remedy="Add pictures, or remove the folder."
        )
    return [_picture(path, person) for path in files]


def _files(folder: Path) -> list[Path]:
    """Visible files below a folder, in natural order; what lies deeper is a series of its own."""
    found: list[Path] = []
    for path in sorted(_entries(folder), key=_natural):
        # A link to a folder may lead round in a circle; it is told as unreadable.
        is_folder = path.is_dir() and not path.is_symlink()
        found += _files(path) if is_folder else [path]
    return found


def _picture(path: Path, person: str) -> Picture:
    origin = path.with_name(origin_name(path.name))
    numbered = _NUMBERED.match(origin.stem)
    series = numbered["series"] if numbered else origin.stem
    return Picture(path, person, f"{path.parent}/{series}", str(origin))


def _natural(path: Path) -> list[tuple[int, str]]:
    """Order in which 9 comes before 10."""
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise TrainingDataError(
            f"Cannot read the folder {folder}: {error.strerror or error}.",
            remedy="Check the path and its permissions.",
        ) from error
