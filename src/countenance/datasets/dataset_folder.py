"""A folder that collected presentations are added to: pictures, and a manifest that only grows.

A picture is written before the row that names it, and the rows of one presentation in one piece,
so whatever ends a run leaves a folder that reads. Files hold faces: nobody but their owner may
open them.
"""

from __future__ import annotations

import codecs
import csv
import errno
import fcntl
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from countenance.datasets.errors import DatasetUnwritableError, ManifestError
from countenance.datasets.manifest import MANIFEST_NAME, Kind
from countenance.datasets.takes import write_private
from countenance.pad.species import PaiSpecies

COLUMNS: Final = (
    "path", "label", "source", "subject", "species", "kind", "input", "frame", "at_s",
)  # fmt: skip
"""Of the manifest; `input` is the SHA-256 of the file a picture came from, or a session's name."""
Row = dict[str, str]
"""One line of a manifest, by column."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What is presented, as whoever collects says."""

    source: str
    """Camera, room and session."""
    subject: str
    """The person."""
    species: PaiSpecies | None
    """None: bona fide."""

    @property
    def label(self) -> str:
        """As manifests write it."""
        return "bona_fide" if self.species is None else "attack"

    @property
    def in_words(self) -> str:
        """All of it for a message."""
        what = self.label if self.species is None else f"{self.label} ({self.species})"
        return f"{what} of {self.subject} in {self.source}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a picture came from."""

    input: str
    """Digest of the file, or a name that no other session has."""
    frame: int
    """0 for the first one."""
    at_s: float
    """Seconds since the first one."""


@dataclass(frozen=True, slots=True)
class KnownInput:
    """An input of which the folder has pictures."""

    declared: Declared
    frames: frozenset[int]
    """Numbers of the frames that were kept."""


