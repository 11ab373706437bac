from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from countenance.geometry.landmarks import HeadPose, Landmarks5, head_pose

# A head in units of the eye distance: x to the subject's left, y down, z towards the camera.
HEAD = np.array(
    [[-0.5, -0.58, 0], [0.5, -0.58, 0], [0, 0.06, 0.6], [-0.42, 0.58, 0], [0.42, 0.58, 0]]
)


def seen(yaw_deg: float = 0, pitch_deg: float = 0, roll_deg: float = 0) -> Landmarks5:
    """Orthographic view of `HEAD` after it turned left, looked up and tilted clockwise."""
    yaw, pitch, roll = (math.radians(angle) for angle in (yaw_deg, pitch_deg, roll_deg))
    up = np.array(
        [
            [1, 0, 0],
            [0, math.cos(pitch), -math.sin(pitch)],
            [0, math.sin(pitch), math.cos(pitch)],
        ]
    )
    left = np.array(
        [[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]]
    )
    tilt = np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])
    flat: NDArray[np.float64] = (HEAD @ up.T @ left.T)[:, :2] @ tilt.T
    return Landmarks5((flat * 80 + 200).astype(np.float32))


def pose_of(landmarks: Landmarks5) -> HeadPose:
    pose = head_pose(landmarks)
    assert pose is not None
    return pose


@pytest.mark.parametrize("yaw_deg", [-40, -20, -8, 0, 8, 20, 40])
def test_yaw_is_positive_to_the_subjects_left_and_near_the_truth(yaw_deg: float) -> None:
    assert pose_of(seen(yaw_deg=yaw_deg)).yaw_deg == pytest.approx(yaw_deg, abs=4)


@pytest.mark.parametrize("pitch_deg", [-25, -10, 0, 10, 25])
def test_pitch_is_positive_upwards_and_near_the_truth(pitch_deg: float) -> None:
    assert pose_of(seen(pitch_deg=pitch_deg)).pitch_deg == pytest.approx(pitch_deg, abs=6)


@pytest.mark.parametrize("roll_deg", [-30, 0, 15, 30])
def test_roll_is_positive_clockwise_and_leaves_the_rest_alone(roll_deg: float) -> None:
    pose = pose_of(seen(roll_deg=roll_deg))
    assert pose.roll_deg == pytest.approx(roll_deg, abs=1)
    assert pose.yaw_deg == pytest.approx(0, abs=1)
    assert pose.pitch_deg == pytest.approx(0, abs=1)


def test_the_pose_does_not_depend_on_size() -> None:
    landmarks = seen(yaw_deg=15, pitch_deg=5)
    assert pose_of(landmarks.scaled(3.5)).yaw_deg == pytest.approx(
        pose_of(landmarks).yaw_deg, abs=1e-3
    )


def test_points_that_coincide_tell_no_pose() -> None:
    assert head_pose(Landmarks5(np.full((5, 2), 3, np.float32))) is None


@pytest.mark.parametrize(
    "points", [np.zeros((5, 2)), np.zeros((4, 2), np.float32), np.full((5, 2), np.nan, np.float32)]
)
def test_points_of_another_shape_or_type_are_refused(points: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match="landmarks"):
        Landmarks5(points)
