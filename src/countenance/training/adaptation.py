"""Move a linear detector towards a site: its own head plus a small correction.

The pictures that the head was trained with are not at hand, so the head itself stands for them: a
correction is learnt on top of it and pulled to nothing. With few frames it stays small, and it can
never move a logit by more than a bound.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from countenance.training.errors import MissingExtraError
from countenance.training.logistic import LinearHead, Matrix, Vector

STRENGTH = 0.1
"""Inverse regularisation of the correction; the weights of each class sum to 1."""
SHIFT_COST = 0.03
"""Of the squared shift, as that of the coefficients is 1: a few frames should not move it far."""
LARGEST_SHIFT = 4.0
"""Of the bias, in log-odds, either way."""


def adapt(
    head: LinearHead,
    features: Matrix,
    is_bona_fide: NDArray[np.bool_],
    weights: Vector,
    *,
    strength: float = STRENGTH,
) -> LinearHead:
    """Return the head with a correction learnt from a site's frames.

    Minimises (|d|^2 + SHIFT_COST * shift^2) / 2 + strength * sum(weight * log loss(logit + d . z +
    shift)), where z are the features standardised as the head has them; |shift| is at most
    `LARGEST_SHIFT`. The best d lies in the span of the rows, so with few rows it is looked for
    there.

    Args:
        head: calibrated.
        features: (n, features).
        is_bona_fide: (n,) with both classes.
        weights: (n,); those of each class sum to 1.
        strength: > 0; near 0 nothing changes.

    Raises: MissingExtraError: scipy is not installed.
    """
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise MissingExtraError("scipy") from error
    standard = (features.astype(np.float64) - head.mean) / head.deviation
    before = standard @ head.coefficients + head.bias
    has_few = len(standard) <= standard.shape[1]
    forward = standard @ standard.T if has_few else standard
    signs = np.where(is_bona_fide, 1.0, -1.0)

    def loss(parameters: Vector) -> tuple[float, Vector]:
        shares, shift = parameters[:-1], parameters[-1]
        moves = forward @ shares
        own = moves if has_few else shares
        margins = signs * (before + moves + shift)
        size = (float(shares @ own) + SHIFT_COST * shift**2) / 2
        value = size + strength * float(weights @ np.logaddexp(0.0, -margins))
        pull = -strength * weights * signs / (1 + np.exp(np.clip(margins, -60, 60)))
        return value, np.append(own + forward.T @ pull, pull.sum() + SHIFT_COST * shift)

    bounds = [(None, None)] * forward.shape[1] + [(-LARGEST_SHIFT, LARGEST_SHIFT)]
    start = np.zeros(len(bounds))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return replace(
        head,
        coefficients=head.coefficients + (standard.T @ found.x[:-1] if has_few else found.x[:-1]),
        bias=head.bias + float(found.x[-1]),
    )
