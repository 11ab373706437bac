"""The similarity transform (turn, scale, shift) that best lays points on points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class DegenerateLandmarksError(ValueError):
    """All points coincide, so no transform is defined."""


def estimate_similarity(
    source: NDArray[np.float32],
    *,
    target: NDArray[np.float32],
    target_centre: NDArray[np.float32] | None = None,
) -> NDArray[np.float64]:
    """Least-squares similarity transform from `source` to `target`.

    Args:
        source: (n, 2) float32, n >= 2.
        target: (n, 2) float32, the places where `source` shall fall.
        target_centre: (2,) float32, the mean of `target` as a reference implementation rounds
            it; None computes it.

    Returns: (2, 3) float64 matrix M with target ~ M @ [x, y, 1].
    Raises: DegenerateLandmarksError: all source points coincide.
    Source: Umeyama, IEEE TPAMI 13(4), 1991, equations 38-43.
    """
    src_mean = source.mean(axis=0, dtype=np.float32)
    dst_mean = target.mean(axis=0, dtype=np.float32) if target_centre is None else target_centre
    # Centred in float32 as OpenCV does: its warp rounds to 1/32 pixel, so the last bits decide.
    src_centred = (source - src_mean).astype(np.float64)
    dst_centred = (target - dst_mean).astype(np.float64)
    variance = float((src_centred**2).sum() / len(source))
    if variance < 1e-12:
        raise DegenerateLandmarksError("all points coincide")
    u, singular, vt = np.linalg.svd(dst_centred.T @ src_centred / len(source))
    sign = np.ones(2)
    if np.linalg.det(u) * np.linalg.det(vt) < 0:
        sign[1] = -1.0
    rotation = (u * sign) @ vt
    scale = float((singular * sign).sum()) / variance
    matrix = np.empty((2, 3))
    matrix[:, :2] = scale * rotation
    matrix[:, 2] = dst_mean.astype(np.float64) - scale * (rotation @ src_mean.astype(np.float64))
    return matrix
