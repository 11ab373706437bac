"""The five points of a face and the head pose they tell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

RIGHT_EYE: Final = 0
LEFT_EYE: Final = 1
NOSE: Final = 2
RIGHT_MOUTH: Final = 3
LEFT_MOUTH: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks5:
    """Right eye, left eye, nose tip, right and left mouth corner; right is the subject's right."""

    points: NDArray[np.float32]
    """(5, 2) float32, x and y in pixels of the image they were found in."""

    def __post_init__(self) -> None:
        if self.points.shape != (5, 2) or self.points.dtype != np.float32:
            raise ValueError(
                f"landmarks must be (5, 2) float32, got {self.points.shape} {self.points.dtype}"
            )
        if not np.isfinite(self.points).all():
            raise ValueError("landmarks must be finite")

    @property
    def inter_eye_distance_px(self) -> float:
        """Distance of the eye centres in pixels (ISO/IEC 29794-5, inter-eye distance)."""
        (x, y) = (self.points[LEFT_EYE] - self.points[RIGHT_EYE]).tolist()
        return math.hypot(x, y)

    def scaled(self, factor: float) -> Landmarks5:
        """The same points in an image resized by `factor`."""
        return Landmarks5((self.points * factor).astype(np.float32))

    def mirrored(self, width_px: int) -> Landmarks5:
        """The same points in the mirrored image; what was right is left."""
        points = self.points[[LEFT_EYE, RIGHT_EYE, NOSE, LEFT_MOUTH, RIGHT_MOUTH]]
        return Landmarks5((points * [-1, 1] + [width_px - 1, 0]).astype(np.float32))


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Where a head points, in degrees; an estimate from five points, good to about 10 degrees."""

    yaw_deg: float
    """Positive when the subject turns to their own left (to the right of an unmirrored image)."""
    pitch_deg: float
    """Positive when the subject looks up."""
    roll_deg: float
    """Positive when the head tilts clockwise in the image."""


def head_pose(landmarks: Landmarks5) -> HeadPose | None:
    """Estimate the head pose from the nose's place among eyes and mouth.

    The nose tip stands in front of the plane of eyes and mouth by about 0.6 eye distances, so its
    sideways shift from the middle line over that depth is the tangent of the yaw; the same
    holds upwards for the pitch, around the place where a frontal nose lies.

    Args:
        landmarks: pixels; any scale.

    Returns: the pose, or None when eyes and mouth fall together and tell nothing.
    Source: own proportions, from the reference points of the SFace alignment.
    """
    # Plain numbers: for five points an array takes longer to make than to compute with.
    (rx, ry), (lx, ly), (nx, ny), (rmx, rmy), (lmx, lmy) = landmarks.points.tolist()
    across_x, across_y = (lx - rx) + (lmx - rmx), (ly - ry) + (lmy - rmy)
    down_x, down_y = (rmx + lmx - rx - lx) / 2, (rmy + lmy - ry - ly) / 2
    across = math.hypot(across_x, across_y)
    if across < 1e-6 or math.hypot(down_x, down_y) < 1e-6:
        return None
    right_x, right_y = across_x / across, across_y / across
    below_x, below_y = -right_y, right_x
    face_height = down_x * below_x + down_y * below_y
    if face_height < 1e-6:
        return None
    # A frontal face is 1.16 times as high between eyes and mouth as its eyes are apart; the
    # height shortens with pitch only and the width with yaw only, so the larger is the scale.
    scale = max(math.hypot(lx - rx, ly - ry), face_height / _FACE_HEIGHT)
    nose_x, nose_y = nx - (rx + lx + rmx + lmx) / 4, ny - (ry + ly + rmy + lmy) / 4
    aside = (nose_x * right_x + nose_y * right_y) / scale
    lowered = (nose_x * below_x + nose_y * below_y) / scale
    return HeadPose(
        yaw_deg=math.degrees(math.asin(_clip(aside / _NOSE_DEPTH))),
        pitch_deg=math.degrees(math.asin(_clip((_NOSE_LOWERED - lowered) / _NOSE_DEPTH))),
        roll_deg=math.degrees(math.atan2(right_y, right_x)),
    )


_FACE_HEIGHT: Final = 1.16
_NOSE_DEPTH: Final = 0.6
_NOSE_LOWERED: Final = 0.06
# The median of LFW portraits and of webcam users alike: there, a head counts as level.


def _clip(sine: float) -> float:
    return max(-1.0, min(1.0, sine))
