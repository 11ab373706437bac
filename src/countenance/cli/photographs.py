"""Photographs in files: which there are, and what the engine makes of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from countenance.images.codec import read_image
from countenance.images.errors import ImageError
from countenance.vision.photographs import Refusal, RefusedPhotograph, UsablePhotograph, judge

if TYPE_CHECKING:
    from countenance.vision.engine import Engine


def examine(engine: Engine, path: Path) -> UsablePhotograph | RefusedPhotograph:
    """Look at one file."""
    try:
        image = read_image(path)
    except ImageError as error:
        return RefusedPhotograph(path.name, Refusal.UNREADABLE, _bare(error, path))
    return judge(path.name, engine.analyse_still(image))


def _bare(error: ImageError, path: Path) -> str:
    return error.message.removeprefix(f"{path}: ").rstrip(".")


def list_files(folder: Path) -> list[Path]:
    """The files of a folder by name, without hidden ones.

    Raises: ImageUnreadableError: the folder cannot be read.
    """
    from countenance.images.errors import ImageUnreadableError

    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise ImageUnreadableError(
            f"Cannot read the folder {folder}: {error.strerror or error}.",
            remedy="Check the path and its permissions.",
        ) from error
    return [entry for entry in entries if _is_meant(entry) and not entry.name.startswith(".")]


def _is_meant(entry: Path) -> bool:
    """Whether an entry stands for a photograph; a link that leads nowhere is told as unreadable."""
    return entry.is_file() or (entry.is_symlink() and not entry.exists())
