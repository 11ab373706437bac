"""The frames that are measured: a clip as a webcam would show it, or a portrait that moves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.bench.login_frame import own_frame
from countenance.geometry.boxes import Box
from countenance.images.codec import CAPTURE_LIMITS, decode_image
from countenance.images.image import ColourOrder, Image
from countenance.images.quality import frame_fingerprint, is_same_picture
from countenance.images.video import open_video
from countenance.images.views import cut, stretch

WIDTH_PX: Final = 640
HEIGHT_PX: Final = 480
_SWAY_PX: Final = 6.0
_NOISE: Final = 2
"""Grey levels by which a camera's pixels differ from one picture to the next."""


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """Consecutive frames, none a repeat of the one before."""

    name: str
    pixels: NDArray[np.uint8]
    """(n, 480, 640, 3) uint8 BGR."""
    fps: float

    def frame(self, index: int) -> Image:
        """A copy, which lies in memory as a frame does that was just decoded."""
        return Image(self.pixels[index].copy())

    def __len__(self) -> int:
        return len(self.pixels)


def read_footage(path: Path, *, limit: int) -> Footage:
    """The first frames of a video, cut and scaled to 640 x 480.

    A recording may hold a picture twice; a camera never does, and the engine skips repeats, so
    they are left out: no frame is cheap for that reason.

    Args:
        path: a video file.
        limit: most frames to take.

    Raises: ImageError: it is no video that can be decoded.
    """
    with open_video(path) as reader:
        pictures = (frame.image for frame in reader.frames())
        kept = list(islice(_changing(map(as_webcam, pictures)), limit))
        return Footage(path.name, np.stack([image.pixels for image in kept]), reader.fps)


def own_footage(*, frames: int) -> Footage:
    """The portrait of `own_frame`, swaying a little before a noisy camera."""
    data, shown = own_frame()
    portrait = decode_image(data, limits=CAPTURE_LIMITS).pixels.astype(np.int16)
    rng = np.random.default_rng(0)
    moved = []
    for index in range(frames):
        shift = (round(_SWAY_PX * np.sin(index / 7)), round(_SWAY_PX * np.cos(index / 5)))
        noise = rng.integers(-_NOISE, _NOISE + 1, portrait.shape, dtype=np.int16)
        picture = np.roll(portrait, shift, axis=(0, 1)) + noise
        moved.append(np.clip(picture, 0, 255).astype(np.uint8))
    return Footage(f"own {shown}", np.stack(moved), 30.0)


def default_clips() -> list[Path]:
    """Recorded bona fide clips of the development data, where there are any.

    They lie in `$COUNTENANCE_SHARED/data`, or in `../shared/data` beside this folder.
    """
    named = os.environ.get("COUNTENANCE_SHARED")
    shared = Path(named) if named else Path.cwd().parent / "shared"
    return sorted((shared / "data" / "liveness" / "clips").glob("*_real*"))


def as_webcam(image: Image) -> Image:
    """The largest middle part of a picture that has the shape of a webcam's, at its size."""
    if (image.width_px, image.height_px) == (WIDTH_PX, HEIGHT_PX):
        return image.to(ColourOrder.BGR)
    wide = min(image.width_px, image.height_px * WIDTH_PX / HEIGHT_PX)
    high = min(image.height_px, image.width_px * HEIGHT_PX / WIDTH_PX)
    x, y = (image.width_px - wide) / 2, (image.height_px - high) / 2
    part = cut(image.to(ColourOrder.BGR), Box(x, y, x + wide, y + high))
    return Image(stretch(part, width_px=WIDTH_PX, height_px=HEIGHT_PX))


def _changing(pictures: Iterator[Image]) -> Iterator[Image]:
    before: NDArray[np.uint8] | None = None
    for image in pictures:
        fingerprint = frame_fingerprint(image)
        if before is None or not is_same_picture(before, fingerprint):
            before = fingerprint
            yield image
