"""Features of presentations and of their altered copies, kept on disk by content.

Computing them is nearly all of the work of training a linear head, so the rows of each
presentation are stored under a key made of everything they depend on. A rerun with another split,
head or regularisation reads them back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from countenance.datasets.manifest import Kind, Presentation
from countenance.images.bars import without_bars
from countenance.images.codec import read_image
from countenance.images.image import ColourOrder, Image
from countenance.images.views import stretch
from countenance.training.copies import (
    SYNTHETIC,
    Picture,
    Variant,
    crop_copies,
    frame_copies,
    lone_crop_copies,
    synthetic_attack,
)
from countenance.training.degradation import Pixels
from countenance.training.donors import Donors, PictureFile, picture_file
from countenance.training.stored_rows import Arrays, load_rows, store_rows
from countenance.training.synthesis import FaceInFrame
from countenance.vision.interfaces import FaceDetector
from countenance.vision.pad_card import PadView

RECIPE = "lite0-linear/3"
"""Part of every cache key; a change of the copies below changes it."""
DETECTION_SIDE_PX = 640


class Extractor(Protocol):
    """Turns pictures into feature rows."""

    @property
    def key(self) -> str:
        """Changes whenever the features would."""

    @property
    def size_px(self) -> int:
        """Edge of the square pictures taken."""

    def extract(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (n, features) of (n, size, size, 3) RGB."""


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """Rows of all presentations, in their order."""

    features: NDArray[np.float32]
    """(n, features)"""
    owner: NDArray[np.int64]
    """(n,) index of the presentation."""
    view: NDArray[np.str_]
    """(n,) a `PadView` value."""
    variant: NDArray[np.int64]
    """(n,) a `Variant` value."""
    is_bona_fide: NDArray[np.bool_]
    """(n,) False for synthetic attacks, whatever the presentation was."""

    def originals(self, view: PadView) -> NDArray[np.bool_]:
        """(n,) the rows of a view that are no altered copies."""
        return np.asarray((self.view == view) & (self.variant == Variant.ORIGINAL))


_NAMES = ("features", "view", "variant")
"""Of the arrays that are stored for a presentation, as in `FeatureTable`."""


def extract_table(
    presentations: Sequence[Presentation],
    *,
    extractor: Extractor,
    detector: FaceDetector,
    cache: Path,
    seed: int,
    photographs: Sequence[Path] = (),
    on_done: Callable[[], None] = lambda: None,
    workers: int = 2,
) -> FeatureTable:
    """Return the features of presentations and of their copies.

    Args:
        presentations: full frames and tight crops.
        extractor: the frozen network.
        detector: finds the face of a full frame; the largest is the presentation.
        cache: folder of stored rows; made when missing, safe to delete.
        seed: decides the copies together with each file's content.
        photographs: of faces, that synthetic prints and masks show besides those of their source.
        on_done: called after each presentation, from any thread.
        workers: threads.

    Raises:
        ImageError: a file cannot be read as an image; names it.
        LeakError: a photograph is also a presentation.
    """
    files = [picture_file(p.path) for p in presentations]
    donors = Donors(presentations, files, photographs)
    maker = _RowMaker(extractor, detector, cache, seed, donors)

    def rows_of(presentation: Presentation, file: PictureFile) -> Arrays:
        rows = maker.rows(presentation, file)
        on_done()
        return rows

    with ThreadPoolExecutor(max_workers=workers) as pool:
        parts = list(pool.map(rows_of, presentations, files))
    return _table(presentations, parts)


def _table(presentations: Sequence[Presentation], parts: Sequence[Arrays]) -> FeatureTable:
    owner = np.repeat(np.arange(len(parts)), [len(rows["variant"]) for rows in parts])
    variant = np.concatenate([rows["variant"] for rows in parts])
    bona_fide = np.array([p.is_bona_fide for p in presentations])[owner]
    return FeatureTable(
        np.concatenate([rows["features"] for rows in parts]),
        owner,
        np.concatenate([rows["view"] for rows in parts]),
        variant,
        bona_fide & (variant < Variant.SYNTHETIC_PRINT),
    )


class _RowMaker:
    """Makes or reads the rows of one presentation."""

    def __init__(
        self, extractor: Extractor, detector: FaceDetector, cache: Path, seed: int, donors: Donors
    ) -> None:
        self._extractor, self._detector = extractor, detector
        self._cache, self._seed, self._donors = cache, seed, donors

    def rows(self, presentation: Presentation, file: PictureFile) -> Arrays:
        rng = np.random.default_rng([self._seed, int(file.sha256[:12], 16)])
        donors = self._donors.draw(presentation, file, count=len(SYNTHETIC), rng=rng)
        path = self._cache / f"{self._key(presentation, file, donors)}.npz"
        stored = load_rows(path, _NAMES)
        if stored is None:
            stored = self._compute(presentation, donors, rng)
            store_rows(path, stored)
        return stored

    def _key(self, p: Presentation, file: PictureFile, donors: Sequence[PictureFile]) -> str:
        parts = [RECIPE, self._extractor.key, str(self._seed), file.sha256, p.kind.value]
        parts += [donor.sha256 for donor in donors]
        return hashlib.sha256("\n".join([*parts, str(p.is_bona_fide)]).encode()).hexdigest()

    def _compute(
        self, p: Presentation, donors: Sequence[PictureFile], rng: np.random.Generator
    ) -> Arrays:
        pictures: list[Picture] = []
        pixels = read_rgb(p.path)
        if p.kind is Kind.TIGHT_CROP:
            pictures += lone_crop_copies(pixels, rng)
        else:
            face = self._face(pixels)
            pictures += frame_copies(pixels, face, rng)
            if face is not None:
                pictures += crop_copies(face, rng)
                for variant, donor in zip(SYNTHETIC[: len(donors)], donors, strict=True):
                    other = self._face(read_rgb(donor.path)) or face
                    pictures += synthetic_attack(variant, face, other, rng)
        size = self._extractor.size_px
        batch = np.stack([_small(picture, size) for _, _, picture in pictures])
        return {
            "features": self._extractor.extract(batch),
            "view": np.array([view.value for view, _, _ in pictures]),
            "variant": np.array([int(variant) for _, variant, _ in pictures], np.int64),
        }

    def _face(self, pixels: Pixels) -> FaceInFrame | None:
        image = Image(pixels, ColourOrder.RGB)
        faces = self._detector.detect(image, max_side_px=DETECTION_SIDE_PX)
        if not faces:
            return None
        return FaceInFrame(pixels, faces[0].box, faces[0].landmarks.points)


def read_rgb(path: Path) -> Pixels:
    """Pixels of a picture without the bars that a player puts beside it.

    Raises: ImageError: it cannot be read; names it.
    """
    return without_bars(read_image(path)).to(ColourOrder.RGB).pixels


def _small(pixels: Pixels, size_px: int) -> Pixels:
    return stretch(Image(pixels, ColourOrder.RGB), width_px=size_px, height_px=size_px)
