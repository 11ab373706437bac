"""Whether a capture comes round again: a clip in a loop repeats itself exactly, nobody else does.

That two moments look alike says nothing: whoever holds still looks alike all the time. What tells
a loop is that the picture of now agrees with that of one period ago much better than with those of
other periods ago, and better than with that of a moment ago, again and again, for a whole period
and one more. Somebody who holds still, or trembles, agrees with all of them equally well; somebody
who sways in time with music comes back to the same place, but never to the same picture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

Thumbnail = NDArray[np.float32]
"""(192,) float32, grey levels of 16 x 12 blocks about their mean."""
Floats = NDArray[np.float64]

BLOCKS: Final = (12, 16)
"""Rows and columns: few enough that noise averages out, and that nobody could be recognised."""
PERIODS_S: Final = np.arange(0.5, 8.001, 0.05)
"""Periods that are tried, seconds. A longer loop outlasts the patience of a challenge."""
RUN_S: Final = 2.5
"""Shortest time that a loop has to be seen again for; a whole period where that is longer."""
MAX_TO_OTHERS: Final = 0.22
"""Mismatch one period ago over the median of that of all periods, mean squares, up to which a loop
comes round."""
MAX_TO_MOMENT: Final = 0.45
"""The same over the mismatch with the frame before; both are needed."""
LEAST_FRAMES: Final = 10.0
"""Frames, the older ones fading, that have to have had one a period before: a few that agree by
chance are no loop. A camera that sends fewer than about six a second is told nothing of."""
_NEAR_S: Final = 0.055
"""How far from one period ago the compared frame may be: frames do not arrive evenly."""
_LEAST: Final = 0.05
"""Square grey levels: below it the rounding of pixels would look like agreement."""
_LEAST_STEP_S: Final = 0.025
"""Frames that come faster than this show nothing new."""


def thumbnail_of(samples: NDArray[np.uint8]) -> Thumbnail:
    """Shrink a sampled grey copy of a frame.

    Args:
        samples: (12 k, 16 m) uint8 for whole k and m, such as `images.quality.frame_fingerprint`.

    Returns: without the mean, so that a lamp's flicker is no change.
    """
    rows, columns = BLOCKS
    height, width = samples.shape
    blocks = samples.reshape(rows, height // rows, columns, width // columns)
    sums = blocks.sum(axis=1, dtype=np.uint16).sum(axis=2, dtype=np.float32).ravel()
    means = sums / np.float32(height // rows * (width // columns))
    return np.asarray(means - means.mean(), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Recurrence:
    """What is remembered of a capture to tell whether it comes round again."""

    began_s: float
    times_s: Floats
    """(n,): when the remembered frames came, rising; the longest period and a little more."""
    pictures: NDArray[np.float32]
    """(n, 192): their thumbnails."""
    mismatch: Floats
    """(periods,): with one period ago; sums of mean squares that fade."""
    moment: Floats
    """(periods,): with the frame before, over the same frames."""
    weight: Floats
    """(periods,): how many frames there were; fades like them."""
    since_s: Floats
    """(periods,): since when the capture has come round without a break; infinite where it has
    not."""

    @property
    def exactness(self) -> float:
        """How close to a loop the capture has come; 1 and below is one. For measurements."""
        return float(self.scores().min())

    @property
    def period_s(self) -> float | None:
        """The period of the loop that this capture is; None while it is none.

        The same two moves at the same distance in time come round as well, until the next one.
        """
        lasted_s = self.times_s[-1] - self.since_s - np.maximum(RUN_S, PERIODS_S)
        best = int(np.argmax(lasted_s))
        return float(PERIODS_S[best]) if lasted_s[best] >= 0 else None

    def scores(self) -> Floats:
        """(periods,): how close to a loop of each period it is now; 1 and below comes round."""
        is_known = self.weight >= LEAST_FRAMES
        if not is_known.any():
            return np.full(len(PERIODS_S), np.inf)
        weight = np.maximum(self.weight, 1.0)
        mean, moment = self.mismatch / weight, self.moment / weight
        others = float(np.median(mean[is_known]))
        to_others = (mean + _LEAST) / (others + _LEAST) / MAX_TO_OTHERS
        to_moment = (mean + _LEAST) / (moment + _LEAST) / MAX_TO_MOMENT
        seen_again_s = self.times_s[-1] - self.began_s - PERIODS_S
        is_ready = (seen_again_s >= np.maximum(RUN_S, PERIODS_S)) & is_known
        return np.where(is_ready, np.maximum(to_others, to_moment), np.inf)


def begin_recurrence(thumbnail: Thumbnail, *, at_s: float) -> Recurrence:
    """Remember the first frame; `at_s` is on a clock that never goes back."""
    none = np.zeros(len(PERIODS_S))
    return Recurrence(at_s, np.array([at_s]), thumbnail[None], none, none, none, none + np.inf)


def follow_recurrence(trail: Recurrence, thumbnail: Thumbnail, *, at_s: float) -> Recurrence:
    """Take the next frame into account.

    Args:
        trail: of the frames before.
        thumbnail: of a frame that is no exact repeat of the one before.
        at_s: when it came; not before the last.
    """
    ages_s = at_s - trail.times_s
    if ages_s[-1] < _LEAST_STEP_S:
        return trail
    apart = np.square(trail.pictures - thumbnail).mean(axis=1, dtype=np.float64)
    mismatch = _nearest(ages_s, apart)
    is_there = np.isfinite(mismatch)
    fades = np.exp(-ages_s[-1] / np.maximum(RUN_S, PERIODS_S))
    kept = ages_s <= PERIODS_S[-1] + _NEAR_S
    now = Recurrence(
        trail.began_s,
        np.append(trail.times_s[kept], at_s),
        np.concatenate([trail.pictures[kept], thumbnail[None]]),
        trail.mismatch * fades + np.where(is_there, mismatch, 0.0),
        trail.moment * fades + np.where(is_there, apart[-1], 0.0),
        trail.weight * fades + is_there,
        trail.since_s,
    )
    comes_round = now.scores() <= 1
    return replace(now, since_s=np.where(comes_round, np.minimum(trail.since_s, at_s), np.inf))


def _nearest(ages_s: Floats, apart: Floats) -> Floats:
    """(periods,): the least mismatch about one period ago; infinite where no frame is.

    Args:
        ages_s: (n,) of the remembered frames, falling.
        apart: (n,) their mismatch with the frame of now.
    """
    # Oldest first, so that times rise and a stretch of time is a slice.
    times_s = -ages_s
    return _least_between(apart, _places(times_s, -_NEAR_S), _places(times_s, _NEAR_S))


def _places(times_s: Floats, shift_s: float) -> NDArray[np.intp]:
    """Number of the first frame that is not older than each period, moved by `shift_s`."""
    return np.searchsorted(times_s, -PERIODS_S + shift_s)


def _least_between(values: Floats, first: NDArray[np.intp], last: NDArray[np.intp]) -> Floats:
    """The smallest value from `first` up to, not including, `last`; infinite where there is none.

    At most a few frames lie in a stretch, for none comes faster than `_LEAST_STEP_S`.
    """
    padded = np.append(values, np.inf)
    steps = np.arange(int(2 * _NEAR_S / _LEAST_STEP_S) + 2)
    places = first[:, None] + steps
    inside = places < last[:, None]
    found: Floats = np.where(inside, padded[np.minimum(places, len(values))], np.inf).min(axis=1)
    return found
