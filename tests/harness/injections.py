"""What stands in a camera's place: a film, a tape, somebody else halfway."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np

from countenance.images.codec import encode_jpeg
from countenance.images.image import Image
from tests.harness.performers import Footage, Frame, Performer, noisy

QUALITY: Final = 90
"""JPEG quality of the page's frames."""


@dataclass(slots=True)
class Unmoved:
    """Whoever is before the camera and hears no prompt."""

    performer: Performer

    def frame(self, prompt: str | None, *, at_s: float) -> Frame | bytes:
        del prompt
        return self.performer.frame(None, at_s=at_s)


@dataclass(slots=True)
class EncodedAnew:
    """Frames that were compressed hard once before, with noise upon that."""

    performer: Performer
    quality: int = 55
    seed: int = 0
    _count: int = 0

    def frame(self, prompt: str | None, *, at_s: float) -> Frame | bytes:
        self._count += 1
        shown = pixels_of(self.performer.frame(prompt, at_s=at_s))
        again = pixels_of(encode_jpeg(Image(shown), quality=self.quality))
        return noisy(again, seed=(self.seed, self._count))


@dataclass(slots=True)
class Played:
    """A recording from its beginning, in its own time; at its end it begins again."""

    footage: Footage
    seed: int = 0
    fps: float = 30.0
    _count: int = 0

    def frame(self, prompt: str | None, *, at_s: float) -> Frame | bytes:
        del prompt
        self._count += 1
        shown = self.footage.frames[int(at_s * self.fps) % len(self.footage.frames)]
        return noisy(shown, seed=(self.seed, self._count))


@dataclass(slots=True)
class Relay:
    """One performer, and another one in their place from a moment on."""

    first: Performer
    second: Performer
    after_s: float

    def frame(self, prompt: str | None, *, at_s: float) -> Frame | bytes:
        now = self.first if at_s < self.after_s else self.second
        return now.frame(prompt, at_s=at_s)


@dataclass(slots=True)
class Taped:
    """A performer whose frames are recorded on their way."""

    performer: Performer
    tape: list[tuple[float, bytes]] = field(default_factory=list)
    """When, in seconds, and what."""

    def frame(self, prompt: str | None, *, at_s: float) -> Frame | bytes:
        sent = self.performer.frame(prompt, at_s=at_s)
        image = sent if isinstance(sent, bytes) else encode_jpeg(Image(sent), quality=QUALITY)
        self.tape.append((at_s, image))
        return image


@dataclass(slots=True)
class Resent:
    """The frames of a tape in the order and at the times of the recording."""

    tape: list[tuple[float, bytes]]
    _next: int = 0

    def frame(self, prompt: str | None, *, at_s: float) -> Frame | bytes:
        del prompt
        # Never one twice in a row: a frame that repeats itself says nothing.
        while self._next + 1 < len(self.tape) and self.tape[self._next + 1][0] <= at_s:
            self._next += 1
        image = self.tape[min(self._next, len(self.tape) - 1)][1]
        self._next += 1
        return image


def pixels_of(frame: Frame | bytes) -> Frame:
    """A frame as pixels, (height, width, 3) uint8 BGR."""
    if not isinstance(frame, bytes):
        return frame
    return np.asarray(cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_COLOR), np.uint8)
