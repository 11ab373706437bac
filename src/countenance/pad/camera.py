"""What is kept of the bona fide presentations at one camera, and how far that moves its threshold.

One login is one look at a camera: its frames share light, distance and focus, so together they
count as one observation, their median. Over many logins the camera's centre follows them slowly
and by bounded steps. Nothing of a single frame is kept.

Whoever calls `one_login` decides what is bona fide: an attacker must not be able to teach.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from countenance.pad.calibration import FRAME_LIMIT, ShiftBounds, needed_shift

LEAST_FRAMES: Final = 8
"""Judged frames of a login; fewer tell too little of it."""
MEMORY_LOGINS: Final = 10
"""Newer logins never weigh less than one of so many: a lamp that was moved is followed."""
PRIOR_LOGINS: Final = 0.5
"""So many logins weigh as much as what is known of cameras in general."""
LARGEST_STEP: Final = 2.0
"""Log-odds; a login that lies farther from the camera's centre counts as if it lay there."""


@dataclass(frozen=True, slots=True)
class CameraScores:
    """A few numbers of one camera and one detector."""

    logins: int
    """That taught, at least 1."""
    frames: int
    """Of all of them."""
    centre: float
    """Log-odds around which bona fide frames of this camera lie, within `FRAME_LIMIT`."""
    spread: float
    """Median distance of frames of one login from their median, log-odds; 0 or more."""


def one_login(log_odds: Sequence[float]) -> CameraScores | None:
    """Return what one login tells of its camera; None with fewer than `LEAST_FRAMES`.

    Args:
        log_odds: of bona fide frames, not smoothed; what is no finite number is left out.

    >>> one_login([1.0, 1.5, 2.0] * 4)
    CameraScores(logins=1, frames=12, centre=1.5, spread=0.5)
    """
    known = [min(max(v, -FRAME_LIMIT), FRAME_LIMIT) for v in log_odds if math.isfinite(v)]
    if len(known) < LEAST_FRAMES:
        return None
    centre = median(known)
    return CameraScores(1, len(known), centre, median(abs(v - centre) for v in known))


def learned(before: CameraScores | None, login: CameraScores) -> CameraScores:
    """Return what is known of a camera after one more login.

    Args:
        before: None when nothing is known.
        login: of `one_login`.

    >>> known = CameraScores(logins=1, frames=12, centre=1.5, spread=0.5)
    >>> learned(known, CameraScores(logins=1, frames=20, centre=7.0, spread=1.5))
    CameraScores(logins=2, frames=32, centre=2.5, spread=1.0)
    """
    if before is None:
        return login
    gain = 1 / min(before.logins + 1, MEMORY_LOGINS)
    step = min(max(login.centre - before.centre, -LARGEST_STEP), LARGEST_STEP)
    return CameraScores(
        logins=before.logins + 1,
        frames=before.frames + login.frames,
        centre=before.centre + gain * step,
        spread=before.spread + gain * (login.spread - before.spread),
    )


def camera_shift(
    scores: CameraScores | None, *, expected: float | None, threshold: float, bounds: ShiftBounds
) -> float:
    """Return how far the threshold is to move at a camera, in log-odds; above 0 is stricter.

    Args:
        scores: None for a camera that is not known.
        expected: what the detector gives bona fide frames of unknown cameras; None when that was
            not measured.
        threshold: of the detector, log-odds.
        bounds: of the detector.

    Returns: n / (n + `PRIOR_LOGINS`) of what `needed_shift` says, within the bounds; 0.0 for a
        camera or detector that is not known.

    >>> low = CameraScores(1, 40, 1.0, 0.5)
    >>> camera_shift(low, expected=5.0, threshold=0.0, bounds=ShiftBounds())
    -2.0
    >>> camera_shift(None, expected=5.0, threshold=0.0, bounds=ShiftBounds())
    0.0
    """
    if scores is None or expected is None:
        return 0.0
    trust = scores.logins / (scores.logins + PRIOR_LOGINS)
    return bounds.within(
        trust * needed_shift(scores.centre, expected=expected, threshold=threshold)
    )
