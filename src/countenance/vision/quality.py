"""Is this sample good enough, and if not, what should the person mend first?

In the manner of ISO/IEC 29794-5: each measure has a limit, the answer is the first one missed, in
the order in which a person can mend them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from countenance.ceremony.evidence import Hint
from countenance.geometry.boxes import Box
from countenance.geometry.landmarks import HeadPose
from countenance.images.quality import PictureQuality
from countenance.vision.interfaces import DetectedFace


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """What a sample must reach to be judged."""

    min_inter_eye_px: float = 24.0
    """SFace sees 35 pixels between the eyes; below about two thirds of it detail is invented."""
    min_share: float = 0.2
    """Least height of the face box over the shorter side of the frame: about 1.4 m from a webcam;
    293 frames of webcam and phone users lie above 0.21."""
    max_share: float = 1.05
    """Largest height of the face box over the height of the frame; above it brow or chin is cut."""
    min_inside_share: float = 0.93
    """Least share of the face box that lies inside the frame."""
    max_yaw_deg: float = 35.0
    max_pitch_deg: float = 35.0
    max_roll_deg: float = 17.0
    """Measured rolls of tilted heads come out a quarter too small; at a true 30 degrees similarity
    begins to suffer. 99 of 100 webcam users who face the camera stay below 15."""
    min_luminance: float = 0.12
    """Mean grey value of the face, 0..1."""
    max_luminance: float = 0.90
    min_deviation: float = 0.035
    """Contrast of the face, deviation of the grey value."""
    max_over_exposed_share: float = 0.2
    max_background_ratio: float = 3.0
    """A frame this many times as bright as a dark face is backlight."""
    backlit_luminance: float = 0.25
    """Only a face darker than this can be backlit."""
    min_sharpness: float = 0.12
    """Deviation of the Laplacian over that of the grey value, on a 96-pixel face."""


_HEIGHT_PER_EYE_DISTANCE: Final = 3.2
"""Height of YuNet's box over the distance of the eyes of a face turned to the limit."""

STILL_LIMITS: Final = QualityLimits(
    min_inter_eye_px=16.0, min_share=0.02, max_share=2.0, min_inside_share=0.6, max_roll_deg=30.0
)
"""Photographs that an administrator imports: any distance, but sharp, lit and frontal."""


def first_hint(
    face: DetectedFace,
    *,
    pose: HeadPose | None,
    picture: PictureQuality,
    frame_size: tuple[int, int],
    limits: QualityLimits,
) -> Hint:
    """Choose the first thing to mend.

    Args:
        face: the presented face, pixels of the frame.
        pose: None when the points tell none; counts as turned.
        picture: measured on this face.
        frame_size: width and height of the frame, pixels.
        limits: what is asked for.

    Returns: `HOLD_STILL` when nothing needs mending.
    """
    return (
        _distance_hint(face, frame_size, limits)
        or _place_hint(face.box, frame_size, limits)
        or _light_hint(picture, limits)
        or _pose_hint(pose, limits)
        or (Hint.BLURRED if picture.sharpness < limits.min_sharpness else Hint.HOLD_STILL)
    )


def sample_quality(*, pose: HeadPose | None, picture: PictureQuality, face: DetectedFace) -> float:
    """One number to order good samples by: 0 (poor) to 1 (frontal, sharp, lit, near)."""
    if pose is None:
        return 0.0
    frontal = 1.0 - min(1.0, max(abs(pose.yaw_deg), abs(pose.pitch_deg)) / 60)
    sharp = min(1.0, picture.sharpness / 0.5)
    lit = 1.0 - min(1.0, abs(picture.luminance_mean - 0.5) / 0.5)
    near = min(1.0, face.landmarks.inter_eye_distance_px / 60)
    return float(face.detection_score * (frontal * sharp * lit * near) ** 0.25)


def _distance_hint(
    face: DetectedFace, frame_size: tuple[int, int], limits: QualityLimits
) -> Hint | None:
    height_px = face.box.height_px
    # A head in profile has its eyes close together without being far away; its height stays.
    eyes_px = max(face.landmarks.inter_eye_distance_px, height_px / _HEIGHT_PER_EYE_DISTANCE)
    if height_px < limits.min_share * min(frame_size) or eyes_px < limits.min_inter_eye_px:
        return Hint.TOO_SMALL
    return Hint.TOO_LARGE if height_px > limits.max_share * frame_size[1] else None


def _place_hint(box: Box, frame_size: tuple[int, int], limits: QualityLimits) -> Hint | None:
    width, height = frame_size
    if box.share_inside(width, height) >= limits.min_inside_share:
        return None
    outside = {
        # The left edge of an unmirrored image is the subject's right.
        Hint.OFF_CENTRE_RIGHT: -box.x0,
        Hint.OFF_CENTRE_LEFT: box.x1 - width,
        Hint.OFF_CENTRE_UP: -box.y0,
        Hint.OFF_CENTRE_DOWN: box.y1 - height,
    }
    return max(outside, key=lambda hint: outside[hint])


def _light_hint(picture: PictureQuality, limits: QualityLimits) -> Hint | None:
    is_dim = picture.luminance_mean < limits.backlit_luminance
    if is_dim and picture.background_ratio > limits.max_background_ratio:
        return Hint.BACKLIT
    if picture.luminance_mean < limits.min_luminance:
        return Hint.TOO_DARK
    if (
        picture.luminance_mean > limits.max_luminance
        or picture.over_exposed_share > limits.max_over_exposed_share
    ):
        return Hint.TOO_BRIGHT
    return Hint.TOO_DARK if picture.luminance_deviation < limits.min_deviation else None


def _pose_hint(pose: HeadPose | None, limits: QualityLimits) -> Hint | None:
    if pose is None:
        return Hint.TURNED
    if abs(pose.yaw_deg) > limits.max_yaw_deg or abs(pose.pitch_deg) > limits.max_pitch_deg:
        return Hint.TURNED
    return Hint.TILTED if abs(pose.roll_deg) > limits.max_roll_deg else None
