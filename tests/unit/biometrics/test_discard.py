"""What is left of the errors without the worst samples."""

import numpy as np
import pytest

from countenance.biometrics.discard import error_versus_discard


def test_errors_go_with_the_comparisons_that_are_discarded() -> None:
    quality = np.array([0.9, 0.1, 0.5, 0.2])
    errors = np.array([False, True, True, False])
    curve = error_versus_discard(errors, quality)
    assert curve.discarded.tolist() == [0.0, 0.25, 0.5]
    assert curve.error == pytest.approx([2 / 4, 1 / 3, 1 / 2])
    assert curve.error_at(0.3) == pytest.approx(1 / 3)
    assert curve.error_at(0.0) == pytest.approx(1 / 2)


def test_equal_quality_is_discarded_together() -> None:
    curve = error_versus_discard(np.array([True, False, False, False]), np.array([1, 1, 2, 2.0]))
    assert curve.discarded.tolist() == [0.0, 0.5]
    assert curve.error == pytest.approx([1 / 4, 0.0])


def test_quality_that_is_all_the_same_discards_nothing() -> None:
    curve = error_versus_discard(np.array([True, False]), np.ones(2))
    assert (curve.discarded.tolist(), curve.error.tolist()) == ([0.0], [0.5])
