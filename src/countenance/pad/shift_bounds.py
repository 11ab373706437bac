"""How far a threshold may be moved without making a detector's published rates untrue.

Calibration takes for granted that a camera which gives bona fide presentations less gives attacks
less too. Should that be wrong at some camera, a lower threshold lets in what the detector lets in
at that threshold everywhere. So the bounds are taken from that: moved to a bound on every camera
of the evaluation, no error rate leaves the confidence interval that the card gives it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from countenance.pad.calibration import OUTER_BOUNDS, ShiftBounds, log_odds
from countenance.pad.rates import Scores, apcer, bpcer
from countenance.pad.species import PaiSpecies
from countenance.statistics.intervals import Rate

LARGEST_LOSS: Final = 0.1
"""No rate may get worse by more, even where few presentations make the interval wide."""
LEAST_PRESENTATIONS: Final = 20
"""Of each species, and of bona fide ones: fewer bound nothing, so nothing moves."""
_STEP: Final = 1e-3
"""Bounds are rounded down to this."""


def measured_bounds(
    bona_fide: Scores, attacks: Mapping[PaiSpecies, Scores], *, threshold: float
) -> ShiftBounds:
    """Return the bounds of a detector by its scores of sources that it was not trained with.

    Args:
        bona_fide: (n,) 0..1, at least one.
        attacks: (m,) 0..1 of each species; those without any say nothing.
        threshold: of the detector, 0..1.

    Returns: at most `OUTER_BOUNDS`; no fall where a species has fewer than `LEAST_PRESENTATIONS`
        or there is no attack, no rise with as few bona fide ones.
    """
    at = log_odds(threshold)
    present = [scores for scores in attacks.values() if scores.size]
    falls = [at - _next_accepted(scores, threshold=threshold) for scores in present]
    rise = _next_refused(bona_fide, threshold=threshold) - at
    may_fall = bool(present) and min(scores.size for scores in present) >= LEAST_PRESENTATIONS
    may_rise = bona_fide.size >= LEAST_PRESENTATIONS
    return ShiftBounds(
        fall=_rounded(min(OUTER_BOUNDS.fall, *falls)) if may_fall else 0.0,
        rise=_rounded(min(OUTER_BOUNDS.rise, rise)) if may_rise else 0.0,
    )


def _next_accepted(attacks: Scores, *, threshold: float) -> float:
    """Log-odds of the highest attack that must stay refused; -inf when all may pass."""
    allowed = _errors_allowed(apcer(attacks, threshold=threshold))
    falling = np.sort(attacks)[::-1]
    return log_odds(float(falling[allowed])) if allowed < falling.size else -math.inf


def _next_refused(bona_fide: Scores, *, threshold: float) -> float:
    """Log-odds of the lowest bona fide score that must stay accepted; inf when none must."""
    allowed = _errors_allowed(bpcer(bona_fide, threshold=threshold))
    rising = np.sort(bona_fide)
    return log_odds(float(rising[allowed])) if allowed < rising.size else math.inf


def _errors_allowed(rate: Rate) -> int:
    worst = min(rate.high, rate.value + LARGEST_LOSS)
    return max(rate.errors, math.floor(worst * rate.total + 1e-9))


def _rounded(value: float) -> float:
    # One step less: at the bound itself the next attack would just pass.
    return max(0.0, math.floor(value / _STEP - 1) * _STEP) if value > _STEP else 0.0
