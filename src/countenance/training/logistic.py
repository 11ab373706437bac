"""Logistic regression over fixed features: the heads of the linear detector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countenance.training.errors import MissingExtraError

Matrix = NDArray[np.float32]
Vector = NDArray[np.float64]

MAX_ITERATIONS = 300


@dataclass(frozen=True, slots=True, eq=False)
class LinearHead:
    """Standardisation and a linear map: logit = ((x - mean) / deviation) . coefficients + bias."""

    mean: Vector
    """(features,)"""
    deviation: Vector
    """(features,); never 0."""
    coefficients: Vector
    """(features,)"""
    bias: float

    def logits(self, features: Matrix) -> Vector:
        """Return (n,) logits, positive = bona fide, of (n, features)."""
        slope, offset = self.folded()
        return features.astype(np.float64) @ slope + offset

    def folded(self) -> tuple[Vector, float]:
        """The same map on features that were not standardised: (slope, offset)."""
        slope = self.coefficients / self.deviation
        return slope, float(self.bias - self.mean @ slope)

    def rescaled(self, *, slope: float, offset: float) -> LinearHead:
        """The head whose logits are `slope` * logit + `offset`."""
        return LinearHead(
            self.mean, self.deviation, self.coefficients * slope, self.bias * slope + offset
        )

    def plus(self, other: LinearHead, *, share: float) -> LinearHead:
        """The head whose logits are this one's and `share` of those of another."""
        slope, offset = other.folded()
        return LinearHead(
            self.mean,
            self.deviation,
            self.coefficients + share * slope * self.deviation,
            self.bias + share * float(offset + self.mean @ slope),
        )


def fit(
    features: Matrix,
    is_bona_fide: NDArray[np.bool_],
    weights: Vector,
    *,
    c: float,
    columns: int | None = None,
) -> LinearHead:
    """Fit L2-regularised logistic regression on standardised features.

    Minimises |w|^2 / 2 + c * sum(weight * log loss); the bias is free.

    Args:
        features: (n, features).
        is_bona_fide: (n,) with both classes.
        weights: (n,), mean about 1.
        c: inverse strength of the regularisation, > 0.
        columns: only the first so many features count; None takes all.

    Raises: MissingExtraError: scipy is not installed.
    """
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise MissingExtraError("scipy") from error
    mean = features.mean(axis=0, dtype=np.float64)
    deviation = np.maximum(features.std(axis=0, dtype=np.float64), 1e-6)
    standard = ((features - mean) / deviation).astype(np.float32)[:, :columns]
    signs = np.where(is_bona_fide, 1.0, -1.0)

    def loss(parameters: Vector) -> tuple[float, Vector]:
        w, bias = parameters[:-1], parameters[-1]
        margins = signs * (standard @ w.astype(np.float32) + bias)
        value = float(w @ w) / 2 + c * float(weights @ np.logaddexp(0.0, -margins))
        pull = -c * weights * signs * _sigmoid(-margins)
        return value, np.append(w + standard.T @ pull.astype(np.float32), pull.sum())

    start = np.zeros(standard.shape[1] + 1)
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": MAX_ITERATIONS, "gtol": 1e-3}
    )
    coefficients = np.zeros(features.shape[1])
    coefficients[: standard.shape[1]] = found.x[:-1]
    return LinearHead(mean, deviation, coefficients, float(found.x[-1]))


def fit_platt(
    logits: Vector, is_bona_fide: NDArray[np.bool_], weights: Vector
) -> tuple[float, float]:
    """Return (slope, offset) that turn held-out logits into calibrated ones.

    Newton's method on the two parameters; the slope stays positive.

    Source: Platt, "Probabilistic outputs for support vector machines", 1999, with his targets.
    """
    positive, negative = int(is_bona_fide.sum()), int((~is_bona_fide).sum())
    targets = np.where(is_bona_fide, (positive + 1) / (positive + 2), 1 / (negative + 2))
    inputs = np.column_stack([logits, np.ones_like(logits)])
    parameters = np.array([1.0, 0.0])
    for _ in range(50):
        predicted = _sigmoid(inputs @ parameters)
        slope = inputs.T @ (weights * (predicted - targets))
        curvature = (inputs * (weights * predicted * (1 - predicted))[:, None]).T @ inputs
        step = np.linalg.solve(curvature + 1e-9 * np.eye(2), slope)
        parameters = parameters - step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
    return max(float(parameters[0]), 1e-3), float(parameters[1])


def _sigmoid(values: Vector) -> Vector:
    return 1 / (1 + np.exp(-np.clip(values, -60, 60)))
