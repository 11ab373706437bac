"""Copies of a frame as another camera, distance or connection would have given it.

The camera of a login is not among those a detector was trained with. These copies keep the class
and change what a camera changes, so that the detector does not learn cameras.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.geometry.boxes import Box

Pixels = NDArray[np.uint8]

SHAPES = (3 / 4, 16 / 9)
"""Width over height of cameras, upright phones to wide screens."""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a frame, in whole pixels."""

    left: int
    top: int
    width: int
    height: int

    def of(self, pixels: Pixels) -> Pixels:
        return pixels[self.top : self.top + self.height, self.left : self.left + self.width]


def degrade(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Return the frame with less resolution, another colour cast, noise and compression.

    Args:
        pixels: (height, width, 3) uint8.
        rng: decides everything.

    Returns: the same shape.
    """
    pixels = _lose_resolution(pixels, rng.uniform(0.4, 0.95))
    if rng.random() < 0.4:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.4, 1.4)), np.uint8)
    return recompress(add_noise(_shift_colours(pixels, rng), rng, 6.0), int(rng.integers(45, 96)))


def zoom_region(pixels: Pixels, face: Box | None, rng: np.random.Generator) -> Region:
    """Choose 60-100 % of the frame's area, same shape, with the face's centre inside it."""
    height, width = pixels.shape[:2]
    side = float(np.sqrt(rng.uniform(0.6, 1.0)))
    w, h = max(1, round(width * side)), max(1, round(height * side))
    x, y = face.centre if face else (width / 2, height / 2)
    return Region(_start(x, w, width, rng), _start(y, h, height, rng), w, h)


def reshape_region(pixels: Pixels, face: Box | None, rng: np.random.Generator) -> Region:
    """Choose the largest part of another shape, 3:4 to 16:9, with the face's centre inside it.

    Cameras differ in shape, and what a network is shown is stretched to a square.
    """
    height, width = pixels.shape[:2]
    aspect = float(np.exp(rng.uniform(*np.log(SHAPES))))
    w = max(1, min(width, round(height * aspect)))
    h = max(1, min(height, round(width / aspect)))
    x, y = face.centre if face else (width / 2, height / 2)
    return Region(_start(x, w, width, rng), _start(y, h, height, rng), w, h)


def part_region(pixels: Pixels, rng: np.random.Generator) -> Region:
    """Choose a part anywhere: 0.65-1 of the edge, and an eighth longer or shorter than wide."""
    height, width = pixels.shape[:2]
    side, stretched = rng.uniform(0.65, 1.0), float(np.exp(rng.uniform(-0.12, 0.12)))
    w = max(1, min(width, round(width * side / stretched)))
    h = max(1, min(height, round(height * side * stretched)))
    left, top = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
    return Region(left, top, w, h)


def _start(centre: float, length: int, limit: int, rng: np.random.Generator) -> int:
    """A start so that [start, start + length) holds `centre` and stays within the limit."""
    low = max(0, min(int(centre - 0.8 * length), limit - length))
    high = min(limit - length, max(int(centre - 0.2 * length), 0))
    return int(rng.integers(min(low, high), max(low, high) + 1))


def _lose_resolution(pixels: Pixels, factor: float) -> Pixels:
    height, width = pixels.shape[:2]
    small_size = max(1, round(width * factor)), max(1, round(height * factor))
    small = cv2.resize(pixels, small_size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _shift_colours(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Per-channel gain, exposure and gamma, through a table."""
    levels = np.arange(256, dtype=np.float32) / 255
    gamma, gain = rng.uniform(0.75, 1.3), rng.uniform(0.85, 1.15)
    casts = gain * rng.uniform(0.92, 1.08, size=3)
    table = np.clip(levels[:, None] ** gamma * casts[None, :] * 255, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(pixels, table[None]), np.uint8)


def add_noise(pixels: Pixels, rng: np.random.Generator, deviation: float) -> Pixels:
    """Add Gaussian noise of up to `deviation` grey levels."""
    noise = rng.standard_normal(pixels.shape, dtype=np.float32) * rng.uniform(0, deviation)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def recompress(pixels: Pixels, quality: int) -> Pixels:
    """Return the pixels after JPEG at that quality (1..100)."""
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
