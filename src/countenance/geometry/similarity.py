"""The similarity transform (turn, scale, shift) that best lays points on points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class DegenerateLandmarksError(ValueError):
    """All points coincide, so no transform is defined."""


def estimate_similarity(
    source: NDArray[np.float32], *, target: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Least-squares similarity transform from `source` to `target`.

    Args:
        source: (n, 2) float32, n >= 2.
        target: (n, 2) float32, the places where `source` shall fall.

    Returns: (2, 3) float64 matrix M with target ~ M @ [x, y, 1].
    Raises: DegenerateLandmarksError: all source points coincide.
    Source: Umeyama, IEEE TPAMI 13(4), 1991, equations 38-43.
    """
    src, dst = source.astype(np.float64), target.astype(np.float64)
    src_mean, dst_mean = src.mean(axis=0), dst.mean(axis=0)
    src_centred, dst_centred = src - src_mean, dst - dst_mean
    variance = float((src_centred**2).sum() / len(src))
    if variance < 1e-12:
        raise DegenerateLandmarksError("all points coincide")
    u, singular, vt = np.linalg.svd(dst_centred.T @ src_centred / len(src))
    sign = np.ones(2)
    if np.linalg.det(u) * np.linalg.det(vt) < 0:
        sign[1] = -1.0
    rotation = (u * sign) @ vt
    scale = float((singular * sign).sum()) / variance
    matrix = np.empty((2, 3))
    matrix[:, :2] = scale * rotation
    matrix[:, 2] = dst_mean - scale * rotation @ src_mean
    return matrix
