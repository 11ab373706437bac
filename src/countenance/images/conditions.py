"""The same picture under worse conditions: less light, a moving head, something before the face.

For measuring what a condition costs, so each is exact and repeatable: no choice is left to chance
but the noise, whose seed is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.images.image import Image

Points = NDArray[np.float32]
"""(n, 2) float32, x and y."""

_GAMMA: Final = 2.2
_FULL_WELL: Final = 4000.0
"""Electrons that a small sensor's pixel holds; its shot noise is the root of their number."""
_READ_NOISE: Final = 6.0
"""Electrons that reading adds."""
_SHIFT: Final = 4
"""Fractional bits of the coordinates that OpenCV draws with."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """An opaque or tinted area to lay over a picture."""

    outline: Points
    """Corners of a polygon, or the two ends of a line; pixels of the picture."""
    colour: tuple[float, float, float]
    """In the picture's own colour order, 0..255."""
    opacity: float = 1.0
    """0 (clear) to 1."""
    width_px: float = 0.0
    """Above 0: the outline is a line so thick, with round ends."""


def darkened(image: Image, *, light: float, seed: int) -> Image:
    """Let less light reach the sensor, which adds its noise and does not expose longer.

    Args:
        image: any.
        light: share of the light that is left, above 0 to 1.
        seed: decides the noise.

    Source: photon transfer (shot noise and read noise), EMVA Standard 1288; gamma 2.2.
    """
    rng = np.random.default_rng(seed)
    electrons = (image.pixels / 255.0) ** _GAMMA * light * _FULL_WELL
    noise = np.sqrt(electrons + _READ_NOISE**2) * rng.standard_normal(electrons.shape)
    linear = np.clip((electrons + noise) / _FULL_WELL, 0.0, 1.0)
    return Image(np.rint(linear ** (1 / _GAMMA) * 255).astype(np.uint8), image.order)


def motion_blurred(image: Image, *, length_px: float, angle_deg: float) -> Image:
    """Smear the picture along a line, as a movement during the exposure does.

    Args:
        image: any.
        length_px: way of each point; up to 1 leaves the picture as it is.
        angle_deg: direction, 0 to the right, 90 downwards.
    """
    if length_px <= 1:
        return image
    side = 2 * int(np.ceil(length_px / 2)) + 1
    way = np.deg2rad(angle_deg)
    half = (length_px - 1) / 2 * np.array([np.cos(way), np.sin(way)])
    kernel = np.zeros((side, side), np.uint8)
    middle = np.full(2, side // 2)
    ends = [_fixed(middle + sign * half) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 255, 1, cv2.LINE_AA, _SHIFT)
    weights = kernel.astype(np.float32) / max(1.0, float(kernel.sum()))
    blurred = cv2.filter2D(image.pixels, -1, weights, borderType=cv2.BORDER_REPLICATE)
    return Image(np.asarray(blurred, np.uint8), image.order)


def covered(image: Image, shapes: Sequence[Shape]) -> Image:
    """Lay shapes over a copy of the picture, the first one lowest; their edges are soft."""
    below = image.pixels.astype(np.float32)
    for shape in shapes:
        share = _cover(shape, image.pixels.shape[:2])[..., None] * np.float32(shape.opacity)
        below += (np.array(shape.colour, np.float32) - below) * share
    return Image(np.rint(np.clip(below, 0, 255)).astype(np.uint8), image.order)


def median_colour(image: Image, *, centre: Points, radius_px: float) -> tuple[float, float, float]:
    """The median of each channel in a square around a point; black outside the picture.

    Args:
        image: any.
        centre: (2,) float32, pixels.
        radius_px: half the side of the square, at least a pixel.
    """
    x0, y0 = (max(0, int(place - max(1.0, radius_px))) for place in centre)
    x1, y1 = (int(place + max(1.0, radius_px)) + 1 for place in centre)
    part = image.pixels[y0 : max(0, y1), x0 : max(0, x1)]
    if not part.size:
        return 0.0, 0.0, 0.0
    first, second, third = np.median(part.reshape(-1, 3), axis=0)
    return float(first), float(second), float(third)


def _cover(shape: Shape, size: tuple[int, int]) -> NDArray[np.float32]:
    """(height, width) float32, 1 where the shape lies."""
    plane = np.zeros(size, np.uint8)
    places = [_fixed(place) for place in shape.outline]
    if shape.width_px > 0:
        thick = max(1, round(shape.width_px))
        cv2.line(plane, places[0], places[1], 255, thick, cv2.LINE_AA, _SHIFT)
    else:
        cv2.fillPoly(plane, [np.array(places, np.int32)], 255, cv2.LINE_AA, _SHIFT)
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), 0.8), np.float32) / np.float32(255)


def _fixed(place: NDArray[np.floating]) -> tuple[int, int]:
    x, y = (round(float(value) * (1 << _SHIFT)) for value in place)
    return x, y
