"""Black bars go, whatever else is dark stays."""

from __future__ import annotations

import numpy as np
import pytest

from countenance.images.bars import without_bars
from countenance.images.codec import FILE_LIMITS, decode_image, encode_jpeg
from countenance.images.image import Image


def picture(width: int, height: int, *, low: int = 0) -> np.ndarray:
    return np.random.default_rng(3).integers(low, 256, (height, width, 3), dtype=np.uint8)


def framed(inner: np.ndarray, *, left: int = 0, right: int = 0, above: int = 0, below: int = 0):
    return Image(np.pad(inner, ((above, below), (left, right), (0, 0))))


def test_bars_beside_and_above_are_cut_off_exactly():
    inner = picture(200, 100)
    assert np.array_equal(without_bars(framed(inner, left=60, right=60)).pixels, inner)
    assert np.array_equal(without_bars(framed(inner, above=30, below=31)).pixels, inner)


def test_bars_are_found_after_compression():
    inner = picture(360, 480)
    sent = encode_jpeg(framed(inner, left=140, right=140), quality=80)
    cut = without_bars(decode_image(sent, limits=FILE_LIMITS))
    assert abs(cut.width_px - 360) <= 32, (
        "compression smears the edge over a block of colour a side"
    )
    assert cut.height_px == 480


@pytest.mark.parametrize(
    "image",
    [
        Image(picture(200, 100)),
        framed(picture(200, 100), left=80),  # a dark wall on one side belongs to the room
        framed(picture(200, 100), left=80, right=20),
        framed(picture(40, 100), left=80, right=80),  # a lit face in a dark room
        Image(np.zeros((100, 200, 3), np.uint8)),
        Image(np.full((100, 200, 3), 20, np.uint8)),  # dark, but not black
    ],
)
def test_what_is_no_pair_of_bars_stays(image):
    assert without_bars(image) is image
