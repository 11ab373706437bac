"""Which face of a picture is the presentation."""

from __future__ import annotations

from countenance.geometry.boxes import Box
from countenance.images.image import Image
from countenance.vision.interfaces import FaceDetector


def presented_face(detector: FaceDetector, image: Image) -> Box | None:
    """The largest face of a frame; several faces show one presentation.

    Looked for at full size, and at half of it where that finds nobody: a face that fills the frame
    is past the largest that a detector knows.
    """
    longest_px = max(image.width_px, image.height_px)
    faces = detector.detect(image) or detector.detect(image, max_side_px=longest_px // 2)
    return faces[0].box if faces else None
