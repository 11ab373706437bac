"""The conditions touch the part of the face that they name."""

import numpy as np
import pytest

from countenance.evaluation.degradations import CLEAN, Condition, conditions
from countenance.geometry.landmarks import Landmarks5
from countenance.images.crops import REFERENCE_POINTS
from countenance.images.image import ColourOrder, Image

POINTS = Landmarks5((REFERENCE_POINTS * 2 + 40).astype(np.float32))
EYES, MOUTH, FOREHEAD = (
    (slice(140, 146), slice(114, 188)),
    (224, 152),
    (slice(60, 80), slice(130, 170)),
)


def grey(order: ColourOrder = ColourOrder.BGR) -> Image:
    return Image(np.full((320, 320, 3), 128, np.uint8), order)


def named(name: str) -> list[Condition]:
    return [condition for condition in conditions() if condition.name == name]


def test_the_first_condition_changes_nothing() -> None:
    first = conditions()[0]
    image = grey()
    assert first.name == CLEAN
    assert first.change(image, POINTS) is image
    assert len(named(CLEAN)) == 1


def test_every_condition_and_level_is_named_once() -> None:
    told = [(condition.name, condition.level) for condition in conditions()]
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("name", ["scarf", "face covering", "hand"])
def test_what_covers_the_mouth_leaves_the_forehead(name: str) -> None:
    last = named(name)[-1].change(grey(), POINTS).pixels
    assert (last[MOUTH] != 128).any()
    assert (last[FOREHEAD] == 128).all()


@pytest.mark.parametrize("condition", named("sunglasses"))
def test_glasses_darken_the_eyes_and_leave_the_mouth(condition: Condition) -> None:
    dark = condition.change(grey(), POINTS).pixels
    assert dark[EYES].mean() < 110
    assert (dark[MOUTH] == 128).all()


def test_a_covering_has_its_colour_in_either_order_of_the_channels() -> None:
    blue = named("face covering")[0]
    bgr = blue.change(grey(), POINTS)
    rgb = blue.change(grey(ColourOrder.RGB), POINTS)
    assert (bgr.pixels == rgb.to(ColourOrder.BGR).pixels).all()
    assert bgr.pixels[MOUTH][0] > bgr.pixels[MOUTH][2]


def test_a_far_face_has_so_many_pixels_and_a_small_one_is_not_enlarged() -> None:
    distance = POINTS.inter_eye_distance_px
    for condition in named("small"):
        wanted = int(condition.level.split()[1])
        factor = condition.change(grey(), POINTS).width_px / 320
        assert distance * factor == pytest.approx(wanted, abs=0.5)
    tiny = Landmarks5((REFERENCE_POINTS * 0.1 + 40).astype(np.float32))
    assert all(c.change(grey(), tiny).width_px == 320 for c in named("small"))


def test_the_same_picture_gets_the_same_noise() -> None:
    dim = named("dim")[-1]
    assert (dim.change(grey(), POINTS).pixels == dim.change(grey(), POINTS).pixels).all()
