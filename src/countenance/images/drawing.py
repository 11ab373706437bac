"""Boxes, names and verdicts drawn over a frame, for annotated video and local windows."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.geometry.boxes import Box
from countenance.images.image import ColourOrder, Image

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]

_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX


class Tone(StrEnum):
    """What a drawing says by its colour; words say it too."""

    GOOD = "good"
    BAD = "bad"
    NEUTRAL = "neutral"


_COLOURS: Final[dict[Tone, Colour]] = {
    Tone.GOOD: (75, 122, 11),
    Tone.BAD: (30, 38, 179),
    Tone.NEUTRAL: (95, 98, 85),
}
"""BGR; white text on them reaches a contrast of 4.5:1."""
_WHITE: Final[Colour] = (255, 255, 255)
_BRIGHT: Final[dict[Tone, Colour]] = {
    Tone.GOOD: (120, 200, 60),
    Tone.BAD: (80, 90, 235),
    Tone.NEUTRAL: (190, 190, 185),
}
"""BGR, for bars: on the darkened ground the dark tones would not be seen."""
_EMPTY: Final[Colour] = (60, 60, 60)
_DIMMED: Final = 0.35
"""What is left of the picture's brightness under a panel, so that white text reads on it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One face to be drawn."""

    box: Box
    """Pixels of the frame."""
    tone: Tone
    label: str = ""
    """Drawn over the box; empty for none."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A value as a bar."""

    label: str
    value: float
    """0..1; what lies beyond is drawn as the nearer end."""
    threshold: float | None = None
    """Drawn as a tick across the bar, 0..1; None for none."""
    tone: Tone = Tone.NEUTRAL


