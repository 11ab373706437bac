"""Differences between two engines' answers, against counts made by hand."""

import numpy as np
import pytest

from countenance.bench.parity import parity_of
from countenance.biometrics.embeddings import normalised
from countenance.geometry.boxes import Box
from countenance.geometry.landmarks import Landmarks5
from countenance.vision.interfaces import DetectedFace

POINTS = np.array([[20, 20], [40, 20], [30, 30], [22, 40], [38, 40]], np.float32)
OURS = DetectedFace(Box(10, 10, 50, 60), Landmarks5(POINTS), 0.9)
ROW = [10.0, 10.0, 40.0, 50.0, *POINTS.ravel().tolist(), 0.9]


def moved(index: int, by: float) -> list[float]:
    return [value + by * (place == index) for place, value in enumerate(ROW)]


@pytest.mark.parametrize(
    ("row", "box", "points", "score"),
    [
        (ROW, 0, 0, 0),
        (moved(0, 6.4), 0.01, 0, 0),  # x moves both vertical edges
        (moved(3, 3.2), 0.005, 0, 0),
        (moved(13, -64), 0, 0.1, 0),
        (moved(14, 0.05), 0, 0, 0.05),
    ],
)
def test_differences_are_shares_of_the_frames_longer_side(
    row: list[float], box: float, points: float, score: float
) -> None:
    parity = parity_of(faces=[((OURS,), [row], 640)], embeddings=[])
    assert parity.box_max_abs == pytest.approx(box, abs=1e-6)
    assert parity.points_max_abs == pytest.approx(points, abs=1e-6)
    assert parity.score_max_abs == pytest.approx(score, abs=1e-6)
    assert parity.max_abs == pytest.approx(max(box, points, score), abs=1e-6)


def test_the_largest_difference_of_any_embedding_counts() -> None:
    ours = normalised(np.eye(1, 128, dtype=np.float32)[0], pack="p/1")
    same, other = ours.values.tolist(), ours.values.tolist()
    other[5] = 0.25
    parity = parity_of(faces=[], embeddings=[(ours, same), (ours, other)])
    assert parity.embedding_max_abs == parity.max_abs == 0.25


def test_frames_in_which_one_side_finds_more_are_counted() -> None:
    parity = parity_of(
        faces=[((OURS,), [], 640), ((), [ROW], 640), ((), [], 640), ((OURS,), [ROW], 640)],
        embeddings=[],
    )
    assert parity.frames_with_other_faces == 2
    assert parity.max_abs == pytest.approx(0, abs=1e-6)
