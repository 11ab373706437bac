"""What each frame of a video gave, as a file for other programs."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from countenance.errors import ConfigurationError
from countenance.vision.pad_values import as_row, rows_as_csv

if TYPE_CHECKING:
    from countenance.vision.pad_watch import Reading


def write_values(path: Path, readings: Sequence[Reading]) -> None:
    """Write one row or object for each frame; the file appears when it is whole.

    Args:
        path: ends in `.csv` or `.json`.
        readings: at least one.

    Raises: ConfigurationError: it cannot be written.
    """
    rows = [as_row(reading) for reading in readings]
    text = rows_as_csv(rows) if path.suffix.lower() == ".csv" else json.dumps(rows, indent=1) + "\n"
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConfigurationError(
            f"Cannot write {path}: {error.strerror or error}.",
            remedy="Check the folder, its permissions and the free space; the video was written.",
        ) from error
