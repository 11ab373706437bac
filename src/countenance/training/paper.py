"""What a printed photograph looks like before it is held up: tone, border, gloss, shape, bend."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.geometry.boxes import Box
from countenance.training.degradation import Pixels

Plane = NDArray[np.float32]


def around(pixels: Pixels, face: Box, faces: float, rng: np.random.Generator) -> Pixels:
    """The photograph around its face; as much as there is of `faces` face widths."""
    height, width = pixels.shape[:2]
    box = face.grown(faces)
    stretch = rng.uniform(0.9, 1.15)
    (_, cy), half = face.centre, box.height_px * stretch / 2
    x0, x1 = max(0, int(box.x0)), min(width, int(box.x1) + 1)
    y0, y1 = max(0, int(cy - half)), min(height, int(cy + half) + 1)
    part = pixels[y0:y1, x0:x1]
    return part if part.size else pixels


def printed(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """The tone of ink on paper: lifted black, duller white, less colour, a cast, less detail."""
    real = pixels.astype(np.float32)
    grey = real.mean(axis=2, keepdims=True)
    real = grey + (real - grey) * rng.uniform(0.35, 1.15)
    black, white = rng.uniform(10, 60), rng.uniform(170, 250)
    real = black + real / 255 * (white - black)
    real *= rng.uniform(0.9, 1.08, size=3).astype(np.float32)
    if rng.random() < 0.6:
        real = np.asarray(cv2.GaussianBlur(real, (0, 0), rng.uniform(0.4, 1.6)))
    return np.clip(real, 0, 255).astype(np.uint8)


def with_border(sheet: Pixels, rng: np.random.Generator) -> Pixels:
    edge = max(2, round(min(sheet.shape[:2]) * rng.uniform(0.02, 0.12)))
    tone = rng.uniform(170, 245)
    colour = [float(tone * c) for c in rng.uniform(0.95, 1.03, size=3)]
    return np.asarray(
        cv2.copyMakeBorder(sheet, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=colour),
        np.uint8,
    )


def with_gloss(sheet: Pixels, rng: np.random.Generator) -> Pixels:
    """A soft highlight or fall-off of light across the sheet."""
    height, width = sheet.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    cx, cy = rng.uniform(0, width), rng.uniform(0, height)
    spread = rng.uniform(0.2, 0.7) * max(height, width)
    spot = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * spread**2))
    light = sheet + spot[..., None] * rng.uniform(-30, 70)
    return np.asarray(np.clip(light, 0, 255), np.uint8)


def head_shape(sheet: Pixels, rng: np.random.Generator) -> Plane:
    """1 on the oval of a head in the middle of the sheet, perhaps with the shoulders below."""
    height, width = sheet.shape[:2]
    shape = np.zeros((height, width), np.float32)
    axes = round(width * rng.uniform(0.34, 0.48)), round(height * rng.uniform(0.4, 0.5))
    cv2.ellipse(shape, (width // 2, height // 2), axes, 0, 0, 360, 1.0, -1)
    if rng.random() < 0.5:
        shape[round(height * rng.uniform(0.75, 0.9)) :] = 1.0
    return shape


def bent(sheet: Pixels, shape: Plane, rng: np.random.Generator) -> tuple[Pixels, Plane]:
    """Sheet and shape around an upright cylinder: narrower, darker and bowed at the sides."""
    height, width = sheet.shape[:2]
    half_turn = rng.uniform(0.4, 1.2)
    across = np.linspace(-1, 1, width, dtype=np.float32)
    turned = np.arcsin(across * np.sin(half_turn))
    away = 1 - np.cos(turned)
    x = np.tile((turned / half_turn + 1) / 2 * (width - 1), (height, 1)).astype(np.float32)
    bow = rng.uniform(-0.08, 0.08) * height * away
    y = (np.arange(height)[:, None] + bow[None]).astype(np.float32)
    moved = cv2.remap(sheet, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.remap(shape, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    lit = moved * (1 - rng.uniform(0, 0.5) * away)[None, :, None]
    return np.clip(lit, 0, 255).astype(np.uint8), np.asarray(cover, np.float32)