@dataclass(frozen=True, slots=True)
class Panel:
    """Read-outs in the top left corner, on darkened ground."""

    lines: tuple[str, ...] = ()
    gauges: tuple[Gauge, ...] = ()
    """Drawn under the lines."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """All that is drawn over one frame."""

    marks: tuple[Mark, ...] = ()
    counter: str = ""
    """Drawn at the top right, such as `6/10`."""
    banner: str = ""
    """Drawn across the bottom: the verdict or what to do."""
    tone: Tone = Tone.NEUTRAL
    """Of counter and banner."""
    panel: Panel | None = None


def draw(image: Image, overlay: Overlay) -> Image:
    """Draw over a copy of the frame; the given one stays as it is.

    Returns: an image of the same size, BGR. Letters that the font lacks lose their accents or
        become `?`.
    """
    pixels = image.to(ColourOrder.BGR).pixels.copy()
    scale = max(0.4, min(pixels.shape[:2]) / 720)
    for mark in overlay.marks:
        _draw_mark(pixels, mark, scale=scale)
    if overlay.panel is not None:
        _draw_panel(pixels, overlay.panel, scale=0.8 * scale)
    if overlay.counter:
        width, height = _text_size(overlay.counter, scale)
        at = (pixels.shape[1] - width - round(24 * scale), height + round(24 * scale))
        _draw_label(pixels, overlay.counter, at=at, tone=overlay.tone, scale=scale)
    if overlay.banner:
        _draw_banner(pixels, overlay.banner, tone=overlay.tone, scale=1.4 * scale)
    return Image(pixels)


def _draw_mark(pixels: Pixels, mark: Mark, *, scale: float) -> None:
    box, thick = mark.box, max(2, round(4 * scale))
    corner = (round(box.x0), round(box.y0))
    cv2.rectangle(pixels, corner, (round(box.x1), round(box.y1)), _COLOURS[mark.tone], thick)
    if not mark.label:
        return
    _, height = _text_size(mark.label, scale)
    above = corner[1] - round(14 * scale)
    below = round(box.y1) + height + round(18 * scale)
    at = (max(0, corner[0]), above if above > height else below)
    _draw_label(pixels, mark.label, at=at, tone=mark.tone, scale=scale)


def _draw_label(
    pixels: Pixels, text: str, *, at: tuple[int, int], tone: Tone, scale: float
) -> None:
    """White text on a filled rectangle; `at` is the left end of the base line."""
    pad = round(8 * scale)
    width, height = _text_size(text, scale)
    top_left = (at[0] - pad, at[1] - height - pad)
    cv2.rectangle(pixels, top_left, (at[0] + width + pad, at[1] + pad), _COLOURS[tone], cv2.FILLED)
    _put_text(pixels, text, at=at, scale=scale)


def _draw_banner(pixels: Pixels, text: str, *, tone: Tone, scale: float) -> None:
    bottom, right = pixels.shape[:2]
    width, height = _text_size(text, scale)
    scale *= min(1.0, 0.94 * right / max(width, 1))
    width, _ = _text_size(text, scale)
    top = bottom - 2 * height - round(8 * scale)
    cv2.rectangle(pixels, (0, top), (right, bottom), _COLOURS[tone], cv2.FILLED)
    _put_text(pixels, text, at=((right - width) // 2, (top + bottom + height) // 2), scale=scale)


def _draw_panel(pixels: Pixels, panel: Panel, *, scale: float) -> None:
    pad, (_, letter) = round(12 * scale), _text_size("A", scale)
    step = 2 * letter + round(2 * scale)
    labels = max((_text_size(gauge.label, scale)[0] for gauge in panel.gauges), default=0)
    bar = round(280 * scale)
    widths = [_text_size(line, scale)[0] for line in panel.lines]
    widths += [labels + pad + bar] if panel.gauges else []
    rows = len(panel.lines) + len(panel.gauges)
    ground = pixels[: 2 * pad + rows * step, : max(widths, default=0) + 2 * pad]
    ground[:] = ground * _DIMMED
    for row, line in enumerate(panel.lines):
        _put_text(pixels, line, at=(pad, pad + row * step + letter), scale=scale)
    for row, gauge in enumerate(panel.gauges, start=len(panel.lines)):
        top = pad + row * step
        _put_text(pixels, gauge.label, at=(pad, top + letter), scale=scale)
        _draw_bar(pixels, gauge, corner=(2 * pad + labels, top), size=(bar, letter))


def _draw_bar(
    pixels: Pixels, gauge: Gauge, *, corner: tuple[int, int], size: tuple[int, int]
) -> None:
    (x, y), (width, height) = corner, size
    filled = x + round(width * min(1.0, max(0.0, gauge.value)))
    cv2.rectangle(pixels, (x, y), (x + width, y + height), _EMPTY, cv2.FILLED)
    if filled > x:
        cv2.rectangle(pixels, (x, y), (filled, y + height), _BRIGHT[gauge.tone], cv2.FILLED)
    cv2.rectangle(pixels, (x, y), (x + width, y + height), _WHITE, 1)
    if gauge.threshold is not None:
        tick, reach = x + round(width * gauge.threshold), max(2, height // 3)
        cv2.line(pixels, (tick, y - reach), (tick, y + height + reach), _WHITE, 2)


def _put_text(pixels: Pixels, text: str, *, at: tuple[int, int], scale: float) -> None:
    cv2.putText(pixels, plain(text), at, _FONT, scale, _WHITE, _thickness(scale), cv2.LINE_AA)


def _text_size(text: str, scale: float) -> tuple[int, int]:
    (width, height), _ = cv2.getTextSize(plain(text), _FONT, scale, _thickness(scale))
    return int(width), int(height)


def _thickness(scale: float) -> int:
    return max(1, round(2 * scale))


def plain(text: str) -> str:
    """The text in the printable ASCII that the drawn font has.

    >>> plain("Zoë Ångström")
    'Zoe Angstrom'
    """
    bare = unicodedata.normalize("NFKD", text)
    kept = (character for character in bare if not unicodedata.combining(character))
    return "".join(c if " " <= c <= "~" else "?" for c in kept)
