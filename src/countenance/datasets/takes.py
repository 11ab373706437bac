"""Who collected what, when, and that the person filmed agreed: a file beside the manifest.

One line for each input that pages collected, written before its first picture. The manifest keeps
the columns that training knows; this file answers where a picture came from and by what right.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Collection
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Final

from countenance.datasets.errors import DatasetUnwritableError, ManifestError

TAKES_NAME: Final = "takes.csv"


@dataclass(frozen=True, slots=True)
class Take:
    """One recording or file."""

    input: str
    """As in the manifest."""
    at: str
    """When it was collected, ISO 8601 with zone."""
    by: str
    """Login name of whoever collected it."""
    agreed: str
    """`yes`: whoever collected it declared that the person filmed agreed."""
    note: str = ""


_COLUMNS: Final = tuple(field.name for field in fields(Take))


def read_takes(folder: Path) -> tuple[Take, ...]:
    """All takes of a data set, oldest first; empty where pages collected nothing.

    Raises: ManifestError: the file cannot be read as takes.
    """
    path = folder / TAKES_NAME
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return tuple(
                Take(**{name: row[name] or "" for name in _COLUMNS}) for row in csv.DictReader(file)
            )
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        raise ManifestError(
            f"{path} cannot be read: {error}.", remedy="Mend it, or move it away and keep it."
        ) from error


def add_take(folder: Path, take: Take) -> None:
    """Write a take down; call it while the data set is open.

    Raises: DatasetUnwritableError: nothing of it stays. ManifestError: as `read_takes`.
    """
    _write(folder, (*read_takes(folder), take))


def keep_takes(folder: Path, inputs: Collection[str]) -> None:
    """Forget the takes of all other inputs.

    Raises: DatasetUnwritableError: none is forgotten. ManifestError: as `read_takes`.
    """
    before = read_takes(folder)
    kept = tuple(take for take in before if take.input in inputs)
    if kept != before:
        _write(folder, kept)


def _write(folder: Path, takes: tuple[Take, ...]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([_COLUMNS, *map(astuple, takes)])
    write_private(folder / TAKES_NAME, text.getvalue().encode())


def write_private(path: Path, data: bytes) -> None:
    """Put a file that only its owner may open in place of another, in one step.

    Raises: DatasetUnwritableError: the other is as it was.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DatasetUnwritableError(
            f"{path} cannot be written: {error.strerror or error}.",
            remedy="Check the folder, its permissions and the free space; it is as it was.",
        ) from error
