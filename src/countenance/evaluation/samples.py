"""One picture as a login would take it: embedded once, held to the limits of a capture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from countenance.biometrics.embeddings import Embedding
from countenance.ceremony.evidence import Hint
from countenance.geometry.landmarks import HeadPose, head_pose
from countenance.images.image import Image
from countenance.images.quality import measure
from countenance.vision.engine import Engine
from countenance.vision.interfaces import DetectedFace
from countenance.vision.quality import QualityLimits, first_hint, sample_quality

_MAX_SIDE_PX: Final = 640
_LIMITS: Final = QualityLimits()


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A probe of a login."""

    embedding: Embedding
    """Of the picture alone, without its mirror image."""
    face: DetectedFace
    pose: HeadPose | None
    quality: float
    """0 (poor) to 1."""
    is_refused: bool
    """Whether a login would not judge it but ask the person to mend something."""


def sample(
    engine: Engine, image: Image, *, expected_at: tuple[float, float] | None = None
) -> Sample | None:
    """Find and embed one face.

    Args:
        engine: loaded.
        image: any.
        expected_at: where its centre is expected, pixels; None takes the largest face.

    Returns: None when there is no face, or none whose box holds the expected place.
    """
    faces = engine.detector.detect(image, max_side_px=_MAX_SIDE_PX)
    if expected_at is not None:
        faces = tuple(face for face in faces if _holds(face, expected_at))
        faces = tuple(sorted(faces, key=lambda face: math.dist(face.box.centre, expected_at)))
    if not faces:
        return None
    face = faces[0]
    pose = head_pose(face.landmarks)
    picture = measure(image, face=face.box)
    hint = first_hint(
        face,
        pose=pose,
        picture=picture,
        frame_size=(image.width_px, image.height_px),
        limits=_LIMITS,
    )
    embedding = engine.embedder.embed(image, landmarks=face.landmarks)
    quality = sample_quality(pose=pose, picture=picture, face=face)
    return Sample(embedding, face, pose, quality, is_refused=hint is not Hint.HOLD_STILL)


def _holds(face: DetectedFace, place: tuple[float, float]) -> bool:
    (x, y), box = place, face.box
    return box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1
