"""Cameras that answer: recorded people who do what they are asked, and pictures that are made to.

A recording cannot answer a challenge, but frames of one can be put in another order: those are
shown whose measured yaw is nearest to what is wanted, and moved closer or further away around the
face. So everything but the order is real. Frames are changed by fresh noise each time, as those
of a camera are.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.ceremony.challenge import Move
from countenance.geometry.landmarks import head_pose
from countenance.images.crops import mirrored, shrunk_to
from countenance.images.image import Image
from countenance.images.video import open_video
from countenance.vision.interfaces import FaceDetector
from countenance.vision.tracking import Tracker

Frame = NDArray[np.uint8]
"""(height, width, 3) uint8, BGR."""

SIDE_PX: Final = 640
TURN_DEG: Final = 32.0
"""How far somebody turns who is asked to; the recording's own limit comes first."""
CLOSER: Final = 1.36
BACK: Final = 0.72
YAW_STEP_DEG: Final = 5.0
"""Yaw changes by so much from one frame to the next at most."""
SCALE_STEP: Final = 0.04
REACTION_S: Final = 0.45
_STRAY: Final = 0.02
"""Degrees that a frame which lies one further away in the recording is worth."""
_NOISE: Final = 1.5


class Performer(Protocol):
    """Whatever is before the camera."""

    def frame(self, prompt: str | None, *, at_s: float) -> Frame:
        """What the camera sees now, after the page has shown that prompt.

        Args: at_s: seconds since the camera was opened; rising.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """A recording and how its one face is posed on each frame."""

    frames: tuple[Frame, ...]
    yaws_deg: NDArray[np.float64]
    """(n,), positive to the subject's left."""
    centres: NDArray[np.float64]
    """(n, 2): of the face's box, pixels."""
    heights_px: NDArray[np.float64]
    """(n,): of the face's box, smoothed."""

    @property
    def frontal(self) -> int:
        """The frame on which the face looks most straight ahead."""
        return int(np.argmin(np.abs(self.yaws_deg)))

    def shown(self, yaw_deg: float, scale: float, *, last: int) -> tuple[Frame, int]:
        """The frame nearest to that yaw, its face enlarged; and which one it was."""
        away = np.abs(np.arange(len(self.yaws_deg)) - last)
        index = int(np.argmin(np.abs(self.yaws_deg - yaw_deg) + _STRAY * away))
        factor = scale * float(np.median(self.heights_px)) / float(self.heights_px[index])
        return zoomed(self.frames[index], self.centres[index], factor), index


def read_footage(
    path: Path, detector: FaceDetector, *, most: int = 400, mirror: bool = False
) -> Footage:
    """Read a recording; frames without a face are left out."""
    tracker, frames, poses = Tracker(detector), [], []
    with open_video(path) as reader:
        for shot in islice(reader.frames(), most):
            image = shrunk_to(shot.image, max_side_px=SIDE_PX)[0]
            image = mirrored(image) if mirror else image
            seen = tracker.follow(image)
            pose = head_pose(seen.face.landmarks) if seen else None
            if seen is None or pose is None:
                continue
            frames.append(image.pixels)
            poses.append((pose.yaw_deg, *seen.face.box.centre, seen.face.box.height_px))
    table = np.array(poses)
    return Footage(tuple(frames), table[:, 0], table[:, 1:3], _smoothed(table[:, 3]))


def _smoothed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    padded = np.pad(values, 4, mode="edge")
    return np.array([np.median(padded[k : k + 9]) for k in range(len(values))])


