"""Heads learn what a teacher says, as far as the features tell it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from countenance.datasets.manifest import Kind, Presentation
from countenance.geometry.boxes import Box
from countenance.geometry.landmarks import Landmarks5
from countenance.images.image import Image
from countenance.training.errors import TrainingError
from countenance.training.teaching import LIMIT, learn, open_teacher, taught_log_odds
from countenance.vision.interfaces import DetectedFace


def test_what_the_features_tell_is_learnt() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(3, 2, (400, 6)).astype(np.float32)
    targets = features[:, 1] - 3 + 0.5
    lesson = learn(features, targets, strength=1.0)
    assert lesson is not None
    assert lesson.logits(features) == pytest.approx(targets, abs=0.1)


def test_how_sure_a_teacher_is_counts_up_to_a_limit() -> None:
    features = np.array([[0.0], [1.0]] * 20, np.float32)
    sure = learn(features, np.array([-500.0, 500.0] * 20), strength=1e-6)
    assert sure is not None
    assert sure.logits(features[:2]) == pytest.approx([-LIMIT, LIMIT], abs=0.01)


class WidthOfTheFace:
    """A teacher that says how wide the box is that it was given."""

    name = "width/1"

    def log_odds(self, image: Image, *, face: Box) -> float:
        return face.width_px


class OneFace:
    def detect(self, image: Image, *, max_side_px: int | None = None) -> tuple[DetectedFace, ...]:
        points = np.array([[22, 28], [38, 28], [30, 38], [24, 46], [36, 46]], np.float32)
        face = DetectedFace(Box(15, 15, 45, 55), Landmarks5(points), 0.9)
        return (face,) if image.pixels.any() else ()


def test_a_frame_is_shown_with_its_face_and_a_crop_as_it_is(tmp_path: Path) -> None:
    shown = []
    for name, level, kind in (
        ("frame", 90, Kind.FULL_FRAME),
        ("crop", 90, Kind.TIGHT_CROP),
        ("empty", 0, Kind.FULL_FRAME),
    ):
        path = tmp_path / f"{name}.png"
        cv2.imwrite(str(path), np.full((64, 80, 3), level, np.uint8))
        shown.append(Presentation(path, "a", "", None, kind))
    told = taught_log_odds(shown, teacher=WidthOfTheFace(), detector=OneFace())
    assert told[:2].tolist() == [30, 80]
    assert np.isnan(told[2])


def test_a_teacher_that_is_not_installed_is_told_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="not installed") as refused:
        open_teacher(tmp_path)
    assert "countenance models install minifasnet" in refused.value.remedy
