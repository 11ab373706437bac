"""A list of image pairs, checked: the images, whose they are, and which folds they are in."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from countenance.evaluation.errors import PairsError

COLUMNS: Final = ("a", "b", "same")
PERSON_COLUMNS: Final = ("person_a", "person_b")
FOLD_COLUMN: Final = "fold"


class PeopleFrom(StrEnum):
    """What tells the people of a list apart."""

    COLUMNS = "columns"
    """The columns person_a and person_b."""
    FOLDERS = "folders"
    """One folder for each person, as in LFW; every row agrees with it."""
    PAIRS = "pairs"
    """Images that mated pairs join are one person's; who else is the same nobody knows."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One row: two images and whether they show one person."""

    a: int
    """Index of an image of the list."""
    b: int
    is_mated: bool
    line: int
    """Of the file, for messages."""
    fold: int | None = None
    """0.. in order of appearance; None when the list has no folds."""


@dataclass(frozen=True, slots=True, eq=False)
class PairList:
    """What a list of pairs says; it contradicts neither itself nor the files."""

    root: Path
    images: tuple[str, ...]
    """Paths below `root`, each once, in order of appearance."""
    pairs: tuple[Pair, ...]
    people: NDArray[np.int32]
    """(images,) whose image each is, 0..p-1."""
    people_from: PeopleFrom
    rows_skipped: int = 0
    """Rows left out because an image is not there."""

    def paths(self) -> list[Path]:
        """Where the images lie."""
        return [self.root / image for image in self.images]


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    a: str
    b: str
    is_mated: bool
    people: tuple[str, str] | None
    fold: str | None


def read_pairs(
    path: Path, *, root: Path, everyone: bool = False, skip_missing: bool = False
) -> PairList:
    """Read a CSV file with the columns `a,b,same` and, if they are there, `person_a,person_b,fold`.

    Args:
        path: UTF-8, with a header.
        root: folder that the paths in it start from.
        everyone: whether images of different people are going to be compared beyond the rows, so
            that people have to be known.
        skip_missing: leave out rows with an image that is not there, in place of refusing them.

    Raises: PairsError: it cannot be read, a row makes no sense or contradicts another, or an image
        is not there.
    """
    check = _Complaints(path)
    rows = _rows(path, check)
    there = _without_missing(rows, root, check, skip=skip_missing)
    skipped, rows = len(rows) - len(there), there
    if not rows:
        check.fail("it has no pairs", line=None)
    images = tuple(dict.fromkeys(image for row in rows for image in (row.a, row.b)))
    index = {image: at for at, image in enumerate(images)}
    names, source = _people(rows, everyone=everyone, check=check)
    numbers = {name: at for at, name in enumerate(dict.fromkeys(names[image] for image in images))}
    folds = {fold: at for at, fold in enumerate(dict.fromkeys(row.fold for row in rows))}
    return PairList(
        root=root,
        images=images,
        pairs=tuple(
            Pair(
                a=index[row.a],
                b=index[row.b],
                is_mated=row.is_mated,
                line=row.line,
                fold=None if row.fold is None else folds[row.fold],
            )
            for row in rows
        ),
        people=np.array([numbers[names[image]] for image in images], dtype=np.int32),
        people_from=source,
        rows_skipped=skipped,
    )


