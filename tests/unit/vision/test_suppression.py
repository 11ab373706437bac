from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from countenance.vision.backends.onnx.yunet import suppress


def rows(*boxes: tuple[float, float, float, float, float]) -> NDArray[np.float32]:
    """Rows of (x, y, width, height, score)."""
    found = np.zeros((len(boxes), 15), np.float32)
    for row, (x, y, width, height, score) in zip(found, boxes, strict=True):
        row[[0, 1, 2, 3, 14]] = x, y, width, height, score
    return found


def test_the_best_of_overlapping_boxes_is_kept() -> None:
    kept = suppress(rows((0, 0, 10, 10, 0.8), (1, 0, 10, 10, 0.9), (50, 0, 10, 10, 0.7)), iou=0.3)
    np.testing.assert_allclose(kept[:, 14], [0.9, 0.7])


def test_a_dropped_box_drops_no_other() -> None:
    # The middle box overlaps both, the outer ones do not overlap each other.
    kept = suppress(rows((0, 0, 10, 10, 0.9), (5, 0, 10, 10, 0.8), (10, 0, 10, 10, 0.7)), iou=0.3)
    np.testing.assert_allclose(kept[:, 14], [0.9, 0.7])


def test_no_boxes_stay_no_boxes() -> None:
    assert suppress(rows(), iou=0.3).shape == (0, 15)
