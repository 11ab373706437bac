"""Ridge regression from sums, so that rows can be left out again without a pass over the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from countenance.training.logistic import LinearHead, Matrix, Vector

_ROWS_AT_ONCE = 4096
_STILL = 1e-10
"""A feature whose variance is no larger a share of its squared mean never changes: what is left of
it is rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class RidgeSums:
    """All that a least squares fit needs to know of its rows."""

    count: int
    features: Vector
    """(d,) sum over rows."""
    targets: float
    products: Vector
    """(d, d) sum of the outer products of features."""
    pull: Vector
    """(d,) sum of target * features."""

    @classmethod
    def of(cls, features: Matrix, targets: Vector) -> Self:
        """Args: features: (n, d), n may be 0. targets: (n,) finite."""
        width = features.shape[1]
        products, pull = np.zeros((width, width)), np.zeros(width)
        for start in range(0, len(features), _ROWS_AT_ONCE):
            part = features[start : start + _ROWS_AT_ONCE].astype(np.float64)
            products += part.T @ part
            pull += part.T @ targets[start : start + _ROWS_AT_ONCE]
        total = features.sum(axis=0, dtype=np.float64)
        return cls(len(features), total, float(targets.sum()), products, pull)

    def without(self, other: Self) -> Self:
        """The sums of the rows that `other`, which was made of some of them, did not see."""
        return type(self)(
            self.count - other.count,
            self.features - other.features,
            self.targets - other.targets,
            self.products - other.products,
            self.pull - other.pull,
        )

    def fit(self, *, strength: float) -> LinearHead | None:
        """Predict the target from standardised features.

        Minimises |target - w . z - bias|^2 + strength * |w|^2; the bias is free.

        Args: strength: > 0.

        Returns: None without rows.
        """
        if not self.count:
            return None
        mean, bias = self.features / self.count, self.targets / self.count
        spread = self.products - self.count * np.outer(mean, mean)
        variance = np.diagonal(spread) / self.count
        moves = variance > _STILL * np.square(mean)
        deviation = np.sqrt(np.where(moves, variance, 1.0))
        inner = np.where(np.outer(moves, moves), spread, 0.0) / np.outer(deviation, deviation)
        inner[np.diag_indices_from(inner)] += strength
        pull = np.where(moves, self.pull - self.targets * mean, 0.0) / deviation
        return LinearHead(mean, deviation, np.linalg.solve(inner, pull), bias)
