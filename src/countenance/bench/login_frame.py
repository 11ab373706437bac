"""How long one login frame takes, step by step."""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from countenance.geometry.boxes import Box
from countenance.geometry.landmarks import Landmarks5
from countenance.images.codec import CAPTURE_LIMITS, decode_image, encode_jpeg, read_image
from countenance.images.image import Image
from countenance.images.quality import measure
from countenance.images.views import cut, stretch
from countenance.vision.engine import Engine
from countenance.vision.interfaces import DetectedFace

STAGES: Final = ("decode", "detect", "quality", "pad", "embed")
DETECT_SIDE_PX: Final = 320
"""Longest side at which a login frame is searched first."""
WARM_UP: Final = 3
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LoginFrameTimes:
    """Medians over the measured frames."""

    frames: int
    width_px: int
    height_px: int
    stages_ms: dict[str, float]
    """Stage of `STAGES` to milliseconds."""
    total_ms: float
    """Median of the sums, not the sum of the medians."""

    def as_json(self) -> dict[str, object]:
        """The stable keys of `bench login-frame --json`."""
        stages = {f"{name}_ms": round(value, 3) for name, value in self.stages_ms.items()}
        return {
            "frames": self.frames,
            "width_px": self.width_px,
            "height_px": self.height_px,
            **stages,
            "total_ms": round(self.total_ms, 3),
            "frames_per_s": round(1000 / self.total_ms, 1),
        }


def measure_login_frame(engine: Engine, data: bytes, *, frames: int) -> LoginFrameTimes:
    """Run one encoded frame through every step, again and again.

    Every frame is searched whole, as the first frame of a login is; frames that follow a known
    face look at a smaller part and take less.

    Args:
        engine: loaded.
        data: one encoded frame within `CAPTURE_LIMITS`; without a face its middle is taken.
        frames: how many are measured after some that are not; at least 1.

    Raises: ImageError: the frame cannot be decoded.
    """
    rows = [_once(engine, data) for _ in range(frames + WARM_UP)][WARM_UP:]
    image = decode_image(data, limits=CAPTURE_LIMITS)
    return LoginFrameTimes(
        frames=frames,
        width_px=image.width_px,
        height_px=image.height_px,
        stages_ms={
            name: statistics.median(row[index] for row in rows) for index, name in enumerate(STAGES)
        },
        total_ms=statistics.median(sum(row) for row in rows),
    )


def _once(engine: Engine, data: bytes) -> tuple[float, ...]:
    """Milliseconds of each of `STAGES`."""
    image, decode_ms = _timed(lambda: decode_image(data, limits=CAPTURE_LIMITS))
    faces, detect_ms = _timed(lambda: engine.detector.detect(image, max_side_px=DETECT_SIDE_PX))
    face = _presented(faces, image)
    _, quality_ms = _timed(lambda: measure(image, face=face.box))
    _, pad_ms = _timed(lambda: engine.pad.score(image, face=face.box))
    _, embed_ms = _timed(lambda: engine.embedder.embed(image, landmarks=face.landmarks))
    return decode_ms, detect_ms, quality_ms, pad_ms, embed_ms


def _presented(faces: tuple[DetectedFace, ...], image: Image) -> DetectedFace:
    """The largest face; where there is none, a place for one in the middle."""
    if faces:
        return faces[0]
    middle_x, middle_y, unit = image.width_px / 2, image.height_px / 2, image.height_px / 8
    offsets = np.array([[-0.5, -0.5], [0.5, -0.5], [0, 0], [-0.4, 0.6], [0.4, 0.6]])
    points = (offsets * unit + (middle_x, middle_y)).astype(np.float32)
    box = Box(middle_x - unit, middle_y - 1.4 * unit, middle_x + unit, middle_y + 1.4 * unit)
    return DetectedFace(box=box, landmarks=Landmarks5(points), detection_score=0.0)


def _timed(step: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    result = step()
    return result, 1000 * (time.perf_counter() - began)


def own_frame() -> tuple[bytes, str]:
    """A 640x480 JPEG to measure with, and what it shows.

    The portrait of Eileen Collins (NASA, public domain) where scikit-image carries it, else a
    drawn pattern: networks take the same time whatever they see.
    """
    spec = importlib.util.find_spec("skimage")
    portrait = Path(spec.origin).parent / "data" / "astronaut.png" if spec and spec.origin else None
    if portrait is None or not portrait.is_file():
        return encode_jpeg(_pattern(), quality=85), "pattern"
    upper = cut(read_image(portrait), Box(0, 0, 512, 384))
    frame = Image(stretch(upper, width_px=640, height_px=480), upper.order)
    return encode_jpeg(frame, quality=85), "portrait"


def _pattern() -> Image:
    rng = np.random.default_rng(0)
    coarse = Image(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8))
    return Image(stretch(coarse, width_px=640, height_px=480))
