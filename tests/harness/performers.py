"""Cameras that answer: recorded people who do what they are asked, and pictures that are made to.

A recording cannot answer a challenge, but it can be played to and fro: from a moment at which its
person looks straight ahead to the nearest turn and back, and its picture moved closer or further
away around the face. So everything but the order is real. Frames are changed by fresh noise each
time, as those of a camera are.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.ceremony.challenge import Move
from countenance.geometry.landmarks import head_pose
from countenance.images.crops import mirrored, shrunk_to
from countenance.images.video import open_video
from countenance.vision.interfaces import FaceDetector
from countenance.vision.tracking import Tracker

Frame = NDArray[np.uint8]
"""(height, width, 3) uint8, BGR."""

SIDE_PX: Final = 640
ENOUGH_DEG: Final = 23.0
"""Where a recorded turn ends: the measured yaw varies by some degrees."""
TURN_DEG: Final = 32.0
"""What a photograph is turned for, as a share of `Photo.angle_deg`."""
CLOSER: Final = 1.36
BACK: Final = 0.72
YAW_STEP_DEG: Final = 5.0
"""A photograph turns by so much from one frame to the next at most."""
SHOWN_PER_S: Final = 12.0
"""Frames of the recording in a second while the head turns: slowly, as the page asks."""
MAX_STRIDE: Final = 3
SCALE_STEP: Final = 0.04
REACTION_S: Final = 0.45
_STRAIGHT_DEG: Final = 8.0
_JUMP_DEG: Final = 16.0
"""A turn that is faster than this from frame to frame is blurred, or frames are missing."""
_ASTRAY_DEG: Final = 11.0
"""On the way to a turn the head is turned to the other side by no more."""
_HOLES: Final = {
    "eyes": ((-0.175, -0.11, 0.21, 0.11), (0.175, -0.11, 0.21, 0.11)),
    "mouth": ((0.0, 0.24, 0.38, 0.16),),
    "nose": ((0.0, 0.04, 0.22, 0.26),),
}
"""Parts of a frontal face that can be cut out of a paper: the middle of each hole from the middle
of the detector's box, to the right and down, its width and its height, in heights of the box."""
_FOLDS: Final = {
    "bent": (0.0, False),
    "rolled": (90.0, False),
    "leaning": (45.0, False),
    "bent_hollow": (0.0, True),
    "rolled_hollow": (90.0, True),
    "leaning_hollow": (45.0, True),
}
"""Ways to bend a paper: `fold_deg` and `is_hollow` of `bent`."""
_BEHIND: Final = 0.07
"""How far the face is behind the paper, the same: about 15 mm."""
_BEHIND_FRAMES: Final = 30
_SWAY: Final = (0.03, 0.015, 0.015)
"""Deviations of somebody who sits, to the right and down in heights of the face, and in size."""
_SWAY_S: Final = 1.0
_NOISE: Final = 1.5
_ROOM: Final = 200


