"""Whether the colour of a face followed the colours of a screen: a permutation test.

The sequence that was shown competes with every other one that could have been drawn. Whatever
did not know it follows each of them equally well, so the share of sequences that explain the face
at least as well as the true one is an exact false accept rate, for any light, camera and attack
that is independent of the draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.ceremony.palette import Colour, pull

Values = NDArray[np.float64]
_LAG_STEP_S: Final = 0.05
_SWAY_S: Final = 0.8
"""Time in which the colour of a face that moves forgets what it was; measured on recordings."""
_TINY: Final = 1e-12


@dataclass(frozen=True, slots=True)
class FaceLight:
    """The colour of a face in one frame: log(red / green) and log(blue / green) of linear light."""

    face: tuple[float, float]
    background: tuple[float, float] | None
    """Of what is behind it, which shows what white balance did; None when too little of it could
    be measured."""


@dataclass(frozen=True, slots=True)
class LightSample:
    """One measurement in time."""

    at_s: float
    light: FaceLight


@dataclass(frozen=True, slots=True)
class ScreenTimes:
    """When a screen was told which step, and how it may have followed."""

    told_at_s: tuple[float, ...]
    """One for each step, rising; when the colour was sent, not when it was seen."""
    lag_s: tuple[float, float]
    """Least and longest time until it shows in a frame."""
    ramp_s: float
    """How long the screen fades from one colour to the next."""


@dataclass(frozen=True, slots=True)
class ColourAnswer:
    """How a face answered a sequence."""

    chance: float
    """Share of all sequences that explain the face at least as well, above 0 to 1."""
    response: float
    """Light of the screen over that of the room, on the face, as the true sequence shows it; 0 and
    below when the face did not follow."""
    explained: float
    """Share of the changes of the face's colour that the true sequence explains, 0..1."""
    most: float
    """The same of the sequence that explains most, 0..1; never below `explained`."""
    lag_s: float
    """Lag at which the true sequence explains the face best."""
    samples: int


@cache
def all_sequences(steps: int) -> NDArray[np.int8]:
    """(n, steps): every sequence without one colour twice in a row, as places in `Colour`."""
    rows = product(range(len(Colour)), repeat=steps)
    kept = [row for row in rows if all(a != b for a, b in pairwise(row))]
    return np.array(kept, np.int8)


def measure_answer(
    drawn: Sequence[Colour], times: ScreenTimes, samples: Sequence[LightSample]
) -> ColourAnswer | None:
    """Compare a face's colour with the sequence that was shown, and with every other.

    Args:
        drawn: the colours that were shown.
        times: as many as there are colours.
        samples: in the order of time.

    Returns: None when there are too few samples to tell anything.
    """
    settled_s = times.told_at_s[0] + times.lag_s[1] + times.ramp_s
    kept = [sample for sample in samples if sample.at_s >= settled_s]
    if len(kept) < 2 * len(drawn):
        return None
    at_s = np.array([sample.at_s for sample in kept])
    sequences = all_sequences(len(drawn))
    mine = _place(drawn, sequences)
    courses = [_Course.of(at_s, colour) for colour in _colours(kept)]
    best, fits = np.zeros(len(sequences)), []
    for lag_s in np.arange(times.lag_s[0], times.lag_s[1] + 1e-9, _LAG_STEP_S):
        shown = courses[0].comparable(_shares(at_s - lag_s, times))
        for share, slope in _explained(len(drawn), shown, courses):
            best = np.maximum(best, share)
            fits.append((float(share[mine]), float(slope[mine]), float(lag_s)))
    explained, response, lag_s = max(fits)
    return ColourAnswer(
        chance=float(np.mean(best >= explained - _TINY)),
        response=response,
        explained=explained,
        most=float(best.max()),
        lag_s=lag_s,
        samples=len(kept),
    )


def _colours(samples: Sequence[LightSample]) -> list[Values]:
    """(n, 2) each: of the face, and less what happened to the background if that is always there.

    White balance moves both alike, so the difference is free of it; whatever passes behind the
    head moves the background alone. Every sequence may be explained by either.
    """
    face = np.array([sample.light.face for sample in samples])
    behind = [sample.light.background for sample in samples]
    if any(colour is None for colour in behind):
        return [face]
    return [face, np.asarray(face - np.array(behind), np.float64)]


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """How a colour went, less what drifts, as independent from one frame to the next as can be."""

    at_s: Values
    slow: Values
    """(n - 1, 2): an orthonormal basis of a level and a slope."""
    colour: Values
    """(n - 1, 2)."""

    @classmethod
    def of(cls, at_s: Values, colour: Values) -> _Course:
        line = np.stack([np.ones_like(at_s), at_s - at_s.mean()], axis=1)
        slow, _ = np.linalg.qr(_fresh(at_s, line))
        course = cls(at_s, slow, colour)
        return replace(course, colour=course.comparable(colour))

    @property
    def squares(self) -> float:
        return float(np.square(self.colour).sum()) + _TINY

    def comparable(self, values: Values) -> Values:
        """The same done to what a colour is compared with."""
        fresh = _fresh(self.at_s, values)
        return np.asarray(fresh - self.slow @ (self.slow.T @ fresh), np.float64)


def _fresh(at_s: Values, values: Values) -> Values:
    """What each frame adds to the ones before: a head that sways makes neighbours alike."""
    kept = np.exp(-np.diff(at_s) / _SWAY_S)[:, None]
    return np.asarray(values[1:] - kept * values[:-1], np.float64)


def _shares(at_s: Values, times: ScreenTimes) -> Values:
    """(n, steps): how much of each step is on the screen; each row sums to 1."""
    later = [np.clip((at_s - told_s) / times.ramp_s, 0, 1) for told_s in times.told_at_s[1:]]
    begun = [np.ones_like(at_s), *later, np.zeros_like(at_s)]
    return np.stack([now - after for now, after in pairwise(begun)], axis=1)


def _place(drawn: Sequence[Colour], sequences: NDArray[np.int8]) -> int:
    wanted = np.array([list(Colour).index(colour) for colour in drawn], np.int8)
    return int(np.flatnonzero((sequences == wanted).all(axis=1))[0])


@cache
def _paths(steps: int) -> Values:
    """(2, n, steps): where each sequence pulls a face, along both axes."""
    pulls = np.array([pull(each) for each in Colour])
    return np.asarray(np.moveaxis(pulls[all_sequences(steps)], 2, 0), np.float64)


def _explained(
    steps: int, shown: Values, courses: Sequence[_Course]
) -> list[tuple[Values, Values]]:
    """For each course, of every sequence: the share it explains, and the slope of both axes.

    A face only ever moves towards the colour that lights it, so a slope below 0 explains nothing.
    """
    squares, found = shown.T @ shown, []
    sizes = [np.sum((path @ squares) * path, axis=1) for path in _paths(steps)]
    for course in courses:
        overlap = shown.T @ course.colour
        along = [path @ overlap[:, axis] for axis, path in enumerate(_paths(steps))]
        each = [
            np.square(np.maximum(a, 0)) / (s + _TINY) for a, s in zip(along, sizes, strict=True)
        ]
        slope = sum(along) / (sum(sizes) + _TINY)
        found.append((sum(each) / course.squares, slope))
    return found
