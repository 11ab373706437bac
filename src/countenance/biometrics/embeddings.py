"""Embeddings: unit vectors whose dot product is the similarity of two faces."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """One face as a point on the unit sphere of its model.

    As sensitive as the face itself: never logged, never sent, stored encrypted only.
    """

    values: NDArray[np.float32]
    """(d,) float32, Euclidean length 1."""
    pack: str
    """Model pack and version that made it, such as `opencv-zoo/1`; others do not compare."""

    def __post_init__(self) -> None:
        if self.values.ndim != 1 or self.values.dtype != np.float32:
            raise ValueError("an embedding is a (d,) float32 vector")
        if not abs(math.sqrt(self.values @ self.values) - 1.0) < 1e-3:
            raise ValueError("an embedding has length 1")

    def __repr__(self) -> str:
        return f"Embedding(pack={self.pack!r}, d={self.values.size})"


def normalised(values: NDArray[np.floating], *, pack: str) -> Embedding:
    """Make an embedding of raw network output.

    Args:
        values: (d,) of any float type; not all zero.
        pack: model pack and version.

    Raises: ValueError: the vector has no direction (all zero or not finite).
    """
    raw = np.asarray(values, dtype=np.float64).ravel()
    length = math.sqrt(raw @ raw)
    if not math.isfinite(length) or length < 1e-12:
        raise ValueError("the vector has no direction")
    return Embedding((raw / length).astype(np.float32), pack)
