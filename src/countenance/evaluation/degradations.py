"""The conditions under which matching is measured, each a change to a clean photograph.

All of them are synthetic. They keep everything but the one thing that is varied, which real
captures never do; that is their use and their limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.geometry.landmarks import LEFT_EYE, Landmarks5
from countenance.geometry.similarity import estimate_similarity
from countenance.images.conditions import (
    Points,
    Shape,
    covered,
    darkened,
    median_colour,
    motion_blurred,
)
from countenance.images.crops import REFERENCE_POINTS, resized
from countenance.images.image import ColourOrder, Image

CLEAN: Final = "clean"
"""Name of the condition that changes nothing."""
Change = Callable[[Image, Landmarks5], Image]
"""Takes the picture and the points of its face, returns another picture."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition at one level."""

    name: str
    """Such as `dim`."""
    level: str
    """Such as `1/8 of the light`; empty where there is but one."""
    change: Change


def conditions() -> tuple[Condition, ...]:
    """All conditions, the unchanged picture first, each from mild to hard."""
    return (
        Condition(CLEAN, "", lambda image, _points: image),
        *(Condition("dim", f"1/{part} of the light", partial(_dim, part=part)) for part in _PARTS),
        *(Condition("small", f"eyes {px} px apart", partial(_far, px=px)) for px in _EYES_PX),
        *(
            Condition("motion blur", f"{share:.0%} of eye distance", partial(_move, share=share))
            for share in _SMEARS
        ),
        Condition("sunglasses", "tinted, half of the light", partial(_glasses, opacity=0.5)),
        Condition("sunglasses", "dark", partial(_glasses, opacity=0.97)),
        Condition("hand", "over one cheek", partial(_hand, at=_CHEEK)),
        Condition("hand", "over the mouth", partial(_hand, at=_MOUTH)),
        Condition("scarf", "over the mouth", partial(_scarf, top=80.0)),
        Condition("scarf", "over mouth and nose", partial(_scarf, top=60.0)),
        Condition("face covering", "light blue", partial(_covering, rgb=(150.0, 190.0, 215.0))),
        Condition("face covering", "black", partial(_covering, rgb=(28.0, 28.0, 32.0))),
    )


_PARTS: Final = (4, 8, 16, 32)
_EYES_PX: Final = (32, 24, 20, 16, 12, 8)
_SMEARS: Final = (0.1, 0.2, 0.3, 0.4)

# Places on an aligned face of 112 pixels: eyes at (38, 52) and (74, 52), mouth at (56, 92).
_CHEEK: Final = ((84.0, 66.0), (84.0, 106.0))
_MOUTH: Final = ((36.0, 96.0), (78.0, 96.0))
_MASK: Final = (
    (56, 63), (74, 69), (97, 66), (95, 93), (82, 113),
    (56, 121), (30, 113), (17, 93), (15, 66), (38, 69),
)  # fmt: skip
_FOLDS: Final = (80.0, 92.0, 104.0)


def _dim(image: Image, points: Landmarks5, *, part: int) -> Image:
    # The noise is that of the picture, not the same grain in every one.
    seed = int(abs(float(points.points.sum())) * 1000)
    return darkened(image, light=1 / part, seed=seed)


def _far(image: Image, points: Landmarks5, *, px: int) -> Image:
    """Shrink, never enlarge: a face that is already so small stays as it is."""
    return resized(image, factor=min(1.0, px / max(1e-6, points.inter_eye_distance_px)))[0]


def _move(image: Image, points: Landmarks5, *, share: float) -> Image:
    # Heads move sideways more than up and down; neither axis of the pixels.
    return motion_blurred(image, length_px=share * points.inter_eye_distance_px, angle_deg=20.0)


def _glasses(image: Image, points: Landmarks5, *, opacity: float) -> Image:
    dark = (18.0, 18.0, 18.0)
    place = _placer(points)
    lenses = [_ellipse(eye, (16.0, 11.5)) for eye in ((38.0, 53.0), (74.0, 53.0))]
    shapes = [Shape(place(lens), dark, opacity) for lens in lenses]
    for ends in (((50, 50), (62, 50)), ((22, 50), (8, 48)), ((90, 50), (104, 48))):
        line = place(np.array(ends, np.float32))
        shapes.append(Shape(line, dark, 1.0, width_px=2.5 * _scale(points)))
    return covered(image, shapes)


def _hand(image: Image, points: Landmarks5, *, at: tuple[tuple[float, float], ...]) -> Image:
    """Four fingers side by side along a line, in the colour of the face."""
    place, scale = _placer(points), _scale(points)
    eyes = points.points[: LEFT_EYE + 1]
    cheek = (eyes.mean(axis=0) + points.points[3:].mean(axis=0)) / 2
    skin = median_colour(image, centre=cheek, radius_px=10 * scale)
    (x0, y0), (x1, y1) = at
    across = np.array([y1 - y0, x1 - x0]) / max(abs(x1 - x0), abs(y1 - y0))
    shapes = []
    for finger in range(4):
        aside = (finger - 1.5) * 9.5 * across
        line = place(np.array([[x0, y0], [x1, y1]], np.float32) + aside.astype(np.float32))
        for width, shade in ((11.0, 0.55), (9.0, 0.8), (5.0, 0.95)):
            colour = (skin[0] * shade, skin[1] * shade, skin[2] * shade)
            shapes.append(Shape(line, colour, 1.0, width_px=width * scale))
    return covered(image, shapes)


def _scarf(image: Image, points: Landmarks5, *, top: float) -> Image:
    band = np.array([(-40, top), (152, top), (152, 170), (-40, 170)], np.float32)
    return covered(image, [Shape(_placer(points)(band), _in_order((92.0, 60.0, 58.0), image))])


def _covering(image: Image, points: Landmarks5, *, rgb: tuple[float, float, float]) -> Image:
    """The covering that operators wear: from the bridge of the nose to below the chin."""
    place, scale = _placer(points), _scale(points)
    cloth = _in_order(rgb, image)
    fold = (cloth[0] * 0.85, cloth[1] * 0.85, cloth[2] * 0.85)
    shapes = [Shape(place(np.array(_MASK, np.float32)), cloth)]
    for end in ((15, 66), (97, 66), (30, 113), (82, 113)):
        away = np.array([end, (end[0] + (14 if end[0] > 56 else -14), end[1] - 8)], np.float32)
        shapes.append(Shape(place(away), cloth, 0.9, width_px=1.5 * scale))
    for y in _FOLDS:
        line = place(np.array([(26, y), (56, y + 4), (86, y)], np.float32))
        shapes += [Shape(part, fold, 0.8, width_px=1.5 * scale) for part in (line[:2], line[1:])]
    return covered(image, shapes)


def _in_order(rgb: tuple[float, float, float], image: Image) -> tuple[float, float, float]:
    red, green, blue = rgb
    return rgb if image.order is ColourOrder.RGB else (blue, green, red)


def _ellipse(centre: tuple[float, float], radii: tuple[float, float]) -> Points:
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    return np.asarray(circle * radii + centre, np.float32)


def _to_image(points: Landmarks5) -> NDArray[np.float64]:
    """(2, 3) from the aligned face of 112 pixels to the picture."""
    return estimate_similarity(REFERENCE_POINTS, target=points.points)


def _scale(points: Landmarks5) -> float:
    """Pixels of the picture for one of the aligned face."""
    return float(np.hypot(*_to_image(points)[:, 0]))


def _placer(points: Landmarks5) -> Callable[[Points], Points]:
    matrix = _to_image(points)
    return lambda outline: np.asarray(outline @ matrix[:, :2].T + matrix[:, 2], np.float32)
