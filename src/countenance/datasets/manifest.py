"""Manifests: which file shows whom, bona fide or which attack, taken where.

A manifest is a CSV file with a header. Columns, by the first name that exists:

=============================  ==================================================================
``path``                       image, relative to the root; the only column besides label needed
``label``                      ``bona_fide`` or ``attack`` (``real`` and ``fake`` are understood)
``source``, ``source_repo``    camera, room and session: what a split must keep together
``subject``                    person; empty where unknown
``species``                    of an attack; else ``species=...`` in ``note``; else `UNKNOWN`, or
                               `REPLAY` in manifests with ``source_repo``
``kind``                       ``full_frame`` (default), ``tight_crop`` or ``clip``
``capture``                    ``no`` marks bona fide pictures no camera took live; they may train
                               but are kept out of every error rate
``task``                       rows of another task than ``liveness`` are left out
=============================  ==================================================================
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from countenance.datasets.errors import ManifestError
from countenance.pad.species import PaiSpecies, parse_species

MANIFEST_NAME = "manifest.csv"
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
MAX_ROWS = 5_000_000

_BONA_FIDE = {"bona_fide", "real", "live"}
_ATTACK = {"attack", "fake", "spoof"}


class Kind(StrEnum):
    """What part of a scene a file shows."""

    FULL_FRAME = "full_frame"
    TIGHT_CROP = "tight_crop"
    CLIP = "clip"


@dataclass(frozen=True, slots=True)
class Presentation:
    """One file that shows one face to a camera."""

    path: Path
    source: str
    """Camera, room and session; empty where the manifest says none."""
    subject: str
    """Empty where unknown."""
    species: PaiSpecies | None
    """None: bona fide."""
    kind: Kind = Kind.FULL_FRAME
    is_capture: bool = True
    """False for bona fide pictures that no camera took of a live person, such as web photos."""

    @property
    def is_bona_fide(self) -> bool:
        return self.species is None


def read_manifest(path: Path, *, root: Path | None = None) -> tuple[Presentation, ...]:
    """Read the presentations a manifest names; files are not opened.

    Args:
        path: the CSV file.
        root: folder the paths are relative to; None takes the manifest's folder.

    Returns: in the manifest's order; never empty.
    Raises: ManifestError: unreadable, a column or label missing, a path outside the root, or empty.
    """
    folder = path.parent if root is None else root
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            _require_columns(path, reader.fieldnames or [])
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(
            f"The manifest {path} cannot be read: {error}.",
            remedy="Give a UTF-8 CSV file with the columns path and label.",
        ) from error
    chosen = [(line, row) for line, row in rows if (row.get("task") or "liveness") == "liveness"]
    return _not_empty([_presentation(row, folder, f"{path}:{line}") for line, row in chosen], path)


def read_folder(folder: Path) -> tuple[Presentation, ...]:
    """Read a data folder: its ``manifest.csv``, or else folders named for the label.

    Without a manifest the layout is ``SOURCE/bona_fide/*`` and ``SOURCE/attack/*`` or, for a
    known species, ``SOURCE/print/*`` and so on.

    Raises: ManifestError: neither is found, or nothing is in it.
    """
    if not folder.is_dir():
        raise ManifestError(
            f"The data folder {folder} does not exist.", remedy="Check the path after --data."
        )
    manifest = folder / MANIFEST_NAME
    if manifest.is_file():
        return read_manifest(manifest)
    files = sorted(p for p in folder.glob("*/*/*") if p.suffix.lower() in IMAGE_SUFFIXES)
    named = [(path, _species_of_folder(path.parent.name)) for path in files]
    return _not_empty(
        [
            Presentation(path, path.parent.parent.name, "", species)
            for path, (known, species) in named
            if known
        ],
        folder,
    )


def _species_of_folder(name: str) -> tuple[bool, PaiSpecies | None]:
    name = name.lower()
    if name in _BONA_FIDE:
        return True, None
    if name in _ATTACK:
        return True, PaiSpecies.UNKNOWN
    return name in set(PaiSpecies), parse_species(name)


def _require_columns(path: Path, columns: Iterable[str]) -> None:
    missing = {"path", "label"} - set(columns)
    if missing:
        raise ManifestError(
            f"The manifest {path} lacks the column {', '.join(sorted(missing))}.",
            remedy="Its first line must name at least path and label, separated by commas.",
        )


def _presentation(row: Mapping[str, str | None], root: Path, where: str) -> Presentation:
    cells = {name: (value or "").strip() for name, value in row.items() if name}
    label, note = cells["label"].lower(), cells.get("note", "")
    if label not in _BONA_FIDE | _ATTACK:
        raise ManifestError(
            f"{where}: the label {cells['label']!r} is unknown.",
            remedy="Use bona_fide or attack.",
        )
    return Presentation(
        path=inside(root, cells["path"], where),
        source=cells.get("source") or cells.get("source_repo", ""),
        subject=cells.get("subject", ""),
        species=_species(cells, note) if label in _ATTACK else None,
        kind=_kind(cells.get("kind", ""), where),
        is_capture=label in _ATTACK or _is_capture(cells.get("capture", ""), note),
    )


def inside(root: Path, text: str, where: str) -> Path:
    """The file that a relative path names.

    Args: where: what says so, for the message.

    Raises: ManifestError: it would lie outside of the root.
    """
    relative = PurePosixPath(text.replace("\\", "/"))
    if not text or relative.is_absolute() or ".." in relative.parts or ":" in relative.parts[0]:
        raise ManifestError(
            f"{where}: the path {text!r} does not lie in the data folder.",
            remedy="Use paths relative to the folder, without '..'.",
        )
    return Path(os.path.normpath(root / relative))


def _species(cells: Mapping[str, str], note: str) -> PaiSpecies:
    noted = [
        part.split("=", 1)[1] for part in note.split(";") if part.strip().startswith("species=")
    ]
    text = cells.get("species") or (noted[0] if noted else "")
    if not text and "source_repo" in cells:
        # In such manifests every attack without a species is a replay of the older sources.
        return PaiSpecies.REPLAY
    return parse_species(text)


def _kind(text: str, where: str) -> Kind:
    try:
        return Kind(text.lower() or Kind.FULL_FRAME)
    except ValueError:
        raise ManifestError(
            f"{where}: the kind {text!r} is unknown.",
            remedy="Use full_frame, tight_crop or clip, or leave it empty.",
        ) from None


def _is_capture(text: str, note: str) -> bool:
    if text:
        return text.lower() not in {"no", "false", "0"}
    # The words by which older manifests mark web photos and stock footage.
    return "not a webcam capture" not in note.lower() and "not camera captures" not in note.lower()


def _not_empty(found: list[Presentation], where: Path) -> tuple[Presentation, ...]:
    if not found:
        raise ManifestError(
            f"No presentation was found in {where}.",
            remedy="Add a manifest.csv with path and label, or folders SOURCE/bona_fide and "
            "SOURCE/attack with images.",
        )
    return tuple(found)
