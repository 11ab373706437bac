"""Which frames of a video show something new."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from countenance.datasets.duplicates import is_near_duplicate, look_of
from countenance.geometry.boxes import Box
from countenance.images.image import Image

FACE = Box(220, 120, 420, 360)
RNG = np.random.default_rng(7)


def scene() -> NDArray[np.uint8]:
    """A room and a face of soft shapes, (480, 640, 3)."""
    y, x = np.mgrid[:480, :640]
    wall = 120 + 40 * np.sin(x / 70) + 30 * np.cos(y / 50)
    inside = ((x - 320) / 100) ** 2 + ((y - 240) / 120) ** 2 < 1
    face = 150 + 40 * np.sin(x / 18) * np.cos(y / 22)
    grey = np.where(inside, face, wall)
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


def noisy(pixels: NDArray[np.uint8], *, sigma: float = 6.0) -> NDArray[np.uint8]:
    return np.clip(pixels + RNG.normal(0, sigma, pixels.shape), 0, 255).astype(np.uint8)


def test_sensor_noise_alone_is_nothing_new() -> None:
    kept = look_of(Image(noisy(scene())), face=FACE)
    assert is_near_duplicate(Image(noisy(scene())), kept=kept)


@pytest.mark.parametrize("levels", [-12, 12])
def test_a_flicker_of_the_lamp_is_nothing_new(levels: int) -> None:
    kept = look_of(Image(scene()), face=FACE)
    lit = np.clip(scene().astype(int) + levels, 0, 255).astype(np.uint8)
    assert is_near_duplicate(Image(lit), kept=kept)


def test_a_face_that_moved_is_new() -> None:
    kept = look_of(Image(scene()), face=FACE)
    assert not is_near_duplicate(Image(np.roll(scene(), 25, axis=1)), kept=kept)


def test_a_change_in_the_face_alone_is_new() -> None:
    """Closed eyes change some hundredths of the frame."""
    kept, changed = look_of(Image(scene()), face=FACE), scene()
    changed[190:215, 245:305] = 60
    changed[190:215, 335:395] = 60
    assert not is_near_duplicate(Image(changed), kept=kept)


def test_a_change_beside_the_face_is_new() -> None:
    kept, changed = look_of(Image(scene()), face=FACE), scene()
    changed[:, :90] = 20
    assert not is_near_duplicate(Image(changed), kept=kept)
