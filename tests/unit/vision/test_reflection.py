"""The light of a face: what it tells, and what it leaves out."""

from __future__ import annotations

import numpy as np
import pytest

from countenance.ceremony.colour_answer import FaceLight
from countenance.ceremony.palette import SHADES, Colour, linear, pull
from countenance.geometry.boxes import Box
from countenance.images.image import ColourOrder, Image
from countenance.vision.reflection import face_light
from tests.harness.reflections import Camera, Room, person_reach

FACE = Box(250, 140, 390, 320)
SKIN = (96, 118, 168)
WALL = (120, 120, 120)


def portrait(skin: tuple[int, int, int] = SKIN) -> np.ndarray:
    """(480, 640, 3) BGR: an oval of skin, brighter above, before a grey wall.

    Without the shading whole blocks of a JPEG would be rounded alike.
    """
    y, x = np.mgrid[:480, :640]
    inside = ((x - 320) / 90) ** 2 + ((y - 230) / 115) ** 2 <= 1
    shaded = np.array(skin) * (1.25 - 0.5 * y / 480)[..., None]
    return np.where(inside[..., None], shaded, WALL).astype(np.uint8)


def seen(pixels: np.ndarray) -> FaceLight:
    found = face_light(Image(pixels), face=FACE)
    assert found is not None
    assert found.background is not None
    return found


def moved(skin: tuple[int, int, int], colour: Colour, *, strength: float) -> np.ndarray:
    """How a colour moves the light of a face, less that of the wall."""
    frame, found = portrait(skin), []
    reach = person_reach(frame.shape, np.array([320.0, 230.0]), 180.0, behind=0.0)
    room = Room(strength=strength, balance=0.0, exposure_s=1e9, noise=2.5)
    for light in (np.zeros(3), linear(SHADES[colour])):
        camera = Camera(room)
        measured = seen(camera.shoot(frame, reach, light, dt_s=0.1))
        found.append(np.subtract(measured.face, measured.background))
    return np.asarray(found[1] - found[0])


@pytest.mark.parametrize("colour", Colour)
@pytest.mark.parametrize("skin", [SKIN, (40, 54, 82), (150, 172, 214)], ids=["mid", "dark", "fair"])
def test_a_little_light_moves_any_skin_to_where_the_palette_says(
    skin: tuple[int, int, int], colour: Colour
) -> None:
    change = moved(skin, colour, strength=0.1)
    assert change == pytest.approx(0.1 * np.array(pull(colour)), abs=0.025)


def test_exposure_and_white_balance_leave_the_difference_of_face_and_wall() -> None:
    frame = portrait().astype(np.float64) / 255
    gains = np.array([0.9, 0.8, 0.7])
    changed = np.clip(255 * (frame**2.2 * gains) ** (1 / 2.2), 0, 255).astype(np.uint8)
    before, after = seen(portrait()), seen(changed)
    assert abs(after.face[0] - before.face[0]) > 0.05
    one = np.subtract(before.face, before.background)
    two = np.subtract(after.face, after.background)
    assert one == pytest.approx(two, abs=0.03)


def test_both_orders_of_colour_say_the_same() -> None:
    turned = Image(np.ascontiguousarray(portrait()[:, :, ::-1]), ColourOrder.RGB)
    found = face_light(turned, face=FACE)
    assert found is not None
    assert found.face == pytest.approx(seen(portrait()).face)


def test_a_face_that_is_black_or_overexposed_tells_nothing() -> None:
    for level in (2, 254):
        flat = np.full((480, 640, 3), level, np.uint8)
        assert face_light(Image(flat), face=FACE) is None


def test_a_window_behind_is_left_out() -> None:
    frame = portrait()
    bright = frame.copy()
    bright[:300, :150] = 255
    assert seen(bright).background == pytest.approx(seen(frame).background, abs=0.01)


def test_a_face_that_fills_the_frame_has_no_background() -> None:
    found = face_light(Image(portrait()), face=Box(40, -60, 600, 560))
    assert found is not None
    assert found.background is None
