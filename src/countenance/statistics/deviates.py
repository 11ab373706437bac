"""The normal deviate, on whose axes the error trade-off of normal scores is a straight line."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_STANDARD = NormalDist()


def normal_deviates(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the normal deviate of each rate.

    Args:
        rates: (n,) strictly between 0 and 1.

    >>> normal_deviates(np.array([0.5, 0.975])).round(2).tolist()
    [0.0, 1.96]

    Source: Martin et al., The DET curve in assessment of detection task performance, 1997.
    """
    return np.array([_STANDARD.inv_cdf(float(rate)) for rate in rates], dtype=np.float64)
