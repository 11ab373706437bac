"""What a network sees of a frame is the same in training and at the door."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.geometry.boxes import Box
from countenance.images.image import ColourOrder, Image
from countenance.images.views import cut, stretch, surroundings

RAMP = Image(np.arange(40 * 60 * 3, dtype=np.uint32).reshape(40, 60, 3).astype(np.uint8))


@pytest.mark.parametrize("size", [(16, 16), (80, 16), (224, 224)])  # smaller, mixed, larger
def test_a_stretched_image_has_the_size_asked_for(size: tuple[int, int]) -> None:
    assert stretch(RAMP, width_px=size[0], height_px=size[1]).shape == (size[1], size[0], 3)


def test_shrinking_averages_and_does_not_skip_pixels() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 200
    assert np.abs(stretch(Image(stripes), width_px=32, height_px=32).astype(int) - 100).max() <= 1


def test_a_large_image_is_averaged_whatever_its_size() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (501, 703, 3)).astype(np.uint8)
    assert stretch(Image(noise), width_px=50, height_px=40).std() < noise.std() / 4


def test_a_wide_picture_is_seen_whole() -> None:
    assert surroundings(RAMP, face=None).pixels.shape == RAMP.pixels.shape


@pytest.mark.parametrize(("face_y", "top"), [(50, 6), (5, 0), (95, 20)])  # middle, either end
def test_of_a_narrow_picture_the_part_around_the_face_is_seen(face_y: int, top: int) -> None:
    narrow = Image(np.arange(100, dtype=np.uint8)[:, None, None] + np.zeros((100, 60, 3), np.uint8))
    seen = surroundings(narrow, face=Box(20, face_y - 8, 40, face_y))
    assert (seen.width_px, seen.height_px) == (60, 80)
    assert seen.pixels[0, 0, 0] == top


def test_bars_do_not_make_a_narrow_picture_wide() -> None:
    """An upright phone's picture in a wide frame."""
    bright = np.full((100, 60, 3), 128, np.uint8)
    barred = Image(np.pad(bright, ((0, 0), (40, 40), (0, 0))))
    seen = surroundings(barred, face=Box(60, 40, 80, 60))
    assert (seen.width_px, seen.height_px) == (60, 80)
    assert seen.pixels.min() == 128


def test_a_cut_keeps_the_pixels_and_their_order() -> None:
    part = cut(Image(RAMP.pixels, ColourOrder.RGB), Box(10, 5, 30, 25))
    assert part.order is ColourOrder.RGB
    assert (part.pixels == RAMP.pixels[5:25, 10:30]).all()


@given(st.floats(-200, 200), st.floats(-200, 200), st.floats(0.01, 300), st.floats(0.01, 300))
def test_a_cut_always_holds_a_pixel(x: float, y: float, width: float, height: float) -> None:
    part = cut(RAMP, Box(x, y, x + width, y + height))
    assert 1 <= part.width_px <= RAMP.width_px
    assert 1 <= part.height_px <= RAMP.height_px
