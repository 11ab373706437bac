"""A passive detector whose network gives no number refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from countenance.geometry.boxes import Box
from countenance.images.image import Image
from countenance.pad.temporal import follow
from countenance.vision.backends.onnx.pad import OnnxPadModel
from tests.fixtures.bright_detectors import write_bright_detector

WHITE = Image(np.full((48, 64, 3), 255, np.uint8))


@pytest.mark.parametrize(("middle", "is_bona_fide"), [(127.0, True), (float("nan"), False)])
def test_what_is_no_number_is_no_bona_fide_presentation(
    middle: float, is_bona_fide: bool, tmp_path: Path
) -> None:
    detector = OnnxPadModel.load(write_bright_detector(tmp_path, middle=middle))
    found = detector.score(WHITE, face=Box(10, 10, 30, 30))
    assert found.is_bona_fide is is_bona_fide
    assert detector.score_crop(WHITE).is_bona_fide is is_bona_fide
    smoothed = follow(None, track_id=1, bona_fide_score=found.value).bona_fide_score
    assert (smoothed >= detector.threshold) is is_bona_fide
