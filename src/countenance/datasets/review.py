"""What a collected data set holds, presentation by presentation, and a trash for some of it.

Deleting moves rows from the manifest to a second one; the pictures stay until the trash is emptied,
so that it can be undone. Whatever ends a step, every row stands in one of the two and a row that
stands in both counts as not deleted.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countenance.datasets.dataset_folder import COLUMNS, DatasetFolder, Declared, Row, read_rows
from countenance.datasets.errors import DatasetUnwritableError
from countenance.datasets.manifest import MANIFEST_NAME, Kind, inside
from countenance.datasets.takes import keep_takes, write_private
from countenance.pad.species import PaiSpecies

TRASH_NAME: Final = "trash.csv"
_TRASH_COLUMNS: Final = (*COLUMNS, "batch")


@dataclass(frozen=True, slots=True)
class Item:
    """One presentation: the pictures of one frame of one input."""

    key: str
    """Names it within its data set."""
    declared: Declared
    input: str
    frame: int
    at_s: float
    paths: tuple[tuple[Kind, str], ...]
    """What each picture shows, and its path relative to the data set."""
    batch: str = ""
    """Which deletion put it into the trash; empty when it is not there."""

    @property
    def picture(self) -> str:
        """Path of the whole frame, or of whatever there is."""
        return dict(self.paths).get(Kind.FULL_FRAME, self.paths[0][1])


@dataclass(frozen=True, slots=True)
class Filter:
    """Which presentations are looked at; an empty word takes all."""

    label: str = ""
    source: str = ""
    subject: str = ""
    species: str = ""

    def takes(self, item: Item) -> bool:
        """Whether a presentation fits."""
        of = item.declared
        pairs = (
            (self.label, of.label),
            (self.source, of.source),
            (self.subject, of.subject),
            (self.species, of.species or ""),
        )
        return all(not wanted or wanted == found for wanted, found in pairs)


def items_of(folder: Path) -> tuple[Item, ...]:
    """All presentations of a data set in the order of the manifest; empty for a new one.

    Raises: ManifestError: the manifest is not one of a collection, or cannot be read.
    """
    return _items(read_rows(folder / MANIFEST_NAME, COLUMNS))


def trash_of(folder: Path) -> tuple[Item, ...]:
    """What was deleted and can be put back, the oldest first.

    Raises: ManifestError: as `items_of`.
    """
    there = {row["path"] for row in read_rows(folder / MANIFEST_NAME, COLUMNS)}
    rows = read_rows(folder / TRASH_NAME, _TRASH_COLUMNS)
    return _items(row for row in rows if row["path"] not in there)


def discard(folder: Path, keys: Collection[str], *, batch: str) -> int:
    """Put presentations into the trash.

    Args:
        keys: of those that are to go; unknown ones are passed over.
        batch: a name by which this deletion can be undone.

    Returns: how many went.
    Raises: DatasetUnwritableError: nothing went. ManifestError: as `items_of`.
    """
    with DatasetFolder(folder) as data:
        rows = read_rows(folder / MANIFEST_NAME, COLUMNS)
        going = [{**row, "batch": batch} for row in rows if _key(row) in keys]
        if going:
            _write(folder / TRASH_NAME, [*_trash_rows(folder), *going], _TRASH_COLUMNS)
            data.replace_rows([row for row in rows if _key(row) not in keys])
    return len({_key(row) for row in going})


def put_back(folder: Path, *, batch: str = "") -> int:
    """Take presentations out of the trash again.

    Args: batch: of one deletion; empty takes all.

    Returns: how many came back; one whose picture is gone stays where it is.
    Raises: DatasetUnwritableError: what was in the trash still is. ManifestError: as `items_of`.
    """
    with DatasetFolder(folder) as data:
        trash = _trash_rows(folder)
        wanted = {_key(row) for row in trash if batch in {"", row["batch"]}}
        lost = {_key(row) for row in trash if not inside(folder, row["path"], "trash").is_file()}
        back = [row for row in trash if _key(row) in wanted - lost]
        if back:
            data.replace_rows([*read_rows(folder / MANIFEST_NAME, COLUMNS), *back])
            rest = [row for row in trash if _key(row) not in wanted - lost]
            _write(folder / TRASH_NAME, rest, _TRASH_COLUMNS)
    return len({_key(row) for row in back})


def empty_trash(folder: Path) -> int:
    """Delete what is in the trash for good, pictures first.

    Returns: how many presentations went.
    Raises: DatasetUnwritableError: some pictures may be gone, the rest is still in the trash.
        ManifestError: as `items_of`.
    """
    with DatasetFolder(folder):
        trash = _trash_rows(folder)
        try:
            for row in trash:
                path = inside(folder, row["path"], "trash")
                path.unlink(missing_ok=True)
                _drop_empty(path.parent, upto=folder)
        except OSError as error:
            raise DatasetUnwritableError(
                f"A picture of {folder} cannot be deleted: {error.strerror or error}.",
                remedy="Check the permissions of the folder and empty the trash again.",
            ) from error
        (folder / TRASH_NAME).unlink(missing_ok=True)
        left = {row["input"] for row in read_rows(folder / MANIFEST_NAME, COLUMNS)}
        keep_takes(folder, left)
    return len({_key(row) for row in trash})


def _drop_empty(folder: Path, *, upto: Path) -> None:
    with suppress(OSError):  # not empty
        while folder != upto:
            folder.rmdir()
            folder = folder.parent


def _trash_rows(folder: Path) -> list[Row]:
    """Rows of the trash that are not in the manifest: a killed step leaves them in both."""
    there = {row["path"] for row in read_rows(folder / MANIFEST_NAME, COLUMNS)}
    rows = read_rows(folder / TRASH_NAME, _TRASH_COLUMNS)
    return [row for row in rows if row["path"] not in there]


def _write(path: Path, rows: Iterable[Row], columns: tuple[str, ...]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    write_private(path, text.getvalue().encode())


def _key(row: Row) -> str:
    return f"{row['input'][:40]}-{row['frame']}"


def _items(rows: Iterable[Row]) -> tuple[Item, ...]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(_key(row), []).append(row)
    return tuple(_item(key, of) for key, of in grouped.items())


def _item(key: str, rows: list[Row]) -> Item:
    first = rows[0]
    species = None if first["label"] == "bona_fide" else PaiSpecies(first["species"])
    return Item(
        key=key,
        declared=Declared(first["source"], first["subject"], species),
        input=first["input"],
        frame=int(first["frame"]),
        at_s=float(first["at_s"]),
        paths=tuple((Kind(row["kind"]), row["path"]) for row in rows),
        batch=first.get("batch", ""),
    )
