"""Write altered copies of a folder's photographs beside them or into another folder.

A copy is named after its source, ``ada-1.jpg.aug-001.jpg``, so that a trainer can keep it on its
source's side of a split.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from countenance.images.codec import read_image
from countenance.images.errors import ImageError
from countenance.images.image import ColourOrder, Image
from countenance.training.augmentation import altered, draw_alteration
from countenance.training.errors import TrainingDataError, TrainingError

_COPY = re.compile(r"^(?P<origin>.+)\.aug-\d{3,}\.(?:jpg|png)$")
JPEG_QUALITY = 95


@dataclass(slots=True)
class Copies:
    """What was done."""

    written: int = 0
    kept: int = 0
    """Copies that were there already; never overwritten."""
    unreadable: list[str] = field(default_factory=list)
    """What was wrong with each photograph that was skipped."""


def origin_name(name: str) -> str:
    """The file name that a copy was made from; the name itself when it is no copy.

    >>> origin_name("ada-1.jpg.aug-002.jpg"), origin_name("ada-1.jpg")
    ('ada-1.jpg', 'ada-1.jpg')
    """
    found = _COPY.match(name)
    return found["origin"] if found else name


def list_originals(folder: Path) -> list[Path]:
    """All files below a folder that are neither hidden nor copies, by path.

    Raises: TrainingDataError: there is no such folder, it cannot be read, or has no file.
    """
    try:
        found = sorted(path for path in folder.rglob("*") if path.is_file())
        is_folder = folder.is_dir()
    except OSError as error:
        raise TrainingDataError(
            f"Cannot read {folder}: {error.strerror or error}.", remedy="Check its permissions."
        ) from error
    kept = [
        path
        for path in found
        if origin_name(path.name) == path.name
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not is_folder or not kept:
        what = "holds no photograph" if is_folder else "is no folder"
        raise TrainingDataError(
            f"{folder} {what}.", remedy="Give a folder with photographs, or one folder per person."
        )
    return kept


def write_copies(
    originals: list[Path],
    *,
    folder: Path,
    output: Path,
    per_image: int,
    seed: int,
    on_done: Callable[[], None] = lambda: None,
) -> Copies:
    """Write copies of each photograph into the same place below `output`.

    Args:
        originals: inside `folder`; those that cannot be read are skipped and told.
        folder: what `output` mirrors.
        output: may be `folder` itself.
        per_image: copies of each photograph.
        seed: decides the copies together with each photograph's content and number.
        on_done: called after each photograph.

    Raises: TrainingError: a copy cannot be written; what was written before stays.
    """
    copies = Copies()
    for path in originals:
        try:
            image = read_image(path)
        except ImageError as error:
            copies.unreadable.append(error.message)
        else:
            target = output / path.relative_to(folder).parent
            content = int(hashlib.sha256(path.read_bytes()).hexdigest()[:12], 16)
            for number in range(1, per_image + 1):
                rng = np.random.default_rng([seed, content, number])
                copy = altered(image, draw_alteration(rng))
                _count(copies, _write_new(target / _name(path, number), copy))
        on_done()
    return copies


def _name(path: Path, number: int) -> str:
    suffix = ".png" if path.suffix.lower() == ".png" else ".jpg"
    return f"{path.name}.aug-{number:03d}{suffix}"


def _count(copies: Copies, was_written: bool) -> None:
    copies.written += was_written
    copies.kept += not was_written


def _write_new(path: Path, image: Image) -> bool:
    """Write a whole file that was not there; False when there is one."""
    if path.exists():
        return False
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if path.suffix == ".jpg" else []
    _, data = cv2.imencode(path.suffix, image.to(ColourOrder.BGR).pixels, options)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data.tobytes())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise TrainingError(
            f"{path} cannot be written: {error.strerror or error}.",
            remedy="Free space, or choose another folder with --output, and run the command again.",
        ) from error
    return True
