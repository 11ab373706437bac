"""The colour of a face's light, and of the light behind it, in one frame."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.ceremony.colour_answer import FaceLight
from countenance.geometry.boxes import Box
from countenance.images.image import ColourOrder, Image

_WIDTH_PX: Final = 96
"""Frames are looked at with about this width: a mean needs no detail."""
_SKIN: Final = (0.34, 0.40)
"""Half axes of the oval inside the box of a face, in widths and heights of the box."""
_ASIDE: Final = 0.95
"""Farther than so many widths from the middle of the face is background: past ears and hair."""
_ABOVE: Final = 0.85
"""And higher than so many heights above the middle of the face."""
_BELOW: Final = 0.35
"""Lower than so many heights below the middle may be shoulders, which the screen lights too."""
_DARKEST: Final = (14, 14, 14)
_BRIGHTEST: Final = (243, 243, 243)
"""Levels between which a pixel tells its colour."""
_MIN_FACE: Final = 40
_MIN_BACKGROUND: Final = 120
"""Pixels that have to be left."""
_LINEAR: Final = np.where(
    np.arange(256) <= 10,
    np.arange(256) / 255 / 12.92,
    ((np.arange(256) / 255 + 0.055) / 1.055) ** 2.4,
).astype(np.float32)
"""Light of each level (IEC 61966-2-1)."""


def face_light(image: Image, *, face: Box) -> FaceLight | None:
    """Measure the light of a face and of its background.

    Args:
        image: the whole frame.
        face: box of the face, pixels of `image`.

    Returns: None when too few pixels of the face are neither too dark nor too bright.
    """
    blocks = max(1, round(image.width_px / _WIDTH_PX))
    small = _shrunk(image.pixels, blocks)
    on_face, behind = _regions(small.shape[:2], face.scaled(1 / blocks))
    usable = cv2.inRange(small, _DARKEST, _BRIGHTEST) > 0
    is_bgr = image.order is ColourOrder.BGR
    own = _colour(small[on_face & usable], least=_MIN_FACE, is_bgr=is_bgr)
    if own is None:
        return None
    return FaceLight(own, _colour(small[behind & usable], least=_MIN_BACKGROUND, is_bgr=is_bgr))


def _shrunk(pixels: NDArray[np.uint8], blocks: int) -> NDArray[np.uint8]:
    """Means of square blocks; a rim that fills no block is left out, as whole ones are quick."""
    height, width = (side // blocks for side in pixels.shape[:2])
    whole = pixels[: height * blocks, : width * blocks]
    small: Any = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def _regions(shape: tuple[int, int], face: Box) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Masks of the face and of what is surely neither face nor body."""
    (x, y), width, height = face.centre, face.width_px, face.height_px
    across = (np.arange(shape[1])[None, :] + 0.5 - x) / width
    down = (np.arange(shape[0])[:, None] + 0.5 - y) / height
    on_face = np.square(across / _SKIN[0]) + np.square(down / _SKIN[1]) <= 1
    behind = ((np.abs(across) >= _ASIDE) & (down <= _BELOW)) | (
        np.broadcast_to(down <= -_ABOVE, shape)
    )
    return on_face, behind


def _colour(pixels: NDArray[np.uint8], *, least: int, is_bgr: bool) -> tuple[float, float] | None:
    """log(red / green) and log(blue / green) of the mean light; None of too few pixels."""
    if len(pixels) < least:
        return None
    light = _LINEAR[pixels].mean(axis=0)
    first, green, last = (float(value) for value in np.log(light))
    red, blue = (last, first) if is_bgr else (first, last)
    return red - green, blue - green
