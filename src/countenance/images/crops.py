"""Cutting, scaling and aligning pixels, and laying them out for a network."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.geometry.boxes import Box
from countenance.geometry.landmarks import Landmarks5
from countenance.geometry.similarity import estimate_similarity
from countenance.images.image import ColourOrder, Image

ALIGNED_SIDE_PX: Final = 112
REFERENCE_POINTS: Final[NDArray[np.float32]] = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ],
    dtype=np.float32,
)
"""Where the five points of an aligned face lie, pixels of a 112 x 112 image.

Source: Deng et al., ArcFace, CVPR 2019; used by OpenCV's FaceRecognizerSF.
"""

_REFERENCE_CENTRE: Final[NDArray[np.float32]] = np.array([56.0262, 71.9008], dtype=np.float32)
"""Their mean as OpenCV writes it."""


def align(image: Image, *, landmarks: Landmarks5) -> Image:
    """Move a face so that its five points fall on `REFERENCE_POINTS`.

    Args:
        image: any size; colour order is kept.
        landmarks: pixels of `image`.

    Returns: 112 x 112; areas outside `image` are black.
    Raises: DegenerateLandmarksError: all five points coincide.
    """
    matrix = estimate_similarity(
        landmarks.points, target=REFERENCE_POINTS, target_centre=_REFERENCE_CENTRE
    )
    side = (ALIGNED_SIDE_PX, ALIGNED_SIDE_PX)
    moved = cv2.warpAffine(image.pixels, matrix, side, flags=cv2.INTER_LINEAR)
    return Image(np.asarray(moved, dtype=np.uint8), image.order)


def shrunk_to(image: Image, *, max_side_px: int | None) -> tuple[Image, float]:
    """Shrink an image so that its longest side fits.

    Args:
        image: any size.
        max_side_px: None, or at least the longest side, returns `image` itself.

    Returns: the image and the factor it was resized by, at most 1.
    """
    longest = max(image.width_px, image.height_px)
    if max_side_px is None or longest <= max_side_px:
        return image, 1.0
    return resized(image, factor=max_side_px / longest)


def resized(image: Image, *, factor: float) -> tuple[Image, float]:
    """Scale an image; `factor` is above 0.

    Returns: the image and the factor of its longest side after rounding to whole pixels.
    """
    width = max(1, round(image.width_px * factor))
    height = max(1, round(image.height_px * factor))
    how = cv2.INTER_AREA if factor < 0.5 else cv2.INTER_LINEAR
    pixels = cv2.resize(image.pixels, (width, height), interpolation=how)
    exact = width / image.width_px if width >= height else height / image.height_px
    return Image(np.asarray(pixels, dtype=np.uint8), image.order), exact


def cropped(image: Image, *, box: Box) -> tuple[Image, tuple[int, int]] | None:
    """Cut the part of a box that lies inside an image; a view, not a copy.

    Returns: the part and its origin (x, y) in `image`; None when they do not overlap.
    """
    x0, y0 = max(0, int(box.x0)), max(0, int(box.y0))
    x1, y1 = min(image.width_px, int(box.x1 + 1)), min(image.height_px, int(box.y1 + 1))
    if x1 <= x0 or y1 <= y0:
        return None
    return Image(image.pixels[y0:y1, x0:x1], image.order), (x0, y0)


def mirrored(image: Image) -> Image:
    """The image with left and right exchanged."""
    return Image(np.ascontiguousarray(image.pixels[:, ::-1]), image.order)


def pad_to_multiple(pixels: NDArray[np.uint8], *, multiple_px: int) -> NDArray[np.uint8]:
    """Add black rows below and columns to the right until both sides are multiples."""
    height, width = pixels.shape[:2]
    below, right = -height % multiple_px, -width % multiple_px
    if not below and not right:
        return pixels
    padded = cv2.copyMakeBorder(pixels, 0, below, 0, right, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    return np.asarray(padded, dtype=np.uint8)


_CONVERSIONS: Final = {
    (ColourOrder.BGR, ColourOrder.BGR, 4): cv2.COLOR_BGR2BGRA,
    (ColourOrder.BGR, ColourOrder.RGB, 4): cv2.COLOR_BGR2RGBA,
    (ColourOrder.RGB, ColourOrder.BGR, 4): cv2.COLOR_RGB2BGRA,
    (ColourOrder.RGB, ColourOrder.RGB, 4): cv2.COLOR_RGB2RGBA,
    (ColourOrder.BGR, ColourOrder.RGB, 3): cv2.COLOR_BGR2RGB,
    (ColourOrder.RGB, ColourOrder.BGR, 3): cv2.COLOR_RGB2BGR,
}


def write_pixels(image: Image, into: NDArray[np.uint8], *, order: ColourOrder) -> None:
    """Write an image into a place of a batch.

    Args:
        image: of the size of `into`.
        into: (height, width, 3 or 4) uint8, contiguous; a fourth channel becomes 255.
        order: of the first three channels there.
    """
    how = _CONVERSIONS.get((image.order, order, into.shape[2]))
    if how is None:
        into[:] = image.pixels
    else:
        cv2.cvtColor(image.pixels, how, dst=into)


def tensor_of(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(height, width, 3) uint8 to (1, 3, height, width) float32, 0..255, channels as they are."""
    tensor = np.empty((1, 3, *pixels.shape[:2]), np.float32)
    for plane, channel in zip(tensor[0], cv2.split(pixels), strict=True):
        plane[:] = channel
    return tensor
