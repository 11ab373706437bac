"""Black bars beside or above a picture: what fitting one shape into another leaves behind."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.images.image import Image

_BLACK: Final = 12
"""Highest grey level of a bar; compression lifts pure black by a few levels, sensor noise more."""
_LEAST_SHARE: Final = 0.4
"""A picture keeps at least this share of each side, so that a dark room is never cut to a face."""


def without_bars(image: Image) -> Image:
    """Cut off bars that are black from edge to edge, left and right or above and below.

    A portrait picture in a landscape frame has them, and they say nothing about the presentation;
    a detector that looks at the whole frame would take them for the border of a screen. Only bars
    on both sides and of like width are cut: a dark wall on one side is part of the scene.

    Args:
        image: any size.

    Returns: a view of the picture inside its bars; `image` itself when there are none.
    """
    left, top, right, bottom = inside_bars(image)
    if (right - left, bottom - top) == (image.width_px, image.height_px):
        return image
    return Image(image.pixels[top:bottom, left:right], image.order)


def inside_bars(image: Image) -> tuple[int, int, int, int]:
    """Where the picture inside its bars lies: left, top, right, bottom in pixels of `image`."""
    pixels, everything = image.pixels, (0, 0, image.width_px, image.height_px)
    is_dark_above = pixels[:2].max() <= _BLACK
    is_dark_beside = pixels[:, :2].max() <= _BLACK
    if not is_dark_above and not is_dark_beside:
        return everything
    # Every fourth pixel along a bar tells as much as all of them.
    rows = _inside(pixels[:, ::4].max(axis=(1, 2))) if is_dark_above else None
    columns = _inside(pixels[::4].max(axis=(0, 2))) if is_dark_beside else None
    top, bottom = rows or (0, image.height_px)
    left, right = columns or (0, image.width_px)
    return left, top, right, bottom


def _inside(brightest: NDArray[np.uint8]) -> tuple[int, int] | None:
    """First and last line that is not black; None when no bars lie on both sides alike."""
    lit = np.flatnonzero(brightest > _BLACK)
    if lit.size == 0:
        return None
    before, after = int(lit[0]), int(len(brightest) - 1 - lit[-1])
    is_alike = abs(before - after) <= max(4, 0.02 * len(brightest))
    if min(before, after) < 2 or not is_alike:
        return None
    first, last = before, len(brightest) - after
    return (first, last) if last - first >= _LEAST_SHARE * len(brightest) else None