@dataclass(slots=True)
class Actor:
    """Somebody who does what the page asks, a moment later and not faster than a head can."""

    footage: Footage
    seed: int = 0
    understand: Callable[[str | None], str | None] = lambda prompt: prompt
    """What the prompt is taken for; somebody else may do the opposite."""
    reaction_s: float = REACTION_S
    turned: Footage | None = None
    """Shown instead while the head is turned: another person's recording."""
    _prompt: str | None = None
    _since_s: float = 0.0
    _yaw_deg: float = 0.0
    _scale: float = 1.0
    _index: int = -1
    _other: int = 0
    _count: itertools.count[int] = field(default_factory=itertools.count)

    def frame(self, prompt: str | None, *, at_s: float) -> Frame:
        prompt = self.understand(prompt)
        if prompt != self._prompt:
            self._prompt, self._since_s = prompt, at_s
        if at_s - self._since_s >= self.reaction_s:
            yaw_deg, scale = wanted(prompt)
            self._yaw_deg = _towards(self._yaw_deg, yaw_deg, YAW_STEP_DEG)
            self._scale = _towards(self._scale, scale, SCALE_STEP)
        return noisy(self._seen(), seed=(self.seed, next(self._count)))

    def _seen(self) -> Frame:
        if self._index < 0:
            self._index = self.footage.frontal
        shown, self._index = self.footage.shown(self._yaw_deg, self._scale, last=self._index)
        if self.turned is None or abs(self._yaw_deg) < 12:
            return shown
        other, self._other = self.turned.shown(self._yaw_deg, self._scale, last=self._other)
        factor = float(np.median(self.footage.heights_px) / np.median(self.turned.heights_px))
        aim = self.footage.centres[self._index]
        return placed(other, self.turned.centres[self._other], factor, aim, size=shown.shape[:2])


def wanted(prompt: str | None) -> tuple[float, float]:
    """Yaw and distance that a prompt asks for."""
    return {
        Move.TURN_LEFT.value: (TURN_DEG, 1.0),
        Move.TURN_RIGHT.value: (-TURN_DEG, 1.0),
        Move.MOVE_CLOSER.value: (0.0, CLOSER),
        Move.MOVE_BACK.value: (0.0, BACK),
    }.get(prompt or "", (0.0, 1.0))


OPPOSITE: Final = {
    Move.TURN_LEFT.value: Move.TURN_RIGHT.value,
    Move.TURN_RIGHT.value: Move.TURN_LEFT.value,
    Move.MOVE_CLOSER.value: Move.MOVE_BACK.value,
    Move.MOVE_BACK.value: Move.MOVE_CLOSER.value,
}


def contrary(prompt: str | None) -> str | None:
    """Takes each prompt for its opposite."""
    return OPPOSITE.get(prompt or "", prompt)


def deaf(_prompt: str | None) -> None:
    """Takes no notice of any prompt."""


@dataclass(slots=True)
class Film:
    """A recording of somebody who answered other prompts; it plays whatever is asked."""

    actor: Actor
    moves: Sequence[Move]
    still_s: float = 1.6
    move_s: float = 1.8

    def frame(self, prompt: str | None, *, at_s: float) -> Frame:
        del prompt
        number, within_s = divmod(at_s, self.still_s + self.move_s)
        move = self.moves[int(number) % len(self.moves)]
        return self.actor.frame(None if within_s < self.still_s else move.value, at_s=at_s)


@dataclass(slots=True)
class Loop:
    """A few seconds of a live person, again and again."""

    footage: Footage
    length: int = 45
    seed: int = 0
    _count: itertools.count[int] = field(default_factory=itertools.count)

    def frame(self, prompt: str | None, *, at_s: float) -> Frame:
        del prompt, at_s
        number = next(self._count)
        start = max(0, min(self.footage.frontal, len(self.footage.frames) - self.length))
        place = number % (2 * self.length)
        place = place if place < self.length else 2 * self.length - 1 - place
        shown = self.footage.frames[min(start + place, len(self.footage.frames) - 1)]
        return noisy(shown, seed=(self.seed, number))


@dataclass(slots=True)
class Photo:
    """One frontal picture that is moved as the page asks: turned, tilted or bent while turning."""

    footage: Footage
    way: str
    """`turned`, `tilted` or `bent`."""
    seed: int = 0
    angle_deg: float = 42.0
    reaction_s: float = REACTION_S
    _prompt: str | None = None
    _since_s: float = 0.0
    _share: float = 0.0
    _scale: float = 1.0
    _count: itertools.count[int] = field(default_factory=itertools.count)

    def frame(self, prompt: str | None, *, at_s: float) -> Frame:
        if prompt != self._prompt:
            self._prompt, self._since_s = prompt, at_s
        if at_s - self._since_s >= self.reaction_s:
            yaw_deg, scale = wanted(prompt)
            self._share = _towards(self._share, yaw_deg / TURN_DEG, YAW_STEP_DEG / TURN_DEG)
            self._scale = _towards(self._scale, scale, SCALE_STEP)
        index = self.footage.frontal
        picture, centre = self.footage.frames[index], self.footage.centres[index]
        picture = self._moved(picture, centre)
        number = next(self._count)
        # A hand trembles.
        sway = centre + 1.5 * np.array([np.sin(0.7 * number), np.cos(0.9 * number)])
        return noisy(zoomed(picture, sway, self._scale), seed=(self.seed, number))

    def _moved(self, picture: Frame, centre: NDArray[np.float64]) -> Frame:
        angle = float(np.radians(self._share * self.angle_deg))
        if self.way == "bent":
            return bent(picture, centre, angle)
        return rotated(picture, centre, angle, about_y=self.way == "turned")


