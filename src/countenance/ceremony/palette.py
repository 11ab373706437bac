"""The colours that a screen shows to see them come back from a face.

All of them have nearly one luminance, so that no change is a flash (WCAG 2.3.1: a general flash is
a change of relative luminance by 0.1 or more), and none is a saturated red. A camera's exposure
has no reason to follow either.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray


class Colour(StrEnum):
    """One colour of the full screen; the page paints it in the shade that `SHADES` names."""

    AMBER = "amber"
    GREEN = "green"
    AZURE = "azure"
    VIOLET = "violet"


SHADES: Final[dict[Colour, tuple[int, int, int]]] = {
    Colour.AMBER: (237, 129, 39),
    Colour.GREEN: (63, 182, 63),
    Colour.AZURE: (0, 166, 255),
    Colour.VIOLET: (243, 89, 255),
}
"""Red, green and blue in sRGB, 0..255."""

MAX_LUMINANCE_CHANGE: Final = 0.1
"""Of two relative luminances, from which a change counts towards a flash (WCAG 2.3.1)."""
SATURATED_RED: Final = 0.8
"""Share of red in the linear light from which a colour is a saturated red (WCAG 2.3.1)."""
_LUMINANCE: Final = (0.2126, 0.7152, 0.0722)


def linear(shade: tuple[int, int, int]) -> NDArray[np.float64]:
    """(3,): red, green and blue light of a shade, 0..1 (IEC 61966-2-1)."""
    values = np.array(shade, np.float64) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def luminance(shade: tuple[int, int, int]) -> float:
    """Relative luminance of a shade, 0..1."""
    return float(np.dot(_LUMINANCE, linear(shade)))


def red_share(shade: tuple[int, int, int]) -> float:
    """Share of red in the light of a shade, 0..1."""
    light = linear(shade)
    return float(light[0] / light.sum())


def pull(colour: Colour) -> tuple[float, float]:
    """Where a little light of a colour moves what it falls on.

    Returns: the change of log(red / green) and of log(blue / green), for as much of the light as
        there is light of the room. What the surface reflects does not matter: it changes the
        light of the room and that of the screen alike.
    """
    red, green, blue = linear(SHADES[colour])
    return float(red - green), float(blue - green)
