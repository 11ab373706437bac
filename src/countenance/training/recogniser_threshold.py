"""The probability from which a person is named."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from countenance.biometrics.rates import threshold_at_fmr

Scores = NDArray[np.float64]

MAY_BE_LOST = 0.05
"""Share of right names that the margin above the unknown may cost at most."""


def open_set_threshold(known_right: Scores, unknown: Scores, *, unknown_rate: float) -> float:
    """Fix the threshold on pictures held out of training.

    The lowest that names at most `unknown_rate` of the unknown; where right names lie well above
    it, half of the way up to them, because strangers to come are not those at hand.

    Args:
        known_right: scores of people of the list whose likeliest person is right; may be empty.
        unknown: scores of nobody of the list, at least one.
        unknown_rate: 0..1.

    Returns: above 0, at most 1.
    """
    lowest = threshold_at_fmr(unknown, fmr=unknown_rate)
    if known_right.size:
        reached = float(np.quantile(known_right, MAY_BE_LOST))
        lowest = max(lowest, (lowest + reached) / 2)
    return float(np.clip(lowest, 1e-6, 1.0))


def named_across_halves(
    score: Scores,
    is_right: NDArray[np.bool_],
    is_unknown: NDArray[np.bool_],
    half: NDArray[np.bool_],
    *,
    unknown_rate: float,
) -> NDArray[np.bool_]:
    """(n,) bool: who is named when each half is judged by the threshold of the other.

    The threshold that is written is fixed on both halves; judging pictures by a threshold that
    they took part in would flatter it.
    """
    named = np.zeros(len(score), np.bool_)
    for judged in (half, ~half):
        unknown = score[~judged & is_unknown]
        if not unknown.size:  # a single stranger: both halves share what there is
            unknown = score[is_unknown]
        right = score[~judged & ~is_unknown & is_right]
        threshold = open_set_threshold(right, unknown, unknown_rate=unknown_rate)
        named[judged] = score[judged] >= threshold
    return named
