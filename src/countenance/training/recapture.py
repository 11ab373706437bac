"""Copies of a face as a camera sees it on a screen.

A picture's dots are drawn as the three stripes of a display, tilted and sampled again: the bands
that appear are true moire, made by the same folding of frequencies as before a phone. The copies
teach networks that start from nothing that screens exist; they are never part of a figure.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.training.degradation import Pixels, add_noise, recompress

LARGEST_PX = 192
"""Longer sides are shrunk first; a network takes less anyway."""
_STRIPES = 3
"""Samples across a dot: red, green, blue."""

Plane = NDArray[np.float32]


def recapture(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Show the picture on a display and photograph that.

    Args:
        pixels: (height, width, 3) uint8 RGB, at least 2 x 2.
        rng: decides everything.

    Returns: the same shape, or a smaller one with the same proportions where a side is longer than
    `LARGEST_PX`.
    """
    pixels = _shrunk(pixels)
    shown = _display(pixels, rng)
    seen = _photograph(shown, pixels.shape[1], pixels.shape[0], rng)
    seen = np.clip(seen + _glare(seen.shape[:2], rng), 0, 255).astype(np.uint8)
    return recompress(add_noise(seen, rng, 5.0), int(rng.integers(60, 96)))


def _shrunk(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    factor = LARGEST_PX / max(height, width)
    if factor >= 1:
        return pixels
    size = max(2, round(width * factor)), max(2, round(height * factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _display(pixels: Pixels, rng: np.random.Generator) -> Plane:
    """Dots as stripes of colour with dark gaps, and the display's own contrast and white."""
    large = np.repeat(np.repeat(pixels, _STRIPES, axis=0), _STRIPES, axis=1).astype(np.float32)
    depth = rng.uniform(0.15, 0.6)
    mask = np.full(large.shape, 1 - depth, np.float32)
    for channel in range(3):
        mask[:, channel::_STRIPES, channel] = 1
    mask[_STRIPES - 1 :: _STRIPES] *= 1 - depth / 2
    mask /= mask.mean()
    white = rng.uniform((0.8, 0.88, 0.95), (1.0, 1.02, 1.15))
    lifted = rng.uniform(0, 30)
    levels = (large / 255) ** rng.uniform(0.8, 1.35) * (255 - lifted)
    return np.asarray(levels * mask * white.astype(np.float32) + lifted, np.float32)


def _photograph(shown: Plane, width: int, height: int, rng: np.random.Generator) -> Plane:
    """A camera that stands a little off: turned, shifted, out of focus, sampled coarsely."""
    sharp = cv2.GaussianBlur(shown, (0, 0), rng.uniform(0.5, 1.5))
    scale = rng.uniform(0.94, 1.06) / _STRIPES
    centre = shown.shape[1] / 2, shown.shape[0] / 2
    matrix = np.asarray(cv2.getRotationMatrix2D(centre, rng.uniform(-8, 8), scale), np.float64)
    matrix[:, 2] += np.array([width - shown.shape[1], height - shown.shape[0]]) / 2
    corner = rng.uniform(-6e-4, 6e-4, size=2) * 32 / max(width, height)
    full = np.vstack([matrix, [corner[0], corner[1], 1.0]])
    seen = cv2.warpPerspective(
        sharp, full, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(seen, np.float32)


def _glare(shape: tuple[int, ...], rng: np.random.Generator) -> Plane:
    """(height, width, 1): light of a lamp that the glass throws back, or none."""
    height, width = shape
    if rng.random() < 0.5:
        return np.zeros((height, width, 1), np.float32)
    y, x = np.mgrid[:height, :width]
    centre, spread = rng.uniform(0, 1, 2), rng.uniform(0.08, 0.3)
    distance = ((x / width - centre[0]) ** 2 + (y / height - centre[1]) ** 2) / spread**2
    return np.asarray(rng.uniform(20, 120) * np.exp(-distance), np.float32)[..., None]
