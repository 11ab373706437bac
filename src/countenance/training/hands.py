"""A hand that holds something up, drawn.

Most who show a print or hold a mask before the face have a hand in the picture, and it says more
than the paper does. What is drawn is rounded strokes in
the tone of the scene's own skin, an arm and perhaps a sleeve: enough for features of a network that
knows hands.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.training.degradation import Pixels

SLEEVE = 0.7
"""Share of the hands that come out of a sleeve."""
SHADOW = 0.3
"""Of the light that is lost right beside the hand."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Grip:
    """Where a hand takes hold."""

    at: Vector
    """(2,) pixels: on the edge of what is held."""
    inward: Vector
    """(2,) of length 1: from there to its middle."""
    palm_px: float
    """Width of the palm, > 0."""


def skin_tone(pixels: Pixels, landmarks: NDArray[np.float32]) -> Vector:
    """Return the mean colour of both cheeks.

    Args:
        pixels: (height, width, 3).
        landmarks: (5, 2) pixels, as of `FaceInFrame`.

    Returns: (3,) 0..255; that of the whole picture where the cheeks lie outside.
    """
    reach = max(2, int(np.hypot(*(landmarks[1] - landmarks[0])) * 0.12))
    cheeks = []
    for eye, corner in ((0, 3), (1, 4)):
        middle = landmarks[2] / 2 + landmarks[eye] / 4 + landmarks[corner] / 4
        x, y = np.rint(middle).astype(int).tolist()
        part = pixels[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
        cheeks.append(part.reshape(-1, 3))
    found = np.concatenate(cheeks)
    return np.asarray((found if len(found) else pixels.reshape(-1, 3)).mean(axis=0), np.float64)


def draw_hand(pixels: Pixels, grip: Grip, skin: Vector, rng: np.random.Generator) -> Pixels:
    """Draw a hand that holds what is at the grip: one to four fingers over it, the arm below.

    Args:
        pixels: (height, width, 3) uint8.
        grip: may lie outside of the picture.
        skin: (3,) as `skin_tone`; the hand is a little darker or lighter.
        rng: decides everything.

    Returns: the same shape.
    """
    brush = _Brush(pixels, rng)
    tone = skin * rng.uniform(0.75, 1.15)
    size, across = grip.palm_px, np.array([-grip.inward[1], grip.inward[0]])
    across = across * rng.choice([-1, 1])
    arm = _unit(0.7 * _unit(np.array([rng.uniform(-0.6, 0.6), 1.0])) - 0.7 * grip.inward)
    palm, wrist = grip.at + 0.3 * size * arm, grip.at + size * rng.uniform(0.9, 1.3) * arm
    sleeve = _cloth(rng) if rng.random() < SLEEVE else 0.95 * tone
    cuff = wrist + 0.2 * size * arm
    brush.stroke(cuff, wrist + 6 * size * arm, size * rng.uniform(0.9, 1.5), sleeve)
    brush.stroke(palm, cuff, size * rng.uniform(0.6, 0.85), 0.93 * tone)
    brush.stroke(palm - 0.15 * size * across, palm + 0.3 * size * across, 0.75 * size, 0.97 * tone)
    width, first = size * rng.uniform(0.2, 0.27), rng.uniform(-0.35, 0)
    for finger in range(int(rng.integers(1, 5))):
        root = grip.at + (first + 0.25 * finger) * size * across
        lean = grip.inward + rng.uniform(-0.25, 0.25) * across
        tip = root + size * rng.uniform(0.35, 0.8) * lean
        brush.stroke(
            root + 0.3 * size * arm, tip, width, tone * rng.uniform(0.95, 1.08), taper=0.85
        )
    return brush.finished(0.08 * size)


def _cloth(rng: np.random.Generator) -> Vector:
    """Mostly dark and grey, sometimes of a colour."""
    grey = np.full(3, rng.uniform(15, 120))
    return rng.uniform(10, 200, size=3) if rng.random() < 0.5 else grey


def _unit(vector: Vector) -> Vector:
    return np.asarray(vector / max(float(np.hypot(*vector)), 1e-6), np.float64)


class _Brush:
    """Paints round, shaded strokes and knows where."""

    def __init__(self, pixels: Pixels, rng: np.random.Generator) -> None:
        self._below, self._rng = pixels, rng
        self._paint = pixels.astype(np.float32)
        self._cover = np.zeros(pixels.shape[:2], np.float32)

    def stroke(
        self, start: Vector, end: Vector, width: float, colour: Vector, *, taper: float = 1.0
    ) -> None:
        """From start to end, rounded like a cylinder; at its end `taper` times as wide."""
        size = self._cover.shape[::-1]
        low, high = np.minimum(start, end) - width, np.maximum(start, end) + width + 1
        x0, y0 = np.clip(low, 0, size).astype(int).tolist()
        x1, y1 = np.clip(high, 0, size).astype(int).tolist()
        if x1 <= x0 or y1 <= y0:
            return
        y, x = np.mgrid[y0:y1, x0:x1].astype(np.float32)
        along, length = end - start, max(float(np.hypot(*(end - start))), 1e-3)
        share = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / length**2
        share = np.clip(share, 0, 1)
        dx, dy = x - (start[0] + share * along[0]), y - (start[1] + share * along[1])
        radius = np.maximum(width / 2 * (1 - (1 - taper) * share), 1e-3)
        off = np.hypot(dx, dy) / radius
        side = (dx * along[1] - dy * along[0]) / length / np.maximum(radius, 1)
        light = 1 - 0.35 * np.minimum(off, 2) ** 2.5 + 0.12 * side * self._rng.choice([-1, 1])
        grain = cv2.GaussianBlur(self._rng.normal(0, 6, off.shape), (0, 0), 1.5)
        cover = np.clip((1 - off) * np.maximum(radius, 1) / 1.5, 0, 1).astype(np.float32)
        part = self._paint[y0:y1, x0:x1]
        part += cover[..., None] * (colour * light[..., None] + grain[..., None] - part)
        self._cover[y0:y1, x0:x1] = np.maximum(self._cover[y0:y1, x0:x1], cover)

    def finished(self, softness_px: float) -> Pixels:
        """The picture with all strokes, and their shadow."""
        shadow = cv2.GaussianBlur(self._cover, (0, 0), max(1.0, softness_px))
        lit = self._below * (1 - SHADOW * np.asarray(shadow)[..., None])
        cover = self._cover[..., None]
        return np.clip(lit * (1 - cover) + self._paint * cover, 0, 255).astype(np.uint8)
