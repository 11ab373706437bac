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
    Source: Umeyama, IEEE TPAMI 13(4), 1991, equations 38-43, in two dimensions.
    """
    src_mean = source.mean(axis=0, dtype=np.float32)
    dst_mean = target.mean(axis=0, dtype=np.float32) if target_centre is None else target_centre
    # Centred in float32 as OpenCV does: its warp rounds to 1/32 pixel, so the last bits decide.
    src_centred = (source - src_mean).astype(np.float64)
    dst_centred = (target - dst_mean).astype(np.float64)
    spread = float(np.vdot(src_centred, src_centred))
    if spread / len(source) < 1e-12:
        raise DegenerateLandmarksError("all points coincide")
    # In the plane the best turn needs no decomposition: points are complex numbers, and turn and
    # scale are one factor. Where a mirrored one would lie nearer it is the best that mirrors not.
    along = float(np.vdot(src_centred, dst_centred)) / spread
    across = (
        float(src_centred[:, 0] @ dst_centred[:, 1] - src_centred[:, 1] @ dst_centred[:, 0])
        / spread
    )
    matrix = np.array([[along, -across, 0.0], [across, along, 0.0]])
    matrix[:, 2] = dst_mean - matrix[:, :2] @ src_mean.astype(np.float64)
    return matrix
