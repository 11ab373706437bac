"""A simulated screen that lights a recorded face, and a simulated camera that sees it.

The frames are real, the light is not: each pixel's linear light is multiplied by one and as much
of the screen's light as there would be of the room's. That is right for matt surfaces in a room
with one neutral light; gloss, shadows and coloured lamps are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.ceremony.palette import SHADES, Colour, linear
from tests.harness.performers import Frame, Performer

Values = NDArray[np.float64]
PAGE: Final = linear((246, 247, 245))
"""Light of the page before and after the colours."""
BOX: Final = 0.78
"""Width over height of a face's box."""
_LEVELS: Final = 4095
_TO_LIGHT: Final = np.where(
    np.arange(256) <= 10,
    np.arange(256) / 255 / 12.92,
    ((np.arange(256) / 255 + 0.055) / 1.055) ** 2.4,
).astype(np.float32)
_light = np.arange(_LEVELS + 1) / _LEVELS
_TO_LEVEL: Final = (
    255 * np.where(_light <= 0.0031308, 12.92 * _light, 1.055 * _light ** (1 / 2.4) - 0.055)
).astype(np.float32)


@dataclass(slots=True)
class Screen:
    """Fades to each colour that it is told, a moment later."""

    lag_s: float = 0.15
    ramp_s: float = 0.2
    _told: list[tuple[float, Values]] = field(default_factory=lambda: [(-1e9, PAGE)])

    def show(self, colour: str | None, *, at_s: float) -> None:
        """Be told a colour, or none, which is the page; the same again changes nothing."""
        light = linear(SHADES[Colour(colour)]) if colour else PAGE
        if not np.array_equal(light, self._told[-1][1]):
            self._told.append((at_s, light))

    def light(self, at_s: float) -> Values:
        """(3,): red, green and blue light that a camera gathers at that time."""
        now = self._told[0][1]
        for told_s, light in self._told[1:]:
            share = float(np.clip((at_s - told_s - self.lag_s) / self.ramp_s, 0.0, 1.0))
            now = now + share * (light - now)
        return now


@dataclass(frozen=True, slots=True)
class Room:
    """Light and camera."""

    strength: float = 0.3
    """Light of a white screen over that of the room, on the face."""
    behind: float = 0.1
    """The same behind the face, as a share of `strength`: three times as far away."""
    balance: float = 0.8
    """How much of a colour cast automatic white balance takes away in the end, 0..1."""
    balance_s: float = 2.0
    """Its time constant."""
    exposure_s: float = 0.4
    """Time constant of automatic exposure."""
    noise: float = 1.5
    """Deviation of a level, 0..255."""
    jpeg: int = 80
    """Quality of the camera's own compression; the browser's comes on top."""


@dataclass(slots=True)
class Camera:
    """Adapts to what it sees, as webcams do."""

    room: Room
    seed: int = 0
    _gains: NDArray[np.float32] = field(default_factory=lambda: np.ones(3, np.float32))
    _aim: NDArray[np.float32] | None = None
    _number: int = 0

    def shoot(
        self, frame: Frame, reach: NDArray[np.float32], light: Values, *, dt_s: float
    ) -> Frame:
        """One picture.

        Args:
            frame: (h, w, 3) BGR, in the light of the room.
            reach: (h, w), 0..1: how much of the screen's light falls where.
            light: (3,) of the screen, red first.
            dt_s: since the picture before.
        """
        room = self.room
        screen = (room.strength * light[::-1]).astype(np.float32)
        seen = _TO_LIGHT[frame] * (1 + reach[:, :, None] * screen)
        mean = seen.reshape(-1, 3).mean(axis=0)
        if self._aim is None:
            self._aim = mean
        self._adapt(mean, dt_s)
        levels = np.clip(seen * self._gains * _LEVELS, 0, _LEVELS).astype(np.int16)
        rng = np.random.default_rng((self.seed, self._number))
        self._number += 1
        noisy = _TO_LEVEL[levels] + room.noise * rng.standard_normal(frame.shape, np.float32)
        return _coded(np.clip(np.rint(noisy), 0, 255).astype(np.uint8), quality=room.jpeg)

    def _adapt(self, mean: NDArray[np.float32], dt_s: float) -> None:
        """Exposure follows the mean of all, white balance the mean of each channel (grey world)."""
        room, aim = self.room, self._aim
        exposure = float(np.mean(aim) / np.mean(mean))
        cast = (aim / mean / exposure) ** room.balance
        wanted = exposure * cast
        now = float(np.mean(self._gains))
        level = now + (exposure - now) * (1 - np.exp(-dt_s / room.exposure_s))
        colour = self._gains / now
        colour = colour + (wanted / exposure - colour) * (1 - np.exp(-dt_s / room.balance_s))
        self._gains = (level * colour).astype(np.float32)


def _coded(pixels: Frame, *, quality: int) -> Frame:
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)


def person_reach(
    shape: tuple[int, ...], centre: Values, height: float, *, behind: float
) -> NDArray[np.float32]:
    """Where the light of a screen falls: face, neck and shoulders, and a little of it behind."""
    mask = np.zeros(shape[:2], np.float32)
    x, y = (float(value) for value in centre)
    body = ((x, y + 1.5 * height), (2.4 * height, 2.0 * height), 0.0)
    head = ((x, y), (1.05 * BOX * height, 1.25 * height), 0.0)
    cv2.ellipse(mask, body, 0.6, -1)
    cv2.ellipse(mask, head, 1.0, -1)
    soft = cv2.GaussianBlur(mask, (0, 0), max(1.0, 0.06 * height))
    return np.maximum(soft, behind).astype(np.float32)


def paper_reach(
    shape: tuple[int, ...], centre: Values, height: float, *, behind: float, size: float
) -> NDArray[np.float32]:
    """A sheet of paper, `size` face heights high, held where the face is."""
    mask = np.full(shape[:2], behind, np.float32)
    x, y = (float(value) for value in centre)
    half_w, half_h = 0.5 * 0.8 * size * height, 0.5 * size * height
    corners = (round(x - half_w), round(y - half_h)), (round(x + half_w), round(y + half_h))
    cv2.rectangle(mask, *corners, 1.0, -1)
    return mask


@dataclass(slots=True)
class Lit:
    """A performer before a screen that shows what the page is told to show."""

    performer: Performer
    face: Callable[[], tuple[Values, float]]
    """Middle and height of the face on the frame that the performer gave last, pixels."""
    room: Room
    screen: Screen = field(default_factory=Screen)
    seed: int = 0
    """Of the camera's noise."""
    camera: Camera = field(init=False)
    _last_s: float = 0.0

    def __post_init__(self) -> None:
        self.camera = Camera(self.room, self.seed)

    def show(self, colour: str | None, *, at_s: float) -> None:
        """The page has been told that colour."""
        self.screen.show(colour, at_s=at_s)

    def frame(self, prompt: str | None, *, at_s: float) -> Frame:
        picture = self.performer.frame(prompt, at_s=at_s)
        reach = person_reach(picture.shape, *self.face(), behind=self.room.behind)
        dt_s, self._last_s = at_s - self._last_s, at_s
        return self.camera.shoot(picture, reach, self.screen.light(at_s), dt_s=dt_s)
