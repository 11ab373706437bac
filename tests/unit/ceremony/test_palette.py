"""The colours keep what the guidelines on flashes ask for, and the page paints the same ones."""

from __future__ import annotations

import re
from importlib.resources import files
from itertools import permutations

import numpy as np
import pytest

from countenance.ceremony.colour import ColourPolicy
from countenance.ceremony.palette import (
    MAX_LUMINANCE_CHANGE,
    SATURATED_RED,
    SHADES,
    Colour,
    luminance,
    pull,
    red_share,
)

CSS = files("countenance.web").joinpath("static/css/stage.css").read_text(encoding="utf-8")
PAIRS = list(permutations(Colour, 2))


def fade(first: Colour, second: Colour) -> list[tuple[int, int, int]]:
    """What the page shows on the way, as a browser mixes it."""
    ends = np.array(SHADES[first]), np.array(SHADES[second])
    mixed = (ends[0] + share * (ends[1] - ends[0]) for share in np.linspace(0, 1, 41))
    return [(round(r), round(g), round(b)) for r, g, b in (m.tolist() for m in mixed)]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_no_change_of_colour_is_a_flash(first: Colour, second: Colour) -> None:
    levels = [luminance(shade) for shade in fade(first, second)]
    assert max(levels) - min(levels) < MAX_LUMINANCE_CHANGE


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_no_colour_is_a_saturated_red_not_even_on_the_way(first: Colour, second: Colour) -> None:
    assert max(red_share(shade) for shade in fade(first, second)) < SATURATED_RED


def test_were_each_change_half_a_flash_there_would_still_be_fewer_than_three_a_second() -> None:
    assert 1 / ColourPolicy().step_s <= 1.5


def test_the_page_paints_the_shades_of_the_palette() -> None:
    rule = r'\[data-shade="(\w+)"\] \{ background-color: rgb\((\d+) (\d+) (\d+)\)'
    painted = {name: (int(r), int(g), int(b)) for name, r, g, b in re.findall(rule, CSS)}
    assert painted == {colour.value: shade for colour, shade in SHADES.items()}


def test_the_page_fades_as_long_as_the_measurement_believes() -> None:
    fades = re.search(r"transition: background-color (\d+)ms linear", CSS)
    assert fades is not None
    assert int(fades[1]) / 1000 == ColourPolicy().ramp_s


def test_colours_pull_a_face_to_clearly_different_places() -> None:
    for first, second in PAIRS:
        assert np.hypot(*np.subtract(pull(first), pull(second))) > 0.8


def test_words_in_black_can_be_read_on_every_colour() -> None:
    ink = luminance((12, 19, 18))
    for shade in SHADES.values():
        assert (luminance(shade) + 0.05) / (ink + 0.05) >= 4.5
