"""Parts of a frame stretched to a network's input: one way for training and for logins."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.geometry.boxes import Box
from countenance.images.bars import inside_bars
from countenance.images.image import Image

LEAST_ASPECT: Final = 0.75
"""Width over height of the surroundings that a detector is shown, at the least."""


def stretch(image: Image, *, width_px: int, height_px: int) -> NDArray[np.uint8]:
    """Return the image at that size, aspect not kept: (height_px, width_px, 3) uint8.

    A large image is halved, each pixel the mean of four, until a last bilinear step of less than
    two remains: an eighth of the time that averaging over uneven areas takes, and as little
    aliasing.
    """
    pixels = np.ascontiguousarray(image.pixels)
    height, width = pixels.shape[:2]
    while width >= 2 * width_px and height >= 2 * height_px:
        width, height = width // 2, height // 2
        pixels = np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))
    size = width_px, height_px
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def surroundings(image: Image, *, face: Box | None) -> Image:
    """Return what a detector of surroundings looks at: the image, or a part of a narrow one.

    Black bars are left off. A picture narrower than `LEAST_ASPECT`, as of a phone held upright,
    would be pulled wide like no other when it is stretched, so its full width around the face is
    taken.

    Args:
        image: any size.
        face: pixels of `image`; None takes the middle.

    Returns: a view of the image's pixels.
    """
    left, top, right, bottom = area_of_surroundings(image, face=face)
    return Image(image.pixels[top:bottom, left:right], image.order)


def area_of_surroundings(image: Image, *, face: Box | None) -> tuple[int, int, int, int]:
    """Where `surroundings` lie in the image: left, top, right, bottom in whole pixels."""
    left, top, right, bottom = inside_bars(image)
    height_px = round((right - left) / LEAST_ASPECT)
    if bottom - top > height_px:
        middle = (top + bottom) / 2 if face is None else face.centre[1]
        top = min(max(round(middle - height_px / 2), top), bottom - height_px)
        bottom = top + height_px
    return left, top, right, bottom


def cut(image: Image, box: Box) -> Image:
    """Return the part of the image inside the box, at least one pixel a side.

    What reaches outside the image is left off; a box entirely outside gives the nearest edge.
    """
    x0, x1 = _span(box.x0, box.x1, image.width_px)
    y0, y1 = _span(box.y0, box.y1, image.height_px)
    return Image(image.pixels[y0:y1, x0:x1], image.order)


def _span(low: float, high: float, limit: int) -> tuple[int, int]:
    start = min(max(int(low), 0), limit - 1)
    return start, min(max(int(high), start + 1), limit)
