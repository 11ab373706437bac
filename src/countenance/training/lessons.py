"""What a teacher says of many altered copies of a face crop.

A label is one bit for a whole picture; the teacher's log-odds of a copy is a number that can be had
for as many copies as one likes. The head of the crop learns to predict it, from more rows than it
has features, and so it learns what the teacher looks at rather than what it said of a few pictures.

Only crops are altered so. A frame is judged by what is around the face as well, which a copy that
shows less of it would take from the teacher.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.datasets.manifest import Kind, Presentation
from countenance.geometry.boxes import Box
from countenance.images.image import ColourOrder, Image
from countenance.images.views import cut, stretch
from countenance.training.copies import taught_copies
from countenance.training.degradation import Pixels
from countenance.training.donors import PictureFile, picture_file
from countenance.training.features import Extractor, FeatureTable, read_rgb
from countenance.training.logistic import LinearHead, Vector
from countenance.training.ridge import RidgeSums
from countenance.training.stored_rows import Arrays, load_rows, store_rows
from countenance.training.teaching import STRENGTH, learn, limited
from countenance.vision.interfaces import FaceDetector
from countenance.vision.pad_card import PadView
from countenance.vision.pad_fusion import SecondOpinion
from countenance.vision.presented_face import presented_face

RECIPE: Final = "lessons/1"
"""Part of every cache key; a change of the copies changes it."""
_LOOSE: Final = (0.95, 1.15)
"""Edge of the crop of a frame's face over that of its box: detectors differ."""
_NAMES: Final = ("features", "told")


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """Copies of all presentations that show a face."""

    features: NDArray[np.float32]
    """(n, features)"""
    told: NDArray[np.float64]
    """(n,) the teacher's log-odds, limited as `teaching.limited` does."""
    owner: NDArray[np.int64]
    """(n,) index of the presentation."""


class Teaching:
    """All that a teacher said, and what can be learnt of it without some presentations."""

    def __init__(self, table: FeatureTable, told: Vector, lessons: Lessons) -> None:
        """Args: told: (presentations,) log-odds, see `teaching.taught_log_odds`."""
        self._table, self._told, self._lessons = table, told, lessons
        self._all = RidgeSums.of(lessons.features, lessons.told)

    def learn(self, view: PadView, chosen: NDArray[np.bool_]) -> LinearHead | None:
        """Predict the teacher's log-odds from the features of a view.

        Args: chosen: (presentations,) bool, those to learn from.

        Returns: None where the teacher said nothing of them.
        """
        if view is PadView.TIGHT_CROP:
            left = ~chosen[self._lessons.owner]
            unseen = RidgeSums.of(self._lessons.features[left], self._lessons.told[left])
            return self._all.without(unseen).fit(strength=STRENGTH)
        known = chosen & np.isfinite(self._told)
        rows = np.flatnonzero(self._table.originals(view) & known[self._table.owner])
        return learn(self._table.features[rows], self._told[self._table.owner[rows]])


def gather_lessons(
    presentations: Sequence[Presentation],
    *,
    teacher: SecondOpinion,
    extractor: Extractor,
    detector: FaceDetector,
    cache: Path,
    seed: int,
    on_done: Callable[[], None] = lambda: None,
    workers: int = 2,
) -> Lessons:
    """Ask the teacher about altered copies of each face crop.

    Args:
        presentations: full frames and tight crops; a frame's face is cut out.
        teacher: judges each copy as it is, without surroundings.
        extractor: the frozen network.
        detector: finds the face of a full frame.
        cache: folder of stored rows; made when missing, safe to delete.
        seed: decides the copies together with each file's content.
        on_done: called after each presentation, from any thread.
        workers: threads.

    Raises: ImageError: a file cannot be read as an image; names it.
    """
    asker = _Asker(teacher, extractor, detector, cache, seed)

    def rows_of(presentation: Presentation) -> Arrays:
        rows = asker.rows(presentation)
        on_done()
        return rows

    with ThreadPoolExecutor(max_workers=workers) as pool:
        parts = list(pool.map(rows_of, presentations))
    counts = [len(part["told"]) for part in parts]
    shown = [part["features"] for part in parts if len(part["told"])]
    return Lessons(
        np.concatenate(shown) if shown else np.empty((0, 0), np.float32),
        limited(np.concatenate([part["told"] for part in parts])),
        np.repeat(np.arange(len(parts)), counts),
    )


@dataclass(frozen=True, slots=True)
class _Asker:
    """Makes or reads the rows of one presentation."""

    teacher: SecondOpinion
    extractor: Extractor
    detector: FaceDetector
    cache: Path
    seed: int

    def rows(self, presentation: Presentation) -> Arrays:
        file = picture_file(presentation.path)
        path = self.cache / f"{self._key(presentation, file)}.npz"
        stored = load_rows(path, _NAMES)
        if stored is None:
            rng = np.random.default_rng([self.seed, int(file.sha256[:12], 16)])
            stored = self._asked(presentation, rng)
            store_rows(path, stored)
        return stored

    def _key(self, presentation: Presentation, file: PictureFile) -> str:
        parts = [RECIPE, self.extractor.key, self.teacher.name, str(self.seed), file.sha256]
        return hashlib.sha256("\n".join([*parts, presentation.kind.value]).encode()).hexdigest()

    def _asked(self, presentation: Presentation, rng: np.random.Generator) -> Arrays:
        crop = self._crop(presentation, rng)
        copies = [] if crop is None else taught_copies(crop, rng)
        size_px = self.extractor.size_px
        rows = [self.extractor.extract(_small(copy, size_px)[None]) for copy in copies]
        return {
            "features": np.concatenate(rows) if rows else np.empty((0, 0), np.float32),
            "told": np.array([self._log_odds(copy) for copy in copies], np.float64),
        }

    def _crop(self, presentation: Presentation, rng: np.random.Generator) -> Pixels | None:
        pixels = read_rgb(presentation.path)
        if presentation.kind is Kind.TIGHT_CROP:
            return pixels
        image = Image(pixels, ColourOrder.RGB)
        face = presented_face(self.detector, image)
        return None if face is None else cut(image, face.grown(rng.uniform(*_LOOSE))).pixels

    def _log_odds(self, crop: Pixels) -> float:
        image = Image(crop, ColourOrder.RGB)
        return self.teacher.log_odds(image, face=Box(0, 0, image.width_px, image.height_px))


def _small(pixels: Pixels, size_px: int) -> Pixels:
    return stretch(Image(pixels, ColourOrder.RGB), width_px=size_px, height_px=size_px)
