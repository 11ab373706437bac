from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from countenance.geometry.boxes import Box
from countenance.images.codec import FILE_LIMITS, decode_image, encode_jpeg
from countenance.images.image import ColourOrder, Image
from countenance.images.quality import frame_fingerprint, is_same_picture, measure
from tests.fixtures.portraits import Person

FACE = Box(30, 20, 130, 140)


def textured(level: int = 128) -> NDArray[np.uint8]:
    rng = np.random.default_rng(5)
    picture = level + 8 * cv2.GaussianBlur(rng.normal(0, 50, (160, 160, 3)), (0, 0), 2)
    return np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)


def test_a_darker_picture_measures_darker_and_a_blurred_one_less_sharp() -> None:
    plain = measure(Image(textured()), face=FACE)
    dark = measure(Image(np.asarray(textured() // 4, dtype=np.uint8)), face=FACE)
    soft = np.asarray(cv2.GaussianBlur(textured(), (0, 0), 5), np.uint8)
    assert dark.luminance_mean == pytest.approx(plain.luminance_mean / 4, rel=0.05)
    assert measure(Image(soft), face=FACE).sharpness < 0.6 * plain.sharpness


def test_colour_order_does_not_change_the_measures() -> None:
    image = Image(textured())
    assert measure(image.to(ColourOrder.RGB), face=FACE) == measure(image, face=FACE)


def test_light_behind_the_face_raises_the_background_ratio() -> None:
    pixels = np.full((160, 160, 3), 250, np.uint8)
    pixels[20:140, 30:130] = 40
    assert measure(Image(pixels), face=FACE).background_ratio > 3


def test_measures_are_those_of_grey_values_between_black_and_white() -> None:
    image = Image(textured(level=200))
    grown = FACE.grown(0.8)
    part = image.pixels[int(grown.y0) : int(grown.y1), int(grown.x0) : int(grown.x1)]
    small = cv2.resize(part, (96, 96), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY) / 255
    found = measure(image, face=FACE)
    assert found.luminance_mean == pytest.approx(grey.mean(), abs=1e-9)
    assert found.luminance_deviation == pytest.approx(grey.std(), abs=1e-9)
    assert found.under_exposed_share == (grey < 0.1).mean()
    assert found.over_exposed_share == (grey > 0.97).mean() > 0
    detail = cv2.Laplacian(grey, cv2.CV_64F)
    assert found.sharpness == pytest.approx(detail.std() / grey.std(), abs=1e-9)


def test_a_face_outside_the_picture_measures_as_black() -> None:
    quality = measure(Image(textured()), face=Box(500, 500, 600, 600))
    assert (quality.luminance_mean, quality.sharpness) == (0, 0)


def test_a_frozen_picture_is_the_same_and_a_noisy_camera_is_not(
    portraits: dict[Person, NDArray[np.uint8]],
) -> None:
    still = portraits[Person.COLLINS]
    rng = np.random.default_rng(7)

    def frame(noise_levels: float) -> Image:
        noisy = still + rng.normal(0, noise_levels, still.shape)
        data = encode_jpeg(Image(np.clip(noisy, 0, 255).astype(np.uint8)), quality=85)
        return decode_image(data, limits=FILE_LIMITS)

    frozen = [frame_fingerprint(frame(0.0)) for _ in range(2)]
    living = [frame_fingerprint(frame(1.5)) for _ in range(2)]
    assert is_same_picture(*frozen)
    assert not is_same_picture(*living)


def test_pictures_of_other_shape_are_never_the_same() -> None:
    assert not is_same_picture(np.zeros((96, 128), np.uint8), np.zeros((96, 127), np.uint8))
