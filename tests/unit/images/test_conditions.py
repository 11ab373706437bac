"""Worse conditions change what they name and leave the rest as it was."""

import numpy as np
import pytest

from countenance.images.conditions import (
    Shape,
    covered,
    darkened,
    median_colour,
    motion_blurred,
)
from countenance.images.image import ColourOrder, Image


def plain(value: int = 200, *, side: int = 60) -> Image:
    return Image(np.full((side, side, 3), value, np.uint8))


def square(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)


@pytest.mark.parametrize(("light", "expected"), [(1.0, 200), (0.25, 106), (1 / 16, 57)])
def test_light_is_taken_from_the_linear_signal(light: float, expected: int) -> None:
    # 200 * light ** (1 / 2.2): gamma hides most of the loss, as it does in a camera.
    dim = darkened(plain(), light=light, seed=1)
    assert dim.pixels.mean() == pytest.approx(expected, abs=1.5)


def test_the_darker_the_picture_the_larger_its_noise_beside_its_signal() -> None:
    shares = [
        float(dim.pixels.std() / dim.pixels.mean())
        for dim in (darkened(plain(), light=light, seed=1) for light in (1, 1 / 8, 1 / 64))
    ]
    assert shares == sorted(shares)
    assert shares[0] > 0


def test_noise_is_decided_by_its_seed() -> None:
    first, again, other = (darkened(plain(), light=0.1, seed=seed).pixels for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_motion_smears_along_its_way_and_keeps_the_light() -> None:
    pixels = np.zeros((61, 61, 3), np.uint8)
    pixels[28:33, 30] = 250
    blurred = motion_blurred(Image(pixels), length_px=9, angle_deg=0).pixels
    assert abs(np.count_nonzero(blurred[30, :, 0]) - 9) <= 2
    assert abs(np.count_nonzero(blurred[:, 30, 0]) - 5) <= 2
    assert blurred.mean() == pytest.approx(pixels.mean(), rel=0.1)


@pytest.mark.parametrize("length_px", [0.0, 0.4, 1.0])
def test_a_movement_below_a_pixel_changes_nothing(length_px: float) -> None:
    image = plain()
    assert motion_blurred(image, length_px=length_px, angle_deg=45) is image


def test_shapes_cover_their_area_and_leave_the_rest() -> None:
    image = plain()
    dark = covered(image, [Shape(square(20, 20, 40, 40), (10, 20, 30))])
    assert dark.pixels[30, 30].tolist() == [10, 20, 30]
    assert dark.pixels[5, 5].tolist() == [200, 200, 200]
    assert (image.pixels == 200).all()


def test_a_tint_lets_part_of_the_picture_through() -> None:
    tinted = covered(plain(200), [Shape(square(10, 10, 50, 50), (0, 0, 0), 0.5)])
    assert tinted.pixels[30, 30].tolist() == [100, 100, 100]


def test_a_line_has_its_width() -> None:
    ends = np.array([(10, 30), (50, 30)], np.float32)
    line = covered(plain(0), [Shape(ends, (255, 255, 255), width_px=9)])
    assert np.count_nonzero(line.pixels[:, 30, 0] > 127) == pytest.approx(9, abs=2)


def test_what_lies_outside_the_picture_is_left_out() -> None:
    outside = covered(plain(), [Shape(square(-500, -500, -400, -400), (0, 0, 0))])
    assert (outside.pixels == 200).all()
    here = median_colour(plain(), centre=np.array([-90, 500], np.float32), radius_px=5)
    assert here == (0.0, 0.0, 0.0)


def test_the_median_colour_ignores_a_speck_and_keeps_the_colour_order() -> None:
    pixels = np.full((40, 40, 3), (10, 20, 30), np.uint8)
    pixels[20, 20] = 255
    image = Image(pixels, ColourOrder.RGB)
    colour = median_colour(image, centre=np.array([20, 20], np.float32), radius_px=3)
    assert colour == (10.0, 20.0, 30.0)
