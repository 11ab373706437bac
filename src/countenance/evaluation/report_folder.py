"""The folder of a report: made before the work, each file written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from countenance.evaluation.errors import ReportError


def prepare_report_folder(folder: Path) -> None:
    """Make the folder, for its owner only, and see that it can be written.

    Raises: ReportError.
    """
    with _told(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


def write_report_file(folder: Path, name: str, text: str) -> None:
    """Write a file in one step, over an earlier one of that name.

    Raises: ReportError.
    """
    with _told(folder):
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).replace(folder / name)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ReportError(
            f"The report cannot be written to {folder}: {error.strerror or error}.",
            remedy="Choose another folder with --report, or free space and check permissions.",
        ) from error
