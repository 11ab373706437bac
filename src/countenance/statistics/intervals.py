"""How far a counted rate can be trusted: exact intervals, and percentiles of a bootstrap."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
_BISECTIONS = 200
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the true value lies with a confidence of 95 %."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of errors with its exact 95 % confidence interval."""

    errors: int
    total: int
    """Never 0."""
    low: float
    """Lower end of the Clopper-Pearson interval, 0..1."""
    high: float
    """Upper end, 0..1."""

    @property
    def value(self) -> float:
        return self.errors / self.total

    @property
    def interval(self) -> Interval:
        return Interval(self.low, self.high)


def rate(errors: int, total: int, *, confidence: float = CONFIDENCE) -> Rate:
    """Return the share of errors with its Clopper-Pearson interval.

    It holds for trials that do not depend on each other. Comparisons that share a person do, so
    for them the truth is less certain than it says; see `bootstrap`.

    >>> r = rate(0, 10)
    >>> r.value, r.low, round(r.high, 4)
    (0.0, 0.0, 0.3085)

    Raises: ValueError: no trial, or more errors than trials.
    Source: Clopper and Pearson, Biometrika 26(4), 1934; one of the methods of ISO/IEC 19795-1.
    """
    if total < 1 or not 0 <= errors <= total:
        raise ValueError(f"{errors} errors of {total} trials is no rate")
    tail = (1 - confidence) / 2
    low, high = 0.0, 1.0
    if errors > 0:
        low = _root(lambda p: at_least(errors, total, p) - tail)
    if errors < total:
        high = _root(lambda p: tail - (1 - at_least(errors + 1, total, p)))
    return Rate(errors, total, low, high)


def percentile_interval(
    replicates: NDArray[np.float64], *, confidence: float = CONFIDENCE
) -> Interval | None:
    """Return the middle share of bootstrap replicates.

    Args:
        replicates: (n,) the value in each; nan where it could not be told.
        confidence: share that lies inside.

    Returns: None without replicates, or when one of them could not be told.
    Source: Efron, Annals of Statistics 7(1), 1979 (percentile method).
    """
    if not replicates.size or np.isnan(replicates).any():
        return None
    tail = (1 - confidence) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail])
    return Interval(float(low), float(high))


def at_least(count: int, total: int, probability: float) -> float:
    """Probability of `count` or more errors in `total` trials: a binomial tail, 0..1.

    It takes about as many steps as the root of `total`, so millions of trials are no burden.

    >>> round(at_least(2, 3, 0.5), 6)
    0.5
    """
    if count <= 0 or probability >= 1.0:
        return 1.0
    if probability <= 0.0 or count > total:
        return 0.0
    return _incomplete_beta(probability, float(count), float(total - count + 1))


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function I_x(a, b) for 0 < x < 1; source: DLMF 8.17.22."""
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(1 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front += a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) / (a * _beta_fraction(x, a, b))


def _beta_fraction(x: float, a: float, b: float) -> float:
    """1 + d1 / (1 + d2 / (1 + ...)), forwards as by Lentz (Applied Optics 15(3), 1976)."""
    value = above = 1.0
    below = 0.0
    for step in range(1, 1_000_000):
        half = step // 2
        if step % 2:
            term = -(a + half) * (a + b + half) / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            term = half * (b - half) / ((a + 2 * half - 1) * (a + 2 * half))
        below = 1 / _not_zero(1 + term * x * below)
        above = _not_zero(1 + term * x / above)
        value *= above * below
        if abs(above * below - 1) < 1e-15:
            break
    return value


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _root(increasing: Callable[[float], float]) -> float:
    """Where a function on 0..1 crosses zero, to the last digit, however small."""
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if middle in (low, high) or high - low < 1e-13 * high:
            break
        low, high = (low, middle) if increasing(middle) > 0 else (middle, high)
    return (low + high) / 2
