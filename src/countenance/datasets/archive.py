"""A data set as one zip file, made while it is sent: pictures of gigabytes need no room twice."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from countenance.datasets.dataset_folder import COLUMNS, read_rows
from countenance.datasets.manifest import MANIFEST_NAME, inside
from countenance.datasets.takes import TAKES_NAME

_BLOCK_BYTES: Final = 1 << 20


def zip_of(folder: Path) -> Iterator[bytes]:
    """The manifest as it is now, the takes and every picture, not compressed again.

    What lies in the trash stays out. Read `folder` after unpacking as any other data set.

    Raises: ManifestError: the manifest is not one of a collection.
    """
    rows = read_rows(folder / MANIFEST_NAME, COLUMNS)
    return _blocks(folder, rows)


def _blocks(folder: Path, rows: list[dict[str, str]]) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(f"{folder.name}/{MANIFEST_NAME}", _as_text(rows))
        if (folder / TAKES_NAME).is_file():
            archive.write(folder / TAKES_NAME, f"{folder.name}/{TAKES_NAME}")
        for row in rows:
            path = inside(folder, row["path"], MANIFEST_NAME)
            if path.is_file():
                archive.write(path, f"{folder.name}/{row['path']}")
            if len(sink) >= _BLOCK_BYTES:
                yield sink.take()
    yield sink.take()


def _as_text(rows: list[dict[str, str]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


class _Sink(io.RawIOBase):
    """Takes what is written and gives it on; it cannot be sought in."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def __len__(self) -> int:
        return len(self._waiting)

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]  # whatever has bytes
        self._waiting += piece
        return len(piece)

    def take(self) -> bytes:
        """What was written since the last call."""
        waiting, self._waiting = bytes(self._waiting), bytearray()
        return waiting
