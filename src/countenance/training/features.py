"""Features of presentations and of their altered copies, kept on disk by content.

Computing them is nearly all of the work of training a linear head, so the rows of each
presentation are stored under a key made of everything they depend on. A rerun with another split,
head or regularisation reads them back.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from countenance.datasets.manifest import Kind, Presentation
from countenance.geometry.boxes import Box
from countenance.images.bars import without_bars
from countenance.images.codec import read_image
from countenance.images.image import ColourOrder, Image
from countenance.images.views import area_of_surroundings, cut, stretch, surroundings
from countenance.training.degradation import Pixels, degrade, reshape_region, zoom_region
from countenance.training.synthesis import FaceInFrame, synthetic_paper_mask, synthetic_print
from countenance.vision.interfaces import FaceDetector
from countenance.vision.pad_card import PadView

RECIPE = "lite0-linear/2"
"""Part of every cache key; a change of the copies below changes it."""
ZOOMS = 2
DETECTION_SIDE_PX = 640


class Variant(IntEnum):
    """How a row came from its presentation."""

    ORIGINAL = 0
    DEGRADED = 1
    ZOOMED = 2
    RESHAPED = 3
    SYNTHETIC_PRINT = 4
    SYNTHETIC_PAPER_MASK = 5

    @property
    def is_synthetic(self) -> bool:
        """Whether a bona fide frame was turned into an attack."""
        return self >= Variant.SYNTHETIC_PRINT


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


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    features: NDArray[np.float32]
    view: NDArray[np.str_]
    variant: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _File:
    presentation: Presentation
    sha256: str


def extract_table(
    presentations: Sequence[Presentation],
    *,
    extractor: Extractor,
    detector: FaceDetector,
    cache: Path,
    seed: int,
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
        on_done: called after each presentation, from any thread.
        workers: threads.

    Raises: ImageError: a file cannot be read as an image; names it.
    """
    files = [_File(p, _sha256(p.path)) for p in presentations]
    donors = _donors(files)
    maker = _RowMaker(extractor, detector, cache, seed)

    def rows_of(file: _File) -> _Rows:
        rows = maker.rows(file, donors.get(file.presentation.source, []))
        on_done()
        return rows

    with ThreadPoolExecutor(max_workers=workers) as pool:
        parts = list(pool.map(rows_of, files))
    return _table(presentations, parts)


def _table(presentations: Sequence[Presentation], parts: Sequence[_Rows]) -> FeatureTable:
    owner = np.repeat(np.arange(len(parts)), [len(rows.variant) for rows in parts])
    variant = np.concatenate([rows.variant for rows in parts])
    bona_fide = np.array([p.is_bona_fide for p in presentations])[owner]
    return FeatureTable(
        np.concatenate([rows.features for rows in parts]),
        owner,
        np.concatenate([rows.view for rows in parts]),
        variant,
        bona_fide & (variant < Variant.SYNTHETIC_PRINT),
    )


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        read_image(path)  # tells in the words of its own errors why it cannot be read
        raise


def _donors(files: Iterable[_File]) -> dict[str, list[_File]]:
    """Bona fide full frames by source: a print shows someone of its own source, so none leaks."""
    found: dict[str, list[_File]] = {}
    for file in files:
        if file.presentation.is_bona_fide and file.presentation.kind is Kind.FULL_FRAME:
            found.setdefault(file.presentation.source, []).append(file)
    return found


class _RowMaker:
    """Makes or reads the rows of one presentation."""

    def __init__(
        self, extractor: Extractor, detector: FaceDetector, cache: Path, seed: int
    ) -> None:
        self._extractor, self._detector = extractor, detector
        self._cache, self._seed = cache, seed

    def rows(self, file: _File, donors: Sequence[_File]) -> _Rows:
        rng = np.random.default_rng([self._seed, int(file.sha256[:12], 16)])
        others = [donor for donor in donors if donor.sha256 != file.sha256] or [file]
        donor = others[int(rng.integers(len(others)))]
        path = self._cache / f"{self._key(file, donor)}.npz"
        stored = _load(path)
        if stored is None:
            stored = self._compute(file.presentation, donor.presentation, rng)
            _store(path, stored)
        return stored

    def _key(self, file: _File, donor: _File) -> str:
        p = file.presentation
        parts = [RECIPE, self._extractor.key, str(self._seed), file.sha256, p.kind.value]
        parts.append(donor.sha256 if p.is_bona_fide and p.kind is Kind.FULL_FRAME else "")
        return hashlib.sha256("\n".join([*parts, str(p.is_bona_fide)]).encode()).hexdigest()

    def _compute(self, p: Presentation, donor: Presentation, rng: np.random.Generator) -> _Rows:
        pictures: list[tuple[PadView, Variant, Pixels]] = []
        pixels = _read_rgb(p.path)
        if p.kind is Kind.TIGHT_CROP:
            pictures += _copies(PadView.TIGHT_CROP, pixels, None, rng)[:2]
        else:
            face = self._face(pixels)
            pictures += _frames(pixels, face, rng)
            if face is not None:
                pictures += _crops(face, rng)
                if p.is_bona_fide:
                    other = self._face(_read_rgb(donor.path)) or face
                    pictures += _synthetic(face, other, rng)
        size = self._extractor.size_px
        batch = np.stack([_small(picture, size) for _, _, picture in pictures])
        return _Rows(
            self._extractor.extract(batch),
            np.array([view.value for view, _, _ in pictures]),
            np.array([int(variant) for _, variant, _ in pictures], np.int64),
        )

    def _face(self, pixels: Pixels) -> FaceInFrame | None:
        image = Image(pixels, ColourOrder.RGB)
        faces = self._detector.detect(image, max_side_px=DETECTION_SIDE_PX)
        if not faces:
            return None
        return FaceInFrame(pixels, faces[0].box, faces[0].landmarks.points)