class Performer(Protocol):
    """Whatever is before the camera."""

    def frame(self, prompt: str | None, *, at_s: float) -> Frame | bytes:
        """What the camera sees now, after the page has shown that prompt.

        Args: at_s: seconds since the camera was opened; rising.

        Returns: pixels, or an image that is sent as it is.
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

    rest: int
    """The frame on which the person waits: straight ahead, and near to turns."""
    turns: Mapping[str, int]
    """`turn_left` and `turn_right`, where the recording shows them, to the frame that does; on
    the way there from `rest` the head turns to no other side."""

    def shown(self, index: int, scale: float) -> Frame:
        """A frame, its face enlarged."""
        return zoomed(self.frames[index], self.centres[index], scale)


def read_footage(
    path: Path, detector: FaceDetector, *, most: int = 300, mirror: bool = False
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
    yaws_deg = table[:, 0]
    rest, turns = _way(yaws_deg)
    return Footage(
        tuple(frames), yaws_deg, table[:, 1:3], _smoothed(table[:, 3]), rest=rest, turns=turns
    )


def _way(yaws_deg: NDArray[np.float64]) -> tuple[int, dict[str, int]]:
    """Where to wait so that the turns which the recording shows are near, and where those are."""
    best: tuple[int, int, int, dict[str, int]] = (0, 0, int(np.argmin(np.abs(yaws_deg))), {})
    for rest in range(1, len(yaws_deg) - 1):
        if np.abs(yaws_deg[rest - 1 : rest + 2]).max() > _STRAIGHT_DEG:
            continue
        found = {
            Move.TURN_LEFT.value: _turn_from(yaws_deg, rest),
            Move.TURN_RIGHT.value: _turn_from(-yaws_deg, rest),
        }
        turns = {move: index for move, index in found.items() if index is not None}
        # As many sides as there are, then as near as can be.
        far = sum(abs(index - rest) for index in turns.values())
        best = max(best, (len(turns), -far, rest, turns), key=lambda way: way[:2])
    return best[2], best[3]


def _turn_from(yaws_deg: NDArray[np.float64], rest: int) -> int | None:
    """The nearest frame before or after that is turned far enough to the left."""
    found = []
    for way in (range(rest, len(yaws_deg)), range(rest, -1, -1)):
        last = yaws_deg[rest]
        for index in way:
            if yaws_deg[index] < -_ASTRAY_DEG or abs(yaws_deg[index] - last) > _JUMP_DEG:
                break
            last = yaws_deg[index]
            if yaws_deg[index] >= ENOUGH_DEG:
                found.append(index)
                break
    return min(found, key=lambda index: abs(index - rest), default=None)


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
    _last_s: float = 0.0
    _scale: float = 1.0
    _index: int = -1
    _sway: float = 0.0
    _chance: np.random.Generator = field(init=False)
    _count: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._chance = np.random.default_rng((self.seed, 5))

    def frame(self, prompt: str | None, *, at_s: float) -> Frame:
        number = next(self._count)
        prompt = self.understand(prompt)
        if number == 0:
            self._index = self.footage.rest
        if prompt != self._prompt:
            self._prompt, self._since_s = prompt, at_s
        if at_s - self._since_s >= self.reaction_s:
            self._go(prompt or "", passed_s=at_s - self._last_s)
        self._last_s = at_s
        return noisy(self._seen(number), seed=(self.seed, number))

    def face(self) -> tuple[NDArray[np.float64], float]:
        """Middle and height of the face on the last frame, pixels."""
        near = max(self._index, 0)
        return self.footage.centres[near], self._scale * float(self.footage.heights_px[near])

    def _go(self, prompt: str, *, passed_s: float) -> None:
        aim = self.footage.turns.get(prompt, self.footage.rest)
        stride = min(MAX_STRIDE, max(1, round(SHOWN_PER_S * passed_s)))
        self._index = round(_towards(self._index, aim, stride))
        self._scale = _towards(self._scale, wanted(prompt)[1], SCALE_STEP)

    def _seen(self, number: int) -> Frame:
        near = self._index
        yaw_deg = float(self.footage.yaws_deg[near])
        # Whoever waits sways a little, too, and never twice in the same way.
        self._sway = 0.9 * self._sway + 0.002 * float(self._chance.standard_normal())
        shown = self.footage.shown(near, self._scale * (1 + self._sway))
        if self.turned is None or abs(yaw_deg) < 12:
            return shown
        other = self.turned
        index = int(np.argmin(np.abs(other.yaws_deg - yaw_deg)))
        factor = self._scale * float(self.footage.heights_px[near] / other.heights_px[index])
        aim = self.footage.centres[near]
        return placed(other.frames[index], other.centres[index], factor, aim, size=shown.shape[:2])


@dataclass(slots=True)
class Restless(Actor):
    """Somebody who also sways, back and forth and to the sides, as whoever sits for long does.

    Whoever waits for ten seconds on one frame looks like a loop of it.
    """

    _sway: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    """To the right, down, and nearer; deviations of 1, changing within `_SWAY_S`."""
    _swayed_s: float = 0.0

    def face(self) -> tuple[NDArray[np.float64], float]:
        height_px = float(self.footage.heights_px[self._index])
        return self._aim(), self._nearness() * height_px

    def _seen(self, number: int) -> Frame:
        fresh = np.random.default_rng((self.seed, number, 7)).standard_normal(3)
        kept = float(np.exp(-(self._last_s - self._swayed_s) / _SWAY_S))
        self._swayed_s = self._last_s
        self._sway = kept * self._sway + np.sqrt(1 - kept**2) * fresh
        picture, centre = self.footage.frames[self._index], self.footage.centres[self._index]
        return placed(picture, centre, self._nearness(), self._aim(), size=picture.shape[:2])

    def _nearness(self) -> float:
        return self._scale * (1 + _SWAY[2] * float(self._sway[2]))

    def _aim(self) -> NDArray[np.float64]:
        height_px = float(self.footage.heights_px[self._index])
        aside = height_px * np.array(_SWAY[:2]) * self._sway[:2]
        return np.asarray(self.footage.centres[self._index] + aside, np.float64)


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


def shows(film: Sequence[Move], asked: Sequence[Move]) -> bool:
    """Whether a film that is played again and again makes these moves, in this order.

    It may begin anywhere. Whoever came closer goes back afterwards, and the other way round; the
    way back may be the answer to a prompt of its own.
    """

    def goes_on(place: int, done: int, *, may_go_back: bool) -> bool:
        if done == len(asked):
            return True
        before, now = film[place - 1], film[place % len(film)]
        if now is asked[done] and goes_on(place % len(film) + 1, done + 1, may_go_back=True):
            return True
        is_way_back = may_go_back and not before.is_turn and OPPOSITE[before] == asked[done]
        return is_way_back and goes_on(place, done + 1, may_go_back=False)

    return any(goes_on(place, 0, may_go_back=True) for place in range(len(film)))


@dataclass(slots=True)
class Loop:
    """A few seconds of a live person, again and again."""

    footage: Footage
    start: int | None = None
    """Its first frame; None begins where the person rests."""
    length: int = 45
    seed: int = 0
    fps: float = 30.0
    _count: itertools.count[int] = field(default_factory=itertools.count)

    def frame(self, prompt: str | None, *, at_s: float) -> Frame:
        del prompt
        number = int(at_s * self.fps)
        begin = self.footage.rest if self.start is None else self.start
        start = max(0, min(begin, len(self.footage.frames) - self.length))
        place = number % (2 * self.length)
        place = place if place < self.length else 2 * self.length - 1 - place
        shown = self.footage.frames[min(start + place, len(self.footage.frames) - 1)]
        return noisy(shown, seed=(self.seed, next(self._count)))


@dataclass(slots=True)
class Photo:
    """One frontal picture that is moved as the page asks: turned, tilted or bent while turning."""

    footage: Footage
    way: str
    """`turned`, `tilted` or one of `_FOLDS`."""
    holes: tuple[str, ...] = ()
    """What is cut out, of `_HOLES`; that of the person who holds it is seen there."""
    seed: int = 0
    angle_deg: float = 42.0
    arc: float = 1.4
    """Of a bent one, radians of a face's width."""
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
        index = self.footage.rest
        picture, centre = self.footage.frames[index], self.footage.centres[index]
        number = next(self._count)
        if self.holes:
            picture = self._seen_through(picture, index, number)
        picture = self._moved(picture, centre)
        # A hand trembles.
        sway = centre + 1.5 * np.array([np.sin(0.7 * number), np.cos(0.9 * number)])
        return noisy(zoomed(picture, sway, self._scale), seed=(self.seed, number))

    def _seen_through(self, picture: Frame, index: int, number: int) -> Frame:
        """The living face in the holes: a finger's breadth behind the paper and turned with it.

        What is behind a paper that turns to the right goes to the left in its holes.
        """
        footage = self.footage
        place = number % (2 * _BEHIND_FRAMES)
        place = min(place, 2 * _BEHIND_FRAMES - 1 - place)
        start = max(0, min(index, len(footage.frames) - _BEHIND_FRAMES))
        live = min(start + place, len(footage.frames) - 1)
        centre, size = footage.centres[index], float(footage.heights_px[index])
        factor = size / float(footage.heights_px[live])
        angle = float(np.radians(self._share * self.angle_deg))
        away = _BEHIND * size * np.tan(angle)
        aim = centre - np.array([0.0, away] if self.way == "tilted" else [away, 0.0])
        face = placed(
            footage.frames[live], footage.centres[live], factor, aim, size=picture.shape[:2]
        )
        return np.where(_cut(self.holes, centre, size, picture.shape), face, picture)

    def _moved(self, picture: Frame, centre: NDArray[np.float64]) -> Frame:
        angle = float(np.radians(self._share * self.angle_deg))
        if self.way in _FOLDS:
            fold_deg, is_hollow = _FOLDS[self.way]
            return bent(
                picture, centre, angle, arc=self.arc, fold_deg=fold_deg, is_hollow=is_hollow
            )
        return rotated(picture, centre, angle, about_y=self.way == "turned")


