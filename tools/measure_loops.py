"""Measure how far a person who moves as they like is from a loop, and how surely loops are found.

    python -m tools.measure_loops --data DIR [--seed S]

DIR holds `liveness/clips` and `video` of the development data. Each recording is watched once as a
camera would send it (JPEG, sensor noise, uneven arrival), then loops of it are. Prints one JSON
object: for each way the nearest that any recording came to a loop (`exactness`, a loop from 1
down), and how many counted as one. Recordings shorter than twice the period are left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.images.codec import CAPTURE_LIMITS, decode_image, encode_jpeg
from countenance.images.crops import shrunk_to
from countenance.images.image import Image
from countenance.images.quality import frame_fingerprint
from countenance.images.video import open_video
from countenance.pad.recurrence import begin_recurrence, follow_recurrence, thumbnail_of

SIDE_PX: Final = 640
MOST_FRAMES: Final = 900
LONGEST_S: Final = 45.0
_ROOM: Final = 200


@dataclass(frozen=True, slots=True)
class Sending:
    """How frames reach the server."""

    fps: float = 12.0
    jpeg_quality: int = 85
    noise: float = 1.5
    """Deviation of the noise that is added, grey levels."""
    dropped: float = 0.0
    """Share of frames that get lost."""


@dataclass(frozen=True, slots=True)
class Looped:
    """How a part of the recording is repeated."""

    period_s: float
    to_and_fro: bool = False


Way = tuple[Looped | None, Sending]
WAYS: Final[dict[str, Way]] = {
    "live": (None, Sending()),
    "live_slow": (None, Sending(fps=7)),
    "live_fast": (None, Sending(fps=25)),
    "live_without_noise": (None, Sending(noise=0)),
    "loop_1_s": (Looped(1.0), Sending()),
    "loop_3_s": (Looped(3.0), Sending()),
    "loop_5_s": (Looped(5.0), Sending()),
    "loop_3_s_slow": (Looped(3.0), Sending(fps=7)),
    "loop_3_s_fast": (Looped(3.0), Sending(fps=25)),
    "loop_3_s_reencoded": (Looped(3.0), Sending(jpeg_quality=50, noise=4)),
    "loop_3_s_dropping": (Looped(3.0), Sending(dropped=0.2)),
    "loop_2_s_to_and_fro": (Looped(2.0, to_and_fro=True), Sending()),
}


def read(path: Path) -> tuple[list[Image], float]:
    """Frames of a recording and how many a second it has."""
    with open_video(path) as reader:
        shots = islice(reader.frames(), MOST_FRAMES)
        return [shrunk_to(shot.image, max_side_px=SIDE_PX)[0] for shot in shots], reader.fps


def places(frames: int, fps: float, looped: Looped | None) -> Callable[[float], int | None]:
    """Which frame is shown at a moment; None once the recording is over."""
    if looped is None:
        return lambda at_s: number if (number := int(at_s * fps)) < frames else None
    length = int(looped.period_s * fps)
    start = min(20, frames - length)

    def place(at_s: float) -> int | None:
        if at_s > max(3.5 * looped.period_s, looped.period_s + 6) * (1 + looped.to_and_fro):
            return None
        number = int(at_s * fps) % ((1 + looped.to_and_fro) * length)
        return start + min(number, 2 * length - 1 - number)

    return place


def watch(
    frames: list[Image], fps: float, way: Way, rng: np.random.Generator
) -> tuple[float, bool]:
    """The nearest that a way of showing these frames comes to a loop, and whether it is one."""
    looped, sending = way
    place = places(len(frames), fps, looped)
    trail, nearest = None, float("inf")
    for at_s in moments(sending, rng):
        number = place(at_s)
        if number is None:
            break
        thumbnail = thumbnail_of(frame_fingerprint(sent(frames[number], sending, rng)))
        trail = (
            begin_recurrence(thumbnail, at_s=at_s)
            if trail is None
            else follow_recurrence(trail, thumbnail, at_s=at_s)
        )
        nearest = min(nearest, trail.exactness)
        if trail.period_s is not None:
            return nearest, True
    return nearest, False


def moments(sending: Sending, rng: np.random.Generator) -> Iterator[float]:
    """When frames arrive: unevenly, and not all of them."""
    at_s = 0.0
    while at_s < LONGEST_S:
        if rng.random() >= sending.dropped:
            yield at_s
        at_s += max(0.03, rng.normal(1 / sending.fps, 0.25 / sending.fps))


def sent(frame: Image, sending: Sending, rng: np.random.Generator) -> Image:
    """A frame as the server decodes it."""
    y, x = rng.integers(0, _ROOM, 2)
    field = _noise_field(sending.noise)[y : y + frame.height_px, x : x + frame.width_px]
    noise = cv2.merge([field] * 3)
    noisy = Image(np.asarray(cv2.add(frame.pixels, noise, dtype=cv2.CV_8U), np.uint8))
    return decode_image(encode_jpeg(noisy, quality=sending.jpeg_quality), limits=CAPTURE_LIMITS)


@cache
def _noise_field(deviation: float) -> NDArray[np.int16]:
    """Noise that is larger than a picture, so that each picture can have another part of it."""
    side = SIDE_PX + _ROOM
    drawn = np.random.default_rng(7).normal(0, deviation, (side, side))
    return np.round(drawn).astype(np.int16)


def main() -> None:
    """Every way on every recording that is long enough."""
    wishes = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wishes.add_argument("--data", type=Path, required=True)
    wishes.add_argument("--seed", type=int, default=1)
    given = wishes.parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(given.seed)
    clips = sorted((given.data / "liveness/clips").iterdir())
    clips += sorted((given.data / "video").glob("*.m*"))
    found: dict[str, dict[str, tuple[float, bool]]] = {name: {} for name in WAYS}
    for clip in clips:
        frames, fps = read(clip)
        for name, way in WAYS.items():
            looped = way[0]
            if looped is None or len(frames) / fps >= looped.period_s + 0.5:
                found[name][clip.stem] = watch(frames, fps, way, rng)
        told = {name: found[name][clip.stem] for name in WAYS if clip.stem in found[name]}
        sys.stderr.write(f"{clip.stem}: {told}\n")
    print(json.dumps({name: summary(values) for name, values in found.items()}, indent=2))


def summary(values: dict[str, tuple[float, bool]]) -> dict[str, Any]:
    """Of one way: how many recordings, how many loops, and the nearest that one came."""
    low = min(values, key=values.__getitem__)
    return {
        "recordings": len(values),
        "loops": sum(is_loop for _, is_loop in values.values()),
        "not_found": [name for name, (_, is_loop) in values.items() if not is_loop],
        "nearest": [low, round(values[low][0], 3)],
    }


if __name__ == "__main__":
    main()
