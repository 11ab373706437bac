"""Altered copies of a photograph: mirrored, turned, zoomed, shifted and lit otherwise.

The amounts are small enough that the person stays who they are and the face stays in the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from countenance.images.image import Image

MAX_TURN_DEGREES = 12.0
ZOOM = (0.9, 1.2)
MAX_SHIFT = 0.08
"""Of the shorter side; together with the zoom this is the crop."""
GAIN = (0.65, 1.35)
GAMMA = (0.75, 1.35)
OFFSET = 18.0
"""Grey levels, either way."""


@dataclass(frozen=True, slots=True)
class Alteration:
    """What is done to one copy."""

    is_mirrored: bool
    turn_degrees: float
    zoom: float
    shift: tuple[float, float]
    """To the right and downwards, shares of the shorter side."""
    gain: float
    gamma: float
    offset: float


def draw_alteration(rng: np.random.Generator) -> Alteration:
    """Choose an alteration; `rng` decides everything."""
    across, down = rng.uniform(-MAX_SHIFT, MAX_SHIFT, 2)
    return Alteration(
        is_mirrored=bool(rng.random() < 0.5),
        turn_degrees=float(rng.uniform(-MAX_TURN_DEGREES, MAX_TURN_DEGREES)),
        zoom=float(rng.uniform(*ZOOM)),
        shift=(float(across), float(down)),
        gain=float(rng.uniform(*GAIN)),
        gamma=float(np.exp(rng.uniform(*np.log(GAMMA)))),
        offset=float(rng.uniform(-OFFSET, OFFSET)),
    )


def altered(image: Image, alteration: Alteration) -> Image:
    """Apply an alteration; size and colour order are kept, edges are mirrored outwards."""
    pixels = image.pixels[:, ::-1] if alteration.is_mirrored else image.pixels
    moved = cv2.warpAffine(
        np.ascontiguousarray(pixels),
        _movement(image, alteration),
        (image.width_px, image.height_px),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    levels = (np.arange(256) / 255.0) ** alteration.gamma * 255.0
    lit = np.clip(levels * alteration.gain + alteration.offset, 0, 255).astype(np.uint8)
    return Image(np.asarray(cv2.LUT(moved, lit), np.uint8), image.order)


def _movement(
    image: Image, alteration: Alteration
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    centre = ((image.width_px - 1) / 2, (image.height_px - 1) / 2)
    matrix = cv2.getRotationMatrix2D(centre, alteration.turn_degrees, alteration.zoom)
    shorter_px = min(image.width_px, image.height_px)
    matrix[:, 2] += np.array(alteration.shift) * shorter_px
    return np.asarray(matrix, np.float64)
