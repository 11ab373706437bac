from __future__ import annotations

import dataclasses

import pytest

from countenance.ceremony.evidence import Hint
from countenance.geometry.landmarks import HeadPose
from countenance.images.quality import PictureQuality
from countenance.vision.interfaces import DetectedFace
from countenance.vision.quality import QualityLimits, first_hint, sample_quality
from tests.fakes.vision import face_at

GOOD = PictureQuality(
    luminance_mean=0.45,
    luminance_deviation=0.12,
    under_exposed_share=0.0,
    over_exposed_share=0.0,
    background_ratio=1.2,
    sharpness=0.3,
)
LEVEL = HeadPose(yaw_deg=0, pitch_deg=0, roll_deg=0)
MIDDLE = face_at(250, 150)


def hint(
    face: DetectedFace = MIDDLE,
    *,
    pose: HeadPose | None = LEVEL,
    frame_size: tuple[int, int] = (640, 480),
    **picture: float,
) -> Hint:
    return first_hint(
        face,
        pose=pose,
        picture=dataclasses.replace(GOOD, **picture),
        frame_size=frame_size,
        limits=QualityLimits(),
    )


def test_a_good_sample_needs_nothing() -> None:
    assert hint() is Hint.HOLD_STILL


@pytest.mark.parametrize(
    ("face", "expected"),
    [
        (face_at(300, 200, width=40), Hint.TOO_SMALL),
        (face_at(100, -40, width=450), Hint.TOO_LARGE),
        # Left and right are the subject's, as the picture is not mirrored.
        (face_at(-50, 150), Hint.OFF_CENTRE_RIGHT),
        (face_at(570, 150), Hint.OFF_CENTRE_LEFT),
        (face_at(250, -60), Hint.OFF_CENTRE_UP),
        (face_at(250, 400), Hint.OFF_CENTRE_DOWN),
    ],
)
def test_distance_and_place(face: DetectedFace, expected: Hint) -> None:
    assert hint(face) is expected


def test_a_phone_held_upright_is_no_far_face() -> None:
    assert hint(face_at(130, 200, width=92), frame_size=(352, 640)) is Hint.HOLD_STILL


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        ({"luminance_mean": 0.08}, Hint.TOO_DARK),
        ({"luminance_deviation": 0.02}, Hint.TOO_DARK),
        ({"luminance_mean": 0.95}, Hint.TOO_BRIGHT),
        ({"over_exposed_share": 0.5}, Hint.TOO_BRIGHT),
        ({"luminance_mean": 0.2, "background_ratio": 4.0}, Hint.BACKLIT),
        ({"sharpness": 0.05}, Hint.BLURRED),
    ],
)
def test_light_and_sharpness(picture: dict[str, float], expected: Hint) -> None:
    assert hint(**picture) is expected


@pytest.mark.parametrize(
    ("pose", "expected"),
    [
        (HeadPose(50, 0, 0), Hint.TURNED),
        (HeadPose(-50, 0, 0), Hint.TURNED),
        (HeadPose(0, 45, 0), Hint.TURNED),
        (HeadPose(0, 0, -40), Hint.TILTED),
        (HeadPose(20, -15, 10), Hint.HOLD_STILL),
        (None, Hint.TURNED),
    ],
)
def test_pose(pose: HeadPose | None, expected: Hint) -> None:
    assert hint(pose=pose) is expected


def test_the_distance_is_mended_before_the_light_and_the_light_before_the_sharpness() -> None:
    far = face_at(300, 200, width=40)
    assert hint(far, luminance_mean=0.05, sharpness=0.01) is Hint.TOO_SMALL
    assert hint(luminance_mean=0.05, sharpness=0.01) is Hint.TOO_DARK


def test_samples_are_ordered_from_frontal_and_sharp_to_turned_and_soft() -> None:
    soft = dataclasses.replace(GOOD, sharpness=0.15)
    best = sample_quality(pose=LEVEL, picture=GOOD, face=MIDDLE)
    turned = sample_quality(pose=HeadPose(30, 0, 0), picture=GOOD, face=MIDDLE)
    assert 0 < sample_quality(pose=HeadPose(30, 0, 0), picture=soft, face=MIDDLE) < turned < best
    assert best <= 1
    assert sample_quality(pose=None, picture=GOOD, face=MIDDLE) == 0
