import numpy as np
import pytest

from countenance.geometry.boxes import Box
from countenance.images.drawing import Gauge, Mark, Overlay, Panel, Tone, draw, plain
from countenance.images.image import ColourOrder, Image

GREY = Image(np.full((240, 320, 3), 128, np.uint8))
FACE = Box(100, 60, 200, 180)


def green(image: Image, x: int, y: int) -> bool:
    blue, green_, red = (int(value) for value in image.pixels[y, x])
    return green_ > blue and green_ > red + 40


def test_a_good_face_gets_a_green_box() -> None:
    drawn = draw(GREY, Overlay((Mark(FACE, Tone.GOOD),)))
    assert green(drawn, 100, 120)
    assert (drawn.pixels[120, 150] == 128).all()


def test_a_bad_face_gets_a_red_box_also_on_an_rgb_frame() -> None:
    drawn = draw(Image(GREY.pixels, ColourOrder.RGB), Overlay((Mark(FACE, Tone.BAD),)))
    blue, _, red = (int(value) for value in drawn.pixels[120, 100])
    assert drawn.order is ColourOrder.BGR
    assert red > blue + 80


def test_the_given_frame_is_not_drawn_upon() -> None:
    before = GREY.pixels.copy()
    draw(GREY, Overlay((Mark(FACE, Tone.GOOD, "ada"),), "6/10", "Authorized", Tone.GOOD))
    assert (GREY.pixels == before).all()


def test_counter_and_banner_change_their_corner_only() -> None:
    counter = draw(GREY, Overlay(counter="6/10"))
    assert (counter.pixels[:60, 200:] != 128).any()
    assert (counter.pixels[80:] == 128).all()
    banner = draw(GREY, Overlay(banner="Authorized: ada", tone=Tone.GOOD))
    assert green(banner, 2, 237)
    assert (banner.pixels[:120] == 128).all()


@pytest.mark.parametrize(
    "box", [Box(-50, -50, 400, 300), Box(-90, -90, -10, -10), Box(0, 0, 5, 5), Box(300, 0, 500, 90)]
)
def test_a_box_may_reach_outside(box: Box) -> None:
    drawn = draw(GREY, Overlay((Mark(box, Tone.BAD, "a very long name " * 9),), banner="x" * 300))
    assert drawn.pixels.shape == GREY.pixels.shape


def test_letters_that_the_font_lacks_are_replaced() -> None:
    assert plain("Zoë 李") == "Zoe ?"


def test_read_outs_stand_on_darkened_ground_in_their_corner() -> None:
    panel = Panel(("frame 12  0.40 s",), (Gauge("live", 0.9, 0.5, Tone.GOOD),))
    drawn = draw(GREY, Overlay(panel=panel)).pixels
    assert drawn[2, 2].max() < 60
    assert (drawn[80:] == 128).all()
    assert (drawn[:, 250:] == 128).all()


@pytest.mark.parametrize(("value", "share"), [(-1.0, 0.0), (0.0, 0.0), (0.5, 0.5), (3.0, 1.0)])
def test_a_bar_is_filled_by_its_value(value: float, share: float) -> None:
    """Seen as the green that a full bar has more of."""

    def greens(shown: float) -> int:
        panel = Panel((), (Gauge("live", shown, None, Tone.GOOD),))
        pixels = draw(GREY, Overlay(panel=panel)).pixels.astype(int)
        return int((pixels[:, :, 1] > pixels[:, :, 2] + 60).sum())

    assert greens(value) == pytest.approx(share * greens(1.0), abs=0.1 * greens(1.0))
