"""The images of a list, each looked at once: embedding and quality, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from countenance.geometry.boxes import Box
from countenance.images.codec import read_image
from countenance.images.errors import ImageTooLargeError, NotAnImageError
from countenance.images.image import Image
from countenance.vision.engine import StillAnalysis


@dataclass(frozen=True, slots=True, eq=False)
class Acquired:
    """What the engine made of the images."""

    embeddings: NDArray[np.float32]
    """(n, d) float32, rows of length 1; zeros for a failure to acquire."""
    quality: NDArray[np.float64]
    """(n,) 0 (poor) to 1; 0 for a failure."""
    boxes: tuple[Box | None, ...]
    """The face, pixels of its image; None for a failure."""
    failures: Mapping[int, str]
    """Index of an image to why it gave no sample."""

    @property
    def is_acquired(self) -> NDArray[np.bool_]:
        """Whether each image gave a sample, (n,)."""
        kept = np.ones(self.quality.size, dtype=np.bool_)
        kept[list(self.failures)] = False
        return kept


def acquire(
    paths: Sequence[Path],
    *,
    analyse: Callable[[Image], StillAnalysis],
    workers: int = 1,
    on_image: Callable[[], None] = lambda: None,
    on_failure: Callable[[Path, str], None],
) -> Acquired:
    """Embed the most prominent face of each image, whatever its quality.

    Args:
        paths: images that are there. One without a face, damaged, of an unknown format or too
            large is a failure to acquire.
        analyse: the engine's view of a photograph; safe to call from several threads.
        workers: images that are looked at at a time.
        on_image: called after each.
        on_failure: told each image that gives no sample, and why.

    Raises: ImageUnreadableError: a file cannot be opened.
    """
    rows: list[NDArray[np.float32] | None] = []
    quality: list[float] = []
    boxes: list[Box | None] = []
    failures: dict[int, str] = {}
    pool = ThreadPoolExecutor(workers)
    try:
        seen = pool.map(lambda path: _look(path, analyse), paths)
        for at, (path, (row, box, value, why)) in enumerate(zip(paths, seen, strict=True)):
            rows.append(row)
            boxes.append(box)
            quality.append(value)
            if row is None:
                failures[at] = why
                on_failure(path, why)
            on_image()
    finally:
        pool.shutdown(cancel_futures=True)
    nothing = np.zeros(next((row.size for row in rows if row is not None), 0), np.float32)
    embeddings = [nothing if row is None else row for row in rows]
    return Acquired(np.stack(embeddings), np.array(quality), tuple(boxes), failures)


def _look(
    path: Path, analyse: Callable[[Image], StillAnalysis]
) -> tuple[NDArray[np.float32] | None, Box | None, float, str]:
    try:
        seen = analyse(read_image(path))
    except (NotAnImageError, ImageTooLargeError) as error:
        return None, None, 0.0, error.message.removeprefix(f"{path}: ")
    if seen.embedding is None or seen.face is None:
        return None, None, 0.0, "No face was found."
    return seen.embedding.values, seen.face.box, seen.quality, ""
