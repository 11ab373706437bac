"""Parts of a frame stretched to a network's input: one way for training and for logins."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.geometry.boxes import Box
from countenance.images.image import Image


def stretch(image: Image, *, width_px: int, height_px: int) -> NDArray[np.uint8]:
    """Return the image at that size, aspect not kept: (height_px, width_px, 3) uint8."""
    shrinks = image.width_px >= width_px and image.height_px >= height_px
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    pixels = np.ascontiguousarray(image.pixels)
    return np.asarray(cv2.resize(pixels, (width_px, height_px), interpolation=method), np.uint8)


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
