from __future__ import annotations

import cv2
import numpy as np
import pytest

from countenance.geometry.boxes import Box
from countenance.geometry.landmarks import Landmarks5
from countenance.images.crops import (
    REFERENCE_POINTS,
    align,
    cropped,
    pad_to_multiple,
    shrunk_to,
    tensor_of,
    write_pixels,
)
from countenance.images.image import ColourOrder, Image


def noise(width: int, height: int) -> Image:
    pixels = np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image(pixels)


def test_a_face_on_the_reference_points_is_left_as_it_is() -> None:
    image = noise(112, 112)
    aligned = align(image, landmarks=Landmarks5(REFERENCE_POINTS))
    assert np.abs(aligned.pixels.astype(int) - image.pixels).mean() < 0.5


def test_a_turned_and_enlarged_face_is_brought_back() -> None:
    image = Image(np.asarray(cv2.GaussianBlur(noise(112, 112).pixels, (0, 0), 4), np.uint8))
    matrix = cv2.getRotationMatrix2D((56, 56), 25, 2.0)
    matrix[:, 2] += 80
    moved = Image(np.asarray(cv2.warpAffine(image.pixels, matrix, (300, 300)), np.uint8))
    points = (REFERENCE_POINTS @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    aligned = align(moved, landmarks=Landmarks5(points)).pixels.astype(int)
    assert np.abs(aligned - image.pixels)[10:-10, 10:-10].mean() < 1.5


@pytest.mark.parametrize(
    ("size", "limit", "expected"),
    [
        ((640, 480), None, (640, 480)),
        ((640, 480), 640, (640, 480)),
        ((640, 480), 320, (320, 240)),
        ((480, 640), 320, (240, 320)),
        ((1920, 1080), 320, (320, 180)),
    ],
)
def test_an_image_is_shrunk_never_enlarged(
    size: tuple[int, int], limit: int | None, expected: tuple[int, int]
) -> None:
    small, factor = shrunk_to(noise(*size), max_side_px=limit)
    assert (small.width_px, small.height_px) == expected
    assert factor == pytest.approx(expected[0] / size[0])


def test_a_crop_outside_the_image_is_none_and_a_partial_one_says_its_origin() -> None:
    image = noise(100, 80)
    assert cropped(image, box=Box(200, 0, 300, 50)) is None
    part = cropped(image, box=Box(-20, 60, 30, 200))
    assert part is not None
    assert (part[0].width_px, part[0].height_px, part[1]) == (31, 20, (0, 60))


def test_padding_is_black_below_and_to_the_right() -> None:
    padded = pad_to_multiple(np.full((50, 64, 3), 200, np.uint8), multiple_px=32)
    assert padded.shape == (64, 64, 3)
    assert padded[50:].max() == 0
    assert padded[:50].min() == 200


def test_a_tensor_keeps_values_and_channel_order() -> None:
    pixels = noise(5, 4).pixels
    tensor = tensor_of(pixels)
    assert tensor.shape == (1, 3, 4, 5)
    assert tensor.dtype == np.float32
    assert tensor[0, 2, 3, 4] == pixels[3, 4, 2]


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("order", ColourOrder)
@pytest.mark.parametrize("own", ColourOrder)
def test_pixels_are_written_into_a_batch_in_the_order_asked_for(
    own: ColourOrder, order: ColourOrder, channels: int
) -> None:
    image = Image(noise(7, 5).pixels, own)
    batch = np.zeros((2, 5, 7, channels), np.uint8)
    write_pixels(image, batch[1], order=order)
    np.testing.assert_array_equal(batch[1, ..., :3], image.to(order).pixels)
    assert (batch[1, ..., 3:] == 255).all()
    assert not batch[0].any()
