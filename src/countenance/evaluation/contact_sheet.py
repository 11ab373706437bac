"""Small pictures of the cases that went worst, to see why."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from countenance.geometry.boxes import Box
from countenance.images.codec import encode_jpeg
from countenance.images.crops import cropped, resized
from countenance.images.image import Image

_SIDE_PX: Final = 160
_MARGIN: Final = 1.5
"""Around the box of a face, so that hair and light can be seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One case."""

    pictures: tuple[str, ...]
    """Each of `thumbnail`; one, or the two of a comparison."""
    title: str
    """Plain text, such as the score."""
    names: tuple[str, ...]
    """Plain text: which files."""
    is_wrong: bool
    """Whether the case counts as an error; it is said by colour and by `title`."""


def thumbnail(image: Image, *, face: Box) -> str:
    """A face, cut out and small, as a data URI.

    Args:
        image: the whole picture.
        face: pixels of `image`.
    """
    side = max(face.width_px, face.height_px)
    x, y = face.centre
    square = Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2).grown(_MARGIN)
    part = cropped(image, box=square)
    whole = image if part is None else part[0]
    small, _ = resized(whole, factor=_SIDE_PX / max(whole.width_px, whole.height_px))
    return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(small, quality=85)).decode()


def contact_sheet(tiles: Iterable[Tile]) -> str:
    """The tiles as an element of a page."""
    return f'<div class="tiles">{"".join(_figure(tile) for tile in tiles)}</div>'


def _figure(tile: Tile) -> str:
    pictures = "".join(_picture(*pair) for pair in zip(tile.pictures, tile.names, strict=True))
    kind = ' class="wrong"' if tile.is_wrong else ""
    return (
        f"<figure{kind}>{pictures}<figcaption><b>{escape(tile.title)}</b><br>"
        f"{_lines(tile.names)}</figcaption></figure>"
    )


def _picture(source: str, name: str) -> str:
    return f'<img src="{source}" alt="{escape(name)}" width="{_SIDE_PX}" height="{_SIDE_PX}">'


def _lines(names: Sequence[str]) -> str:
    return "<br>".join(escape(name) for name in names)