Picture = tuple[PadView, Variant, Pixels]


def _copies(
    view: PadView, pixels: Pixels, face: Box | None, rng: np.random.Generator
) -> list[Picture]:
    """The picture, one degraded copy, and zoomed ones."""
    zooms = [zoom_region(pixels, face, rng).of(pixels) for _ in range(ZOOMS)]
    return [
        (view, Variant.ORIGINAL, pixels),
        (view, Variant.DEGRADED, degrade(pixels, rng)),
        *[(view, Variant.ZOOMED, zoom) for zoom in zooms],
    ]


def _frames(pixels: Pixels, face: FaceInFrame | None, rng: np.random.Generator) -> list[Picture]:
    """The surroundings as a login sees them, their copies, and one of another shape."""
    view, box = PadView.FULL_FRAME, face.box if face else None
    reshaped = reshape_region(pixels, box, rng).of(pixels)
    whole = Image(pixels, ColourOrder.RGB)
    left, top, right, bottom = area_of_surroundings(whole, face=box)
    centre = box and Box(box.x0 - left, box.y0 - top, box.x1 - left, box.y1 - top)
    copies = _copies(view, pixels[top:bottom, left:right], centre, rng)
    return [*copies, (view, Variant.RESHAPED, reshaped)]


def _crops(face: FaceInFrame, rng: np.random.Generator) -> list[Picture]:
    """The crop of the face, and one of another size degraded."""
    view = PadView.TIGHT_CROP
    loose = _crop(face.pixels, face.box.grown(rng.uniform(0.9, 1.2)))
    return [
        (view, Variant.ORIGINAL, _crop(face.pixels, face.box)),
        (view, Variant.DEGRADED, degrade(loose, rng)),
    ]


def _synthetic(face: FaceInFrame, donor: FaceInFrame, rng: np.random.Generator) -> list[Picture]:
    """Two prints and one paper mask, each as full frame and as crop."""
    found: list[Picture] = []
    for variant, draw in (
        (Variant.SYNTHETIC_PRINT, synthetic_print),
        (Variant.SYNTHETIC_PRINT, synthetic_print),
        (Variant.SYNTHETIC_PAPER_MASK, synthetic_paper_mask),
    ):
        attack = draw(face, donor, rng)
        crop = _crop(attack, face.box.grown(rng.uniform(0.9, 1.2)))
        frame = _surroundings(attack, face.box)
        found += [(PadView.FULL_FRAME, variant, frame), (PadView.TIGHT_CROP, variant, crop)]
    return found


def _crop(pixels: Pixels, box: Box) -> Pixels:
    return cut(Image(pixels, ColourOrder.RGB), box).pixels


def _surroundings(pixels: Pixels, face: Box | None) -> Pixels:
    return surroundings(Image(pixels, ColourOrder.RGB), face=face).pixels


def _small(pixels: Pixels, size_px: int) -> Pixels:
    return stretch(Image(pixels, ColourOrder.RGB), width_px=size_px, height_px=size_px)


def _read_rgb(path: Path) -> Pixels:
    return without_bars(read_image(path)).to(ColourOrder.RGB).pixels


def _load(path: Path) -> _Rows | None:
    """Stored rows; None when there are none or the file is damaged, so they are made anew."""
    try:
        # Opened here: numpy would leave the file of a damaged archive open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            rows = _Rows(stored["features"], stored["view"], stored["variant"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return rows if len(rows.features) == len(rows.view) == len(rows.variant) else None


def _store(path: Path, rows: _Rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "wb") as file:
        np.savez(file, features=rows.features, view=rows.view, variant=rows.variant)
    Path(temporary).replace(path)