def rotated(picture: Frame, centre: NDArray[np.float64], angle: float, *, about_y: bool) -> Frame:
    """A flat picture turned about the vertical, or the horizontal, line through a point."""
    height, width = picture.shape[:2]
    focal, (x, y) = 1.2 * width, centre
    to_origin = np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1.0]])
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.diag([cos, 1, 1.0]) if about_y else np.diag([1, cos, 1.0])
    turn[2, 0 if about_y else 1] = sin / focal
    matrix = np.linalg.inv(to_origin) @ turn @ to_origin
    return _warped(cv2.warpPerspective(
        picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101
    ))  # fmt: skip


def bent(picture: Frame, centre: NDArray[np.float64], angle: float, *, arc: float = 1.4) -> Frame:
    """A picture on a cylinder of which it covers `arc` radians of a face's width, then turned."""
    height, width = picture.shape[:2]
    focal, (x, y) = 1.2 * width, centre
    radius = 0.45 * height / arc
    along = np.linspace(-radius * 1.3, radius * 1.3, 2001)
    side, back = radius * np.sin(along / radius), radius * (1 - np.cos(along / radius))
    right = side * np.cos(angle) + back * np.sin(angle)
    deep = focal - side * np.sin(angle) + back * np.cos(angle)
    shown = focal * right / deep
    # Only the part that faces the camera; shown rises there.
    middle = len(along) // 2
    rising = np.diff(shown) > 0
    first = middle - int(np.argmin(rising[:middle][::-1])) if not rising[:middle].all() else 0
    last = middle + int(np.argmin(rising[middle:])) if not rising[middle:].all() else len(along) - 1
    columns = np.arange(width) - x
    from_x = np.interp(columns, shown[first : last + 1], along[first : last + 1])
    depth = np.interp(columns, shown[first : last + 1], deep[first : last + 1]) / focal
    map_x = np.tile(from_x + x, (height, 1)).astype(np.float32)
    map_y = ((np.arange(height)[:, None] - y) * depth[None, :] + y).astype(np.float32)
    return _warped(
        cv2.remap(picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    )


def zoomed(picture: Frame, centre: NDArray[np.float64], factor: float) -> Frame:
    """A picture enlarged or shrunk around a point; what is missing mirrors what is there."""
    return placed(picture, centre, factor, centre, size=picture.shape[:2])


def placed(
    picture: Frame,
    centre: NDArray[np.float64],
    factor: float,
    aim: NDArray[np.float64],
    *,
    size: tuple[int, ...],
) -> Frame:
    """A picture scaled, its point `centre` moved to `aim`, on a canvas of (height, width)."""
    shift = np.asarray(aim) - factor * np.asarray(centre)
    matrix = np.array([[factor, 0, shift[0]], [0, factor, shift[1]]])
    return _warped(cv2.warpAffine(
        picture, matrix, (size[1], size[0]), borderMode=cv2.BORDER_REFLECT_101
    ))  # fmt: skip


def noisy(picture: Frame, *, seed: tuple[int, int]) -> Frame:
    """What the sensor adds, other each time."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, _NOISE, picture.shape[:2]).astype(np.float32)
    return np.clip(picture + noise[..., None], 0, 255).astype(np.uint8)


def as_image(frame: Frame) -> Image:
    return Image(frame)


def _warped(pixels: object) -> Frame:
    return np.asarray(pixels, dtype=np.uint8)


def _towards(now: float, aim: float, step: float) -> float:
    return float(now + np.clip(aim - now, -step, step))
