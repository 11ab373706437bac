"""How a detector's log-odds and a second opinion's are mixed.

Both are brought to one scale, and the second opinion counts a fixed share. Weights that were
fitted freely would hang on the one source that holds nearly all prints and masks, and without it
say that the second opinion is worth little.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.datasets.manifest import Presentation
from countenance.training.logistic import Vector, fit_platt
from countenance.vision.pad_fusion import Mixture

SHARE: Final = 0.6
"""Of the second opinion's calibrated log-odds, beside all of the detector's own."""

Marks = NDArray[np.bool_]


def fit_mixture(own: Vector, second: Vector, is_bona_fide: Marks) -> Mixture:
    """Find scales and offset so that both classes weigh the same and 0.5 is the even chance.

    Args:
        own: (n,) log-odds of sources that the detector did not see.
        second: (n,) of the same presentations.
        is_bona_fide: (n,) with both classes.
    """
    weight = _weight(own, second, is_bona_fide)
    slope, offset = _calibration(own + weight * second, is_bona_fide)
    return Mixture(round(slope, 4), round(slope * weight, 4), round(offset, 4))


def mixed_scores(
    presentations: Sequence[Presentation],
    own: Vector,
    second: Vector,
    *,
    chosen: Marks,
    fold_of: NDArray[np.int_],
) -> Vector:
    """Mix every chosen presentation by the weight that was found without its fold.

    Scale and offset, which change no order, are found on all of them, as those of a detector are.

    Args:
        presentations: n of them.
        own: (n,) log-odds, NaN where there is none.
        second: (n,) log-odds, NaN where there is none.
        chosen: (n,) those of one kind.
        fold_of: (n,) from 0; sources whole.

    Returns: (n,) scores 0..1; NaN where one of both is missing, and elsewhere.
    """
    bona_fide = np.array([p.is_bona_fide for p in presentations])
    is_capture = np.array([p.is_capture for p in presentations])
    usable = chosen & is_capture & np.isfinite(own) & np.isfinite(second)
    mixed = np.full(len(own), np.nan)
    for fold in range(int(fold_of.max()) + 1):
        fitted, held = usable & (fold_of != fold), chosen & (fold_of == fold)
        weight = _weight(own[fitted], second[fitted], bona_fide[fitted])
        mixed[held] = own[held] + weight * second[held]
    slope, offset = _calibration(mixed[usable], bona_fide[usable])
    return np.asarray(1 / (1 + np.exp(-np.clip(slope * mixed + offset, -60, 60))))


def _weight(own: Vector, second: Vector, is_bona_fide: Marks) -> float:
    """Of the second opinion beside 1 of the detector's own log-odds."""
    return SHARE * _calibration(second, is_bona_fide)[0] / _calibration(own, is_bona_fide)[0]


def _calibration(log_odds: Vector, is_bona_fide: Marks) -> tuple[float, float]:
    weights = np.where(is_bona_fide, 0.5 / is_bona_fide.mean(), 0.5 / (~is_bona_fide).mean())
    return fit_platt(log_odds, is_bona_fide, weights)
