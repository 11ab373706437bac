"""Recorded clips as a browser would send them: JPEG frames at the camera's rate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from countenance.bench.logins_errors import ClipsUnusableError
from countenance.images.codec import encode_jpeg
from countenance.images.crops import shrunk_to
from countenance.images.errors import ImageError
from countenance.images.image import Image
from countenance.images.video import VideoFrame, open_video

ATTACK_MARK: Final = "_fake"
_MARKS: Final = (ATTACK_MARK, "_real")
SIDE_PX: Final = 640
"""Longest side: the camera page asks for 640 x 480."""
JPEG_QUALITY: Final = 85
MAX_SECONDS: Final = 12
MIN_FRAMES: Final = 24
ENROLMENT_SHARE: Final = 0.35
"""Samples are taken from the beginning of a clip, logins from the rest."""
SAMPLES: Final = 8
_VIDEOS: Final = frozenset({".mp4", ".webm", ".mkv", ".avi", ".mov", ".mjpeg"})


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """One person or one attack before a camera."""

    name: str
    person: str
    """Who is shown, or who is attacked: the file's name without `_real` and `_fake`."""
    is_attack: bool
    samples: tuple[bytes, ...]
    """JPEG; candidates for the enrolment, none of which is among `frames`."""
    frames: tuple[bytes, ...]
    """JPEG at the rate that was asked for."""

    def frame(self, number: int) -> bytes:
        """The frame that a camera shows after so many; the clip runs to and fro."""
        last = len(self.frames) - 1
        place = number % (2 * last)
        return self.frames[place if place <= last else 2 * last - place]


def find_clips(places: Iterable[Path]) -> list[Path]:
    """The video files that are named, and those in the folders that are named.

    Raises: ClipsUnusableError: a place is missing or no video is there.
    """
    found: list[Path] = []
    for place in places:
        if not place.exists():
            raise ClipsUnusableError(f"{place} does not exist.", remedy="Check the path.")
        inside = sorted(place.iterdir()) if place.is_dir() else [place]
        found += [path for path in inside if path.suffix.lower() in _VIDEOS]
    if not found:
        raise ClipsUnusableError(
            "No video was found.",
            remedy=f"Give files or folders of {', '.join(sorted(_VIDEOS))} files.",
        )
    return found


def read_clip(path: Path, *, fps: float) -> Clip:
    """Read a clip at a steady rate.

    Args:
        path: named like its person, `ada_real.mp4`; `_fake` in the name marks an attack.
        fps: frames per second of the camera it stands for.

    Raises: ClipsUnusableError: unreadable or shorter than `MIN_FRAMES` frames.
    """
    try:
        with open_video(path) as reader:
            shown = list(islice(_steady(reader.frames(), fps=fps), int(MAX_SECONDS * fps)))
    except ImageError as error:
        raise ClipsUnusableError(error.message, remedy=error.remedy) from error
    if len(shown) < MIN_FRAMES:
        raise ClipsUnusableError(
            f"{path} has {len(shown)} frames at {fps:g} a second; a login needs {MIN_FRAMES}.",
            remedy="Give a longer clip.",
        )
    cut = round(ENROLMENT_SHARE * len(shown))
    step = max(1, cut // SAMPLES)
    return Clip(
        name=path.stem,
        person=_person(path.stem),
        is_attack=ATTACK_MARK in path.stem.lower(),
        samples=tuple(shown[:cut:step][:SAMPLES]),
        frames=tuple(shown[cut:]),
    )


def _person(stem: str) -> str:
    person = stem.lower()
    for mark in _MARKS:
        person = person.replace(mark, "")
    return person


def _steady(frames: Iterator[VideoFrame], *, fps: float) -> Iterator[bytes]:
    """Every frame that is due; a clip slower than the camera gives what it has."""
    due_s = 0.0
    for frame in frames:
        if frame.at_s >= due_s - 1e-6:
            due_s = max(due_s + 1 / fps, frame.at_s)
            yield _as_browser(frame.image)


def _as_browser(image: Image) -> bytes:
    small, _ = shrunk_to(image, max_side_px=SIDE_PX)
    return encode_jpeg(small, quality=JPEG_QUALITY)
