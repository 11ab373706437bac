"""Small pictures of the face alone, for networks trained from scratch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.datasets.manifest import Kind, Presentation
from countenance.images.codec import read_image
from countenance.images.image import ColourOrder, Image
from countenance.images.views import cut, stretch
from countenance.training.degradation import Pixels, degrade
from countenance.training.recapture import recapture
from countenance.vision.interfaces import FaceDetector

DETECTION_SIDE_PX = 640


class Variant(IntEnum):
    """How a row came from its presentation."""

    ORIGINAL = 0
    DEGRADED = 1
    RECAPTURED = 2
    """Of bona fide presentations: the face on a display, an attack."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceCrops:
    """Crops of those presentations in which a face was found, and their altered copies."""

    pixels: NDArray[np.uint8]
    """(n, height, width, 3) RGB."""
    owner: NDArray[np.int64]
    """(n,) index of the presentation."""
    variant: NDArray[np.int64]
    """(n,) a `Variant` value."""

    @property
    def is_original(self) -> NDArray[np.bool_]:
        """(n,) bool: as it was taken."""
        return np.asarray(self.variant == Variant.ORIGINAL)


def load_crops(
    presentations: Sequence[Presentation],
    *,
    detector: FaceDetector,
    width_px: int,
    height_px: int,
    seed: int,
    on_done: Callable[[], None] = lambda: None,
    workers: int = 2,
) -> FaceCrops:
    """Cut each face out, and make copies of it; tight crops are taken whole.

    Args:
        presentations: full frames and tight crops.
        detector: finds the face of a full frame; the largest is the presentation.
        width_px, height_px: size of the result.
        seed: decides the copies together with each presentation's place.
        on_done: called after each presentation, from any thread.
        workers: threads.

    Raises: ImageError: a file cannot be read as an image; names it.
    """

    def rows(index: int) -> list[tuple[Variant, Pixels]]:
        face = _face(presentations[index], detector)
        on_done()
        if face is None:
            return []
        rng = np.random.default_rng([seed, index])
        copies = [(Variant.ORIGINAL, face), (Variant.DEGRADED, degrade(face, rng))]
        if presentations[index].is_bona_fide:
            copies.append((Variant.RECAPTURED, recapture(face, rng)))
        return [(variant, _small(copy, width_px, height_px)) for variant, copy in copies]

    with ThreadPoolExecutor(max_workers=workers) as pool:
        found = list(pool.map(rows, range(len(presentations))))
    kept = [(index, *row) for index, group in enumerate(found) for row in group]
    pixels = [row[2] for row in kept]
    return FaceCrops(
        np.stack(pixels) if pixels else np.zeros((0, height_px, width_px, 3), np.uint8),
        np.array([row[0] for row in kept], np.int64),
        np.array([int(row[1]) for row in kept], np.int64),
    )


def _face(presentation: Presentation, detector: FaceDetector) -> Pixels | None:
    image = read_image(presentation.path).to(ColourOrder.RGB)
    if presentation.kind is not Kind.TIGHT_CROP:
        faces = detector.detect(image, max_side_px=DETECTION_SIDE_PX)
        if not faces:
            return None
        image = cut(image, faces[0].box)
    return image.pixels


def _small(pixels: Pixels, width_px: int, height_px: int) -> Pixels:
    return stretch(Image(pixels, ColourOrder.RGB), width_px=width_px, height_px=height_px)


def jitter(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Turn, zoom, shift, shear and mirror crops, each on its own.

    Args:
        pixels: (n, height, width, 3) uint8.
        rng: decides everything; up to 20 degrees, 15 % zoom, 20 % shift and 15 % shear.

    Returns: the same shape; edges are repeated outwards.
    """
    return np.stack([_jittered(picture, rng) for picture in pixels])


def _jittered(picture: Pixels, rng: np.random.Generator) -> Pixels:
    height, width = picture.shape[:2]
    turn, zoom = np.deg2rad(rng.uniform(-20, 20)), rng.uniform(0.85, 1.15)
    shear, mirror = rng.uniform(-0.15, 0.15), rng.choice([-1.0, 1.0])
    rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) * zoom
    linear = rotate @ np.array([[mirror, shear], [0, 1]])
    centre = np.array([width, height]) / 2
    shift = rng.uniform(-0.2, 0.2, size=2) * (width, height)
    matrix = np.column_stack([linear, centre - linear @ centre + shift])
    moved = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)
