"""Frames that show nothing new: a video's neighbours are nearly the same picture.

Thousands of them teach a detector no more than a few do, and make it look surer than it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.geometry.boxes import Box
from countenance.images.image import Image
from countenance.images.views import cut, stretch

Thumbnail = NDArray[np.float32]

_SIDE_PX: Final = 24
FRAME_CHANGE: Final = 2.5
"""Root mean square difference of two thumbnails of the frame from which it counts as another
picture, grey levels."""
FACE_CHANGE: Final = 5.0
"""The same for the place of the face, where a blink or a word counts and light does not."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What a kept frame looked like."""

    face: Box
    """Where its face was, pixels."""
    frame_thumbnail: Thumbnail
    """(24, 24) float32, grey levels about their mean."""
    face_thumbnail: Thumbnail
    """(24, 24) float32, grey levels about their mean."""


def look_of(image: Image, *, face: Box) -> Look:
    """Remember a frame by its face and its whole; `face` is in pixels of the image."""
    return Look(face, _thumbnail(image), _thumbnail(cut(image, face)))


def is_near_duplicate(image: Image, *, kept: Look) -> bool:
    """Whether a frame shows what the kept one showed, at the same place.

    Compare with the last frame that was kept, not with the one before: a slow movement then adds
    up until it counts.
    """
    if _difference(_thumbnail(image), kept.frame_thumbnail) >= FRAME_CHANGE:
        return False
    return _difference(_thumbnail(cut(image, kept.face)), kept.face_thumbnail) < FACE_CHANGE


def _thumbnail(image: Image) -> Thumbnail:
    """Small and about its mean: sensor noise averages out, and a flicker of the lamp too."""
    grey = stretch(image, width_px=_SIDE_PX, height_px=_SIDE_PX).mean(axis=2, dtype=np.float32)
    return np.asarray(grey - grey.mean(), np.float32)


def _difference(a: Thumbnail, b: Thumbnail) -> float:
    return float(np.sqrt(np.mean((a - b) ** 2)))
