from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.geometry.similarity import DegenerateLandmarksError, estimate_similarity
from countenance.images.crops import REFERENCE_POINTS


@given(st.floats(0.3, 5), st.floats(-math.pi, math.pi), st.floats(-300, 300), st.floats(-300, 300))
def test_the_transform_that_moved_the_points_is_found_again(
    scale: float, turn_rad: float, x: float, y: float
) -> None:
    cosine, sine = scale * math.cos(turn_rad), scale * math.sin(turn_rad)
    expected = np.array([[cosine, -sine, x], [sine, cosine, y]])
    moved = REFERENCE_POINTS @ expected[:, :2].T + expected[:, 2]
    found = estimate_similarity(REFERENCE_POINTS, target=moved.astype(np.float32))
    np.testing.assert_allclose(found, expected, atol=2e-3 * max(1.0, scale))


def test_a_mirrored_target_is_approached_without_mirroring() -> None:
    mirrored = REFERENCE_POINTS * np.array([-1, 1], np.float32)
    found = estimate_similarity(REFERENCE_POINTS, target=mirrored)
    assert np.linalg.det(found[:, :2]) > 0


def test_points_that_coincide_define_no_transform() -> None:
    with pytest.raises(DegenerateLandmarksError):
        estimate_similarity(np.full((5, 2), 7, np.float32), target=REFERENCE_POINTS)


@given(st.integers(0, 10**6))
def test_the_transform_is_that_of_the_singular_value_decomposition(seed: int) -> None:
    """Umeyama's equations as they stand, for points that no similarity moves onto each other."""
    rng = np.random.default_rng(seed)
    source, target = (rng.normal(0, 50, (5, 2)).astype(np.float32) for _ in range(2))
    found = estimate_similarity(source, target=target)
    from_mean, to_mean = source.mean(axis=0), target.mean(axis=0)
    src, dst = ((p - m).astype(float) for p, m in ((source, from_mean), (target, to_mean)))
    u, singular, vt = np.linalg.svd(dst.T @ src / 5)
    sign = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    turn = (u * sign) @ vt
    scale = (singular * sign).sum() / ((src**2).sum() / 5)
    np.testing.assert_allclose(found[:, :2], scale * turn, atol=1e-9)
    np.testing.assert_allclose(found[:, 2], to_mean - scale * turn @ from_mean, atol=1e-4)
