"""Eye openness from patches: drawn eyes, and the labelled frames of real clips."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from countenance.geometry.landmarks import Landmarks5
from countenance.images.image import ColourOrder, Image
from countenance.images.video import open_video
from countenance.vision.engine import open_recognition
from countenance.vision.eye_openness import EyeOpenness, sideways_contrast
from countenance.vision.tracking import Tracker

POINTS = Landmarks5(
    np.array([[120, 120], [200, 120], [160, 165], [130, 205], [190, 205]], np.float32)
)


def face(openness: float, *, level: int = 170) -> Image:
    """Two eyes of that opening, 0..1, on even skin."""
    pixels = np.full((280, 320, 3), level, np.uint8)
    for x, y in POINTS.points[:2].astype(int).tolist():
        height = max(1, round(9 * openness))
        cv2.ellipse(pixels, (x, y), (16, height), 0, 0, 360, (level * 1.3,) * 3, cv2.FILLED)
        inside = np.zeros(pixels.shape[:2], np.uint8)
        cv2.ellipse(inside, (x, y), (16, height), 0, 0, 360, 255, cv2.FILLED)
        iris = np.zeros_like(inside)
        cv2.circle(iris, (x, y), 8, 255, cv2.FILLED)
        pixels[(inside > 0) & (iris > 0)] = 40
        cv2.ellipse(pixels, (x, y), (17, height), 0, 180, 360, (60, 60, 60), 2)
    return Image(pixels)


def test_wider_eyes_have_more_contrast_sideways() -> None:
    contrasts = [sideways_contrast(face(o), landmarks=POINTS) for o in (0.1, 0.4, 0.7, 1.0)]
    assert contrasts == sorted(contrasts)
    assert contrasts[0] < 0.6 * contrasts[-1]


def test_light_and_channel_order_hardly_matter() -> None:
    bright = sideways_contrast(face(1.0), landmarks=POINTS)
    dark = Image((face(1.0).pixels * 0.5).astype(np.uint8))
    assert sideways_contrast(dark, landmarks=POINTS) == pytest.approx(bright, rel=0.03)
    rgb = face(1.0).to(ColourOrder.RGB)
    assert sideways_contrast(rgb, landmarks=POINTS) == pytest.approx(bright, rel=0.03)


def test_a_tilted_head_gives_the_same() -> None:
    turn = cv2.getRotationMatrix2D((160, 140), 25, 1.0)
    pixels = cv2.warpAffine(face(1.0).pixels, turn, (320, 280), borderValue=(170, 170, 170))
    points = Landmarks5((POINTS.points @ turn[:, :2].T + turn[:, 2]).astype(np.float32))
    upright = sideways_contrast(face(1.0), landmarks=POINTS)
    tilted = sideways_contrast(Image(np.asarray(pixels, np.uint8)), landmarks=points)
    assert tilted == pytest.approx(upright, rel=0.15)


def test_a_blink_is_read_against_the_eyes_own_habit() -> None:
    eyes = EyeOpenness()
    first = [eyes.measure(face(0.8), landmarks=POINTS, track_id=1) for _ in range(12)]
    assert first[:9] == [None] * 9
    assert first[-1] == pytest.approx(1.0)
    shut = eyes.measure(face(0.0), landmarks=POINTS, track_id=1)
    assert shut is not None
    assert shut < 0.4
    assert eyes.measure(face(0.8), landmarks=POINTS, track_id=1) == pytest.approx(1.0)


def test_another_face_starts_anew_and_a_blank_one_tells_nothing() -> None:
    eyes = EyeOpenness()
    for _ in range(12):
        eyes.measure(face(0.8), landmarks=POINTS, track_id=1)
    assert eyes.measure(face(0.8), landmarks=POINTS, track_id=2) is None
    blank = Image(np.full((280, 320, 3), 90, np.uint8))
    assert {eyes.measure(blank, landmarks=POINTS, track_id=3) for _ in range(12)} == {None}


@pytest.mark.real_data
def test_labelled_shut_eyes_rank_low_in_their_clip(shared_data: Path, tmp_path: Path) -> None:
    """Most frames of a clip are more open than those labelled as shut."""
    with (shared_data / "video" / "blinks.csv").open(newline="") as file:
        labelled = [int(r["frame_eyes_closed"]) for r in csv.DictReader(file) if "d18" in r["path"]]
    detector, _, _ = open_recognition(tmp_path)
    tracker, eyes, openness = Tracker(detector), EyeOpenness(), {}
    with open_video(shared_data / "video" / "lp_d18.mp4") as reader:
        for frame in reader.frames():
            seen = tracker.follow(frame.image)
            assert seen is not None
            openness[frame.index] = eyes.measure(
                frame.image, landmarks=seen.face.landmarks, track_id=seen.track_id
            )
    others = [v for index, v in openness.items() if v is not None and index not in labelled]
    for index in labelled:
        shut = openness[index]
        assert shut is not None
        assert np.mean(np.array(others) > shut) > 0.9