class _Complaints:
    """Makes the errors of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fail(self, what: str, *, line: int | None, remedy: str = "") -> NoReturn:
        """Raises: PairsError."""
        where = f", line {line}" if line is not None else ""
        raise PairsError(
            f"The list of pairs {self._path}{where} cannot be used: {what}.",
            remedy=remedy or "Give a CSV file with the columns a,b,same; same is 1 or 0.",
        )


def _rows(path: Path, check: _Complaints) -> list[_Row]:
    try:
        # Spreadsheets begin their UTF-8 with a byte order mark.
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = tuple(reader.fieldnames or ())
            _check_columns(columns, check)
            return [_row(row, columns, reader.line_num, check) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        check.fail(
            str((error.strerror if isinstance(error, OSError) else None) or error), line=None
        )


def _check_columns(columns: Sequence[str], check: _Complaints) -> None:
    for name in COLUMNS:
        if name not in columns:
            check.fail(f"the column {name} is missing", line=None)
    given = [name for name in PERSON_COLUMNS if name in columns]
    if len(given) == 1:
        check.fail(
            f"it has the column {given[0]} alone",
            line=None,
            remedy="Give both person_a and person_b, or neither.",
        )


def _row(row: Mapping[str, str], columns: Sequence[str], line: int, check: _Complaints) -> _Row:
    def cell(name: str) -> str:
        text = (row.get(name) or "").strip()
        if not text:
            check.fail(f"{name} is empty", line=line)
        return text

    a, b, same = (cell(name) for name in COLUMNS)
    if same not in ("0", "1"):
        check.fail(f"same is {same!r}, neither 0 nor 1", line=line)
    a, b = os.path.normpath(a), os.path.normpath(b)
    if a == b:
        check.fail("an image is compared with itself", line=line, remedy="Leave that row out.")
    has_people = PERSON_COLUMNS[0] in columns
    return _Row(
        line=line,
        a=a,
        b=b,
        is_mated=same == "1",
        people=(cell(PERSON_COLUMNS[0]), cell(PERSON_COLUMNS[1])) if has_people else None,
        fold=cell(FOLD_COLUMN) if FOLD_COLUMN in columns else None,
    )


def _without_missing(
    rows: Sequence[_Row], root: Path, check: _Complaints, *, skip: bool
) -> list[_Row]:
    """The rows whose images are there; without `skip` all, or the first other is refused."""
    missing = {
        image
        for image in dict.fromkeys(image for row in rows for image in (row.a, row.b))
        if not (root / image).is_file()
    }
    there = [row for row in rows if not {row.a, row.b} & missing]
    if missing and not skip:
        row = next(row for row in rows if {row.a, row.b} & missing)
        path = root / (row.a if row.a in missing else row.b)
        others = f" (nor are {len(missing) - 1} others of the list)" if len(missing) > 1 else ""
        check.fail(
            f"the image {path} {'is a folder' if path.is_dir() else 'is not there'}{others}",
            line=row.line,
            remedy="Paths start from --root, which is the folder of the list by default; "
            "--skip-missing leaves such rows out.",
        )
    return there


def _people(
    rows: Sequence[_Row], *, everyone: bool, check: _Complaints
) -> tuple[dict[str, str], PeopleFrom]:
    if rows[0].people is not None:
        names = _from_columns(rows, check)
        _first_contradiction(rows, names, lambda row: _refuse_labels(row, names, check))
        return names, PeopleFrom.COLUMNS
    names = {image: str(Path(image).parent) for row in rows for image in (row.a, row.b)}
    if not _first_contradiction(rows, names, lambda _row: None):
        return names, PeopleFrom.FOLDERS
    if everyone:
        _first_contradiction(rows, names, lambda row: _refuse_labels(row, names, check))
    names = _joined(rows)
    _first_contradiction(rows, names, lambda row: _refuse_chain(row, check))
    return names, PeopleFrom.PAIRS


def _from_columns(rows: Iterable[_Row], check: _Complaints) -> dict[str, str]:
    names: dict[str, str] = {}
    for row in rows:
        for image, name in zip((row.a, row.b), row.people or (), strict=True):
            if names.setdefault(image, name) != name:
                check.fail(
                    f"{image} is of {name} here and of {names[image]} before",
                    line=row.line,
                    remedy="Give each image one person.",
                )
    return names


def _first_contradiction(
    rows: Iterable[_Row], names: Mapping[str, str], tell: Callable[[_Row], None]
) -> bool:
    """Whether a label contradicts who the images show; the first such row is told."""
    for row in rows:
        if (names[row.a] == names[row.b]) != row.is_mated:
            tell(row)
            return True
    return False


def _refuse_labels(row: _Row, names: Mapping[str, str], check: _Complaints) -> None:
    people = f"{names[row.a]} and {names[row.b]}"
    said = f"same is 1 but the people are {people}"
    if not row.is_mated:
        said = f"same is 0 but both images are of {names[row.a]}"
    check.fail(
        said,
        line=row.line,
        remedy="A person is the folder of the image, or what the columns person_a and person_b "
        "say: mend them, or the label.",
    )


def _refuse_chain(row: _Row, check: _Complaints) -> None:
    check.fail(
        "same is 0, but pairs with same 1 make both images those of one person",
        line=row.line,
        remedy="Mend the label of one of these pairs.",
    )


def _joined(rows: Iterable[_Row]) -> dict[str, str]:
    """Images joined by mated pairs get the name of one of them."""
    parent: dict[str, str] = {}

    def root_of(image: str) -> str:
        parent.setdefault(image, image)
        while parent[image] != image:
            parent[image] = parent[parent[image]]
            image = parent[image]
        return image

    for row in rows:
        a, b = root_of(row.a), root_of(row.b)
        if row.is_mated:
            parent[b] = a
    return {image: root_of(image) for image in list(parent)}
