"""Small pictures of the face alone, for networks trained from scratch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.datasets.manifest import Kind, Presentation
from countenance.images.codec import read_image
from countenance.images.image import ColourOrder
from countenance.images.views import cut, stretch
from countenance.training.degradation import Pixels
from countenance.vision.interfaces import FaceDetector

DETECTION_SIDE_PX = 640


@dataclass(frozen=True, slots=True, eq=False)
class FaceCrops:
    """Crops of those presentations in which a face was found."""

    pixels: NDArray[np.uint8]
    """(n, height, width, 3) RGB."""
    owner: NDArray[np.int64]
    """(n,) index of the presentation."""


def load_crops(
    presentations: Sequence[Presentation],
    *,
    detector: FaceDetector,
    width_px: int,
    height_px: int,
    on_done: Callable[[], None] = lambda: None,
    workers: int = 2,
) -> FaceCrops:
    """Cut each face out; tight crops are taken whole.

    Raises: ImageError: a file cannot be read as an image; names it.
    """

    def crop(presentation: Presentation) -> Pixels | None:
        image = read_image(presentation.path).to(ColourOrder.RGB)
        if presentation.kind is not Kind.TIGHT_CROP:
            faces = detector.detect(image, max_side_px=DETECTION_SIDE_PX)
            if not faces:
                on_done()
                return None
            image = cut(image, faces[0].box)
        on_done()
        return stretch(image, width_px=width_px, height_px=height_px)

    with ThreadPoolExecutor(max_workers=workers) as pool:
        crops = list(pool.map(crop, presentations))
    found = [index for index, pixels in enumerate(crops) if pixels is not None]
    kept = [pixels for pixels in crops if pixels is not None]
    shape = (0, height_px, width_px, 3)
    return FaceCrops(np.stack(kept) if kept else np.zeros(shape, np.uint8), np.array(found, int))


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
