"""Move the threshold of passive detection for a camera that is known.

Within one camera bona fide presentations and attacks lie well apart; what moves between cameras is
where. A few bona fide log-odds of a camera tell where its bona fide presentations lie, and the
threshold follows them, as far as they are trusted and never past fixed bounds.

How a caller goes about it::

    at = log_odds(pad.threshold)
    shift = threshold_shift(log_odds_of_this_camera, expected=pad.expected_log_odds, threshold=at)
    threshold = shifted(pad.threshold, shift)

`log_odds_of_this_camera` are `log_odds(score.value)` of frames that are known to be bona fide: of
an enrolment that somebody watched, or of logins that passed the challenge; not smoothed over time,
and of the very detector that will be shifted, as every detector has a scale of its own. `expected`
is what that detector gives bona fide presentations of cameras it was not trained with. Nothing
here learns by itself; whoever feeds it decides what is bona fide. `camera` says what is kept.

Attacks do not follow their camera as far as bona fide presentations do: between sources held out,
a threshold that falls by all that a camera is below the others lets more attacks in than it lets
people in. So it rises with a camera, and falls only by what the camera needs.

Source: empirical-Bayes shrinkage of a group's location towards that of all groups (Efron and
Morris, Journal of the American Statistical Association 70(350), 1975), with the median in place of
the mean, so that less than half of the frames being wrong moves it little.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

LEAST_FRAMES: Final = 3
"""Fewer tell nothing of a camera: the threshold stays."""
MOST_FRAMES: Final = 50
"""The last so many count; a camera that was moved to another room is known again after these."""
LARGEST_RISE: Final = 3.0
"""Log-odds upwards, the stricter way: a camera that flatters everybody."""
LARGEST_FALL: Final = 2.5
"""Log-odds downwards, the laxer way. Smaller, as whoever could slip frames of attacks in would
want it large."""
NEAREST: Final = 0.8
"""Share of the usual distance between threshold and bona fide presentations that is enough: a
camera no nearer than that needs no laxer threshold."""
PRIOR_FRAMES: Final = 2.0
"""So many frames weigh as much as what is known of cameras in general. The variance of a median of
frames of one camera over that of cameras says 1.0; frames of a session resemble each other, so half
of them tell something new."""
FRAME_LIMIT: Final = 8.0
"""A single frame's log-odds beyond this, either way, count as this; smoothing has the same."""
_SURE: Final = 1e-9
"""Scores nearer to 0 or 1 count as this."""


@dataclass(frozen=True, slots=True)
class ShiftBounds:
    """How far a detector's threshold may be moved; log-odds, both 0 or more."""

    fall: float = LARGEST_FALL
    """The laxer way."""
    rise: float = LARGEST_RISE
    """The stricter way."""

    def __post_init__(self) -> None:
        if not (0 <= self.fall < math.inf and 0 <= self.rise < math.inf):
            raise ValueError("the bounds of a shift are finite and not negative")

    def within(self, shift: float) -> float:
        """The shift, or the bound that it passes; 0.0 for one that is no number."""
        return 0.0 if math.isnan(shift) else min(max(shift, -self.fall), self.rise)


OUTER_BOUNDS: Final = ShiftBounds()
"""No detector's threshold moves farther, whatever its card says."""
NO_SHIFT: Final = ShiftBounds(fall=0.0, rise=0.0)
"""Of a detector whose bounds were not measured."""


def needed_shift(centre: float, *, expected: float, threshold: float) -> float:
    """Return how far the threshold would move at a camera that is known for sure.

    Args:
        centre: where the camera's bona fide presentations lie, log-odds.
        expected: where they lie at unknown cameras.
        threshold: where the detector's threshold lies.

    >>> [
    ...     round(needed_shift(c, expected=4.0, threshold=0.0), 3)
    ...     for c in (5.0, 4.0, 3.5, 2.0, -1.0)
    ... ]
    [1.0, 0.0, 0.0, -1.2, -4.2]
    """
    distance = centre - expected
    if distance >= 0:
        return distance
    return min(0.0, distance + (1 - NEAREST) * max(expected - threshold, 0.0))


def threshold_shift(
    log_odds: Sequence[float],
    *,
    expected: float,
    threshold: float,
    bounds: ShiftBounds = OUTER_BOUNDS,
) -> float:
    """Return how far the threshold of a camera is to move, in log-odds; above 0 is stricter.

    Args:
        log_odds: of bona fide frames of this camera, oldest first; what is no finite number is
            left out.
        expected: the median that this detector gives bona fide frames of unknown cameras.
        threshold: of the detector, log-odds.
        bounds: of the detector.

    Returns: n / (n + `PRIOR_FRAMES`) of what `needed_shift` says for the median, within the
        bounds; 0.0 with fewer than `LEAST_FRAMES`.

    >>> threshold_shift([-2.0, -2.2, -1.8, -2.1, -6.0], expected=4.0, threshold=0.0)
    -2.5
    >>> round(threshold_shift([1.0] * 5, expected=4.0, threshold=0.0), 3)
    -1.571
    >>> threshold_shift([1.0, 1.2], expected=4.0, threshold=0.0)
    0.0
    """
    known = [_within(v, FRAME_LIMIT) for v in log_odds if math.isfinite(v)][-MOST_FRAMES:]
    if len(known) < LEAST_FRAMES or not math.isfinite(expected):
        return 0.0
    trust = len(known) / (len(known) + PRIOR_FRAMES)
    usual = _within(expected, FRAME_LIMIT)
    return bounds.within(trust * needed_shift(median(known), expected=usual, threshold=threshold))


def expected_log_odds(cameras: Iterable[Sequence[float]]) -> float | None:
    """Return what a detector gives bona fide presentations at a camera that it does not know.

    Args:
        cameras: log-odds of the bona fide presentations of each camera, which the detector that
            gave them was not trained with; those with fewer than `LEAST_FRAMES` do not count.

    Returns: the median over cameras of their medians, each frame within `FRAME_LIMIT`; None
        without a camera.

    >>> expected_log_odds([[1, 2, 3], [4, 4, 4], [6, 6, 9], [0.5]])
    4
    """
    centres = [
        median(_within(v, FRAME_LIMIT) for v in frames)
        for frames in cameras
        if len(frames) >= LEAST_FRAMES
    ]
    return median(centres) if centres else None


def shifted(threshold: float, shift: float) -> float:
    """Return a threshold 0..1 moved by log-odds.

    A score reaches the moved threshold when its log-odds less the shift reach the old one.

    >>> round(shifted(0.5, 1.0), 3), shifted(0.6, 0.0)
    (0.731, 0.6)
    """
    return score_of(log_odds(threshold) + shift) if shift else threshold


def log_odds(score: float) -> float:
    """Log-odds of a score 0..1; not a number where the score is none.

    >>> log_odds(0.5), round(log_odds(1.0), 1)
    (0.0, 20.7)
    """
    # In this order what is no number stays none.
    kept = max(min(score, 1 - _SURE), _SURE)
    return math.log(kept / (1 - kept))


def score_of(value: float) -> float:
    """The score 0..1 of log-odds; the way back from `log_odds`.

    >>> score_of(0.0)
    0.5
    """
    return 1 / (1 + math.exp(-max(min(value, 60.0), -60.0)))


def _within(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)