class DatasetFolder:
    """Adds presentations to a folder; one process at a time. Close it, or use it in `with`."""

    def __init__(self, folder: Path) -> None:
        """Open a folder, or make it.

        Raises:
            DatasetUnwritableError: it is a file, cannot be written, or is written by another run.
            ManifestError: its manifest has other columns or cannot be read.
        """
        self.path = folder
        self._is_new = not folder.exists()
        self._known: dict[str, KnownInput] = {}
        self._manifest = -1
        self._lock = self._locked()
        try:
            self._open_manifest()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_open_to_others(self) -> bool:
        """Whether other users of this machine may look into the folder."""
        return bool(self.path.stat().st_mode & 0o077)

    def known(self, input_: str) -> KnownInput | None:
        """What the folder has of an input; None when nothing."""
        return self._known.get(input_)

    def add(self, pictures: Iterable[tuple[Kind, bytes]], *, of: Declared, from_: Origin) -> None:
        """Write the pictures of one presentation, then their rows.

        Args:
            pictures: PNG files and what they show; at least one.
            of: what is presented.
            from_: where it came from.

        Raises: DatasetUnwritableError: no space or no permission; nothing of it stays.
        """
        written: list[Path] = []
        try:
            rows = []
            for kind, data in pictures:
                written.append(self._write_picture(data, kind, of=of, from_=from_))
                rows.append(self._row(written[-1], kind, of=of, from_=from_))
            self._append(rows)
        except OSError as error:
            for path in written:
                path.unlink(missing_ok=True)
            raise _unwritable(self.path, error) from error
        before = self._known.get(from_.input, KnownInput(of, frozenset()))
        self._known[from_.input] = KnownInput(of, before.frames | {from_.frame})

    def replace_rows(self, rows: Iterable[Row]) -> None:
        """Put other rows in place of all, in one step; pictures are not touched.

        Raises: DatasetUnwritableError: the rows are as they were.
        """
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
        write_private(self.path / MANIFEST_NAME, text.getvalue().encode())
        os.close(self._manifest)
        self._manifest = -1
        self._open_manifest()

    def close(self) -> None:
        """Let others write; a folder that was made for nothing goes. May be called again."""
        if self._manifest >= 0:
            os.close(self._manifest)
            self._manifest = -1
        if self._lock >= 0:
            if self._is_new and not self._known:
                self._remove()
            os.close(self._lock)
            self._lock = -1

    def _locked(self) -> int:
        if self.path.exists() and not self.path.is_dir():
            raise DatasetUnwritableError(
                f"{self.path} is a file, not a folder.", remedy="Name a folder with --output."
            )
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise DatasetUnwritableError(
                f"Another run is adding to {self.path}.", remedy="Wait until it is done."
            ) from error
        return lock

    def _open_manifest(self) -> None:
        path = self.path / MANIFEST_NAME
        try:
            self._manifest = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
            text = self._whole_lines(path)
            if not text:
                self._append([COLUMNS])
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self._known = _known_inputs(text, path)

    def _whole_lines(self, path: Path) -> str:
        """The manifest without a last line that a power cut left half-written."""
        data = path.read_bytes()
        header = ",".join(COLUMNS).encode()
        if not header.startswith(data.removeprefix(codecs.BOM_UTF8)[: len(header)]):
            raise _foreign(path)
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            os.ftruncate(self._manifest, len(whole))
        try:
            return whole.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise _foreign(path) from error

    def _append(self, rows: Iterable[Iterable[object]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(rows)
        data = text.getvalue().encode()
        size = os.fstat(self._manifest).st_size
        try:
            written = os.write(self._manifest, data)
        except OSError:
            os.ftruncate(self._manifest, size)
            raise
        if written < len(data):
            os.ftruncate(self._manifest, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _write_picture(self, data: bytes, kind: Kind, *, of: Declared, from_: Origin) -> Path:
        folder = self.path
        for name in (of.source, of.species or of.label):
            folder /= name
            folder.mkdir(mode=0o700, exist_ok=True)
        part = "-face" if kind is Kind.TIGHT_CROP else ""
        stem = f"{from_.input[:16]}-{from_.frame:06d}{part}"
        path, descriptor = _first_free(folder, stem)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return path

    def _row(self, path: Path, kind: Kind, *, of: Declared, from_: Origin) -> tuple[object, ...]:
        relative = path.relative_to(self.path).as_posix()
        return (
            *(relative, of.label, of.source, of.subject, of.species or "", kind.value),
            *(from_.input, from_.frame, f"{from_.at_s:.3f}"),
        )

    def _remove(self) -> None:
        for name in (MANIFEST_NAME, ".lock"):
            (self.path / name).unlink(missing_ok=True)
        if not any(self.path.iterdir()):
            self.path.rmdir()


def _first_free(folder: Path, stem: str) -> tuple[Path, int]:
    """A file that was not there before: what a killed run left without a row stays untouched."""
    for number in count():
        path = folder / (f"{stem}-{number}.png" if number else f"{stem}.png")
        try:
            return path, os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            continue
    raise AssertionError("counting does not end")


def read_rows(path: Path, columns: tuple[str, ...]) -> list[Row]:
    """The rows of a manifest with exactly these columns; none where there is no file.

    A last line that is still being written is left out.

    Raises: ManifestError: other columns, or a row that no collection wrote.
    """
    try:
        data = path.read_bytes()
        text = data[: data.rfind(b"\n") + 1].decode("utf-8-sig")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise _foreign(path) from error
    return [row for _, row, _ in _parsed(text, path, columns)] if text else []


def _known_inputs(text: str, path: Path) -> dict[str, KnownInput]:
    if not text:
        return {}
    known: dict[str, KnownInput] = {}
    for input_, frame, declared in _rows(text, path):
        before = known.get(input_, KnownInput(declared, frozenset()))
        known[input_] = KnownInput(before.declared, before.frames | {frame})
    return known


def _rows(text: str, path: Path) -> Iterator[tuple[str, int, Declared]]:
    for frame, row, declared in _parsed(text, path, COLUMNS):
        yield row["input"], frame, declared


def _parsed(text: str, path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, Row, Declared]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if tuple(reader.fieldnames or ()) != columns:
        raise _foreign(path)
    for row in reader:
        try:
            species = None if row["label"] == "bona_fide" else PaiSpecies(row["species"])
            Kind(row["kind"]), float(row["at_s"])
            yield int(row["frame"]), row, Declared(row["source"], row["subject"], species)
        except (TypeError, ValueError) as error:
            raise ManifestError(
                f"{path}:{reader.line_num} is not a row that a collection wrote.",
                remedy="Mend or delete that line, or collect into another folder.",
            ) from error


def _foreign(path: Path) -> ManifestError:
    return ManifestError(
        f"{path} is not the manifest of a collection.",
        remedy="Name a folder of its own with --output.",
    )


def _unwritable(folder: Path, error: OSError) -> DatasetUnwritableError:
    return DatasetUnwritableError(
        f"Nothing more can be written to {folder}: {error.strerror or error}.",
        remedy="Check the folder, its permissions and the free space; what was collected stays.",
    )
