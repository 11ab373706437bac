"""Rows on disk that took long to compute; a damaged file is as good as none."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]


def load_rows(path: Path, names: tuple[str, ...]) -> Arrays | None:
    """Return the named arrays; None when the file is missing or damaged or their lengths differ."""
    try:
        # Opened here: numpy would leave the file of a damaged archive open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            rows = {name: stored[name] for name in names}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return rows if len({len(array) for array in rows.values()}) == 1 else None


def store_rows(path: Path, rows: Arrays) -> None:
    """Write them whole or not at all; the folder is made when missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "wb") as file:
        np.savez(file, allow_pickle=False, **rows)
    Path(temporary).replace(path)
