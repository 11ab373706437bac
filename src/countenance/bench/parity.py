"""How far our answers lie from OpenCV's on the same pixels and weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from countenance.biometrics.embeddings import Embedding
from countenance.vision.interfaces import DetectedFace


@dataclass(frozen=True, slots=True)
class Parity:
    """Largest differences over all frames."""

    embedding_max_abs: float
    """Of any of the 128 numbers of embeddings of length 1."""
    box_max_abs: float
    """Of any edge of the largest face, as a share of the frame's longer side."""
    points_max_abs: float
    """Of any coordinate of its five points, in the same unit."""
    score_max_abs: float
    """Of its detection score."""
    frames_with_other_faces: int
    """Frames in which the two found another number of faces; 0 when they agree."""

    @property
    def max_abs(self) -> float:
        """The largest of the four differences."""
        return max(
            self.embedding_max_abs, self.box_max_abs, self.points_max_abs, self.score_max_abs
        )

    def as_json(self) -> dict[str, float]:
        """Keys as the fields."""
        return asdict(self)


def parity_of(
    *,
    faces: Sequence[tuple[tuple[DetectedFace, ...], list[list[float]], int]],
    embeddings: Sequence[tuple[Embedding, list[float]]],
) -> Parity:
    """Compare answers pair by pair.

    Args:
        faces: ours, OpenCV's rows (x, y, width, height, five points, score), and the longer side
            of the frame in pixels; both with the largest face first.
        embeddings: ours and OpenCV's, of the same aligned faces.
    """
    both = [(ours[0], theirs[0], side) for ours, theirs, side in faces if ours and theirs]
    box, points, score = (
        max((measure(*pair) for pair in both), default=0.0)
        for measure in (_box_difference, _points_difference, _score_difference)
    )
    return Parity(
        embedding_max_abs=max(
            (float(np.abs(ours.values - np.asarray(theirs)).max()) for ours, theirs in embeddings),
            default=0.0,
        ),
        box_max_abs=box,
        points_max_abs=points,
        score_max_abs=score,
        frames_with_other_faces=sum(len(ours) != len(theirs) for ours, theirs, _ in faces),
    )


def _box_difference(ours: DetectedFace, theirs: list[float], side_px: int) -> float:
    x, y, width, height = theirs[:4]
    own = (ours.box.x0, ours.box.y0, ours.box.x1, ours.box.y1)
    other = (x, y, x + width, y + height)
    return float(np.abs(np.subtract(own, other)).max()) / side_px


def _points_difference(ours: DetectedFace, theirs: list[float], side_px: int) -> float:
    other = np.asarray(theirs[4:14]).reshape(5, 2)
    return float(np.abs(ours.landmarks.points - other).max()) / side_px


def _score_difference(ours: DetectedFace, theirs: list[float], _side_px: int) -> float:
    return abs(ours.detection_score - theirs[14])