def _cut(
    parts: tuple[str, ...], centre: NDArray[np.float64], size: float, shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """True where those parts of a frontal face are, by the box of the detector."""
    mask = np.zeros(shape, np.uint8)
    for part in parts:
        for right, down, width, height in _HOLES[part]:
            x, y = centre + np.array([right, down]) * size
            axes = (width * size, height * size)
            cv2.ellipse(mask, ((float(x), float(y)), axes, 0.0), (1, 1, 1), -1)
    return mask.astype(np.bool_)


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


def bent(
    picture: Frame,
    centre: NDArray[np.float64],
    angle: float,
    *,
    arc: float = 1.4,
    fold_deg: float = 0.0,
    is_hollow: bool = False,
) -> Frame:
    """A picture on a cylinder of which it covers `arc` radians of a face's width, then turned.

    To the same side as `rotated`: at an angle above 0 its right half goes away from the camera.

    Args:
        fold_deg: from an upright line to the one that it is bent about; 90 is a level one.
        is_hollow: bent towards the camera at its edges rather than away from it.
    """
    height, width = picture.shape[:2]
    focal, (x, y) = 1.2 * width, centre
    radius, side = 0.45 * height / arc, -1.0 if is_hollow else 1.0
    fold = np.radians(fold_deg)
    columns, rows = np.meshgrid((np.arange(width) - x) / focal, (np.arange(height) - y) / focal)
    # The line of sight of each pixel, turned back with the sheet: from `eye` along `sight`.
    cos, sin = np.cos(angle), np.sin(angle)
    eye = -focal * np.array([sin, 0.0, cos])
    sight = np.stack([columns * cos + sin, rows, cos - columns * sin])
    over, along = np.array([np.cos(fold), np.sin(fold)]), np.array([-np.sin(fold), np.cos(fold)])
    eye_over, sight_over = eye[:2] @ over, np.tensordot(over, sight[:2], 1)
    # Where it meets the cylinder, on the side that the sheet is on; else where it comes nearest.
    square = sight_over**2 + sight[2] ** 2
    half = eye_over * sight_over + (eye[2] - side * radius) * sight[2]
    rest = eye_over**2 + (eye[2] - side * radius) ** 2 - radius**2
    way = (-half - side * np.sqrt(np.maximum(half**2 - square * rest, 0.0))) / square
    deep = eye[2] + way * sight[2]
    round_px = radius * np.arctan2(eye_over + way * sight_over, radius - side * deep)
    straight_px = eye[:2] @ along + way * np.tensordot(along, sight[:2], 1)
    map_x, map_y = (
        (round_px * over[k] + straight_px * along[k] + centre[k]).astype(np.float32) for k in (0, 1)
    )
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
    # Two windows of one field: so many pairs that no two frames of one picture are alike.
    corners = np.random.default_rng(seed).integers(0, _ROOM, (2, 2))
    height, width = picture.shape[:2]
    one, other = (_noise_field()[y : y + height, x : x + width] for y, x in corners)
    noise = one + other
    return np.asarray(cv2.add(picture, cv2.merge([noise] * 3), dtype=cv2.CV_8U), dtype=np.uint8)


@cache
def _noise_field() -> NDArray[np.int16]:
    """Noise that is larger than a picture, so that each picture can have another part of it."""
    side = SIDE_PX + _ROOM
    drawn = np.random.default_rng(7).normal(0, _NOISE / np.sqrt(2), (side, side))
    return np.round(drawn).astype(np.int16)


def _warped(pixels: object) -> Frame:
    return np.asarray(pixels, dtype=np.uint8)


def _towards(now: float, aim: float, step: float) -> float:
    return float(now + np.clip(aim - now, -step, step))
