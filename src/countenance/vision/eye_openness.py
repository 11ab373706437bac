"""How far the eyes are open, from the picture around the detector's two eye points.

There is no landmark of the lids. What tells is the direction of the edges: an open eye has iris
and white side by side, a shut one only lines that run along the lid. So the contrast sideways
falls when the eye shuts, whatever the lashes and glasses do upwards.

It is a read-out for people who look at a video, and no gate: glances, turned heads and poor light
move it too, and a video of somebody who blinks passes it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.geometry.landmarks import LEFT_EYE, RIGHT_EYE, Landmarks5
from countenance.images.image import ColourOrder, Image

_WIDTH_PX: Final = 36
_HEIGHT_PX: Final = 32
_STEP: Final = 0.0125
"""Of the eye distance for one pixel of a patch, which is 0.45 x 0.40: one eye with its lids."""
_BLUR_PX: Final = 1.2
_REMEMBERED: Final = 90
"""Frames, about three seconds: eyes are open most of that time, so its median is an open eye."""
_SHUT: Final = 0.4
"""Of the usual contrast; shut eyes of six clips keep 0.3 to 0.7, half-shut ones more."""
_FIRST: Final = 10
"""Frames before which there is no telling what is usual."""


@dataclass(slots=True)
class EyeOpenness:
    """Follows one capture; a new track starts a new memory."""

    _track_id: int = -1
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def measure(self, image: Image, *, landmarks: Landmarks5, track_id: int) -> float | None:
        """Look at the next frame.

        Args:
            image: the whole frame.
            landmarks: pixels of `image`.
            track_id: of the face, as the observer counts.

        Returns: 0 (shut) to 1 (as open as these eyes usually are); None for the first frames of a
            track and for eyes without any contrast.
        """
        contrast = sideways_contrast(image, landmarks=landmarks)
        if track_id != self._track_id:
            self._track_id = track_id
            self._recent.clear()
        self._recent.append(contrast)
        usual = float(np.median(self._recent))
        if len(self._recent) < _FIRST or usual <= 0:
            return None
        return float(np.clip((contrast / usual - _SHUT) / (1 - _SHUT), 0, 1))


def sideways_contrast(image: Image, *, landmarks: Landmarks5) -> float:
    """Root mean square step from column to column over the mean grey level, mean of both eyes.

    Along the line of the eyes, whatever the head's tilt; 0 where both patches are even.
    """
    across = landmarks.points[LEFT_EYE] - landmarks.points[RIGHT_EYE]
    to_grey = cv2.COLOR_BGR2GRAY if image.order is ColourOrder.BGR else cv2.COLOR_RGB2GRAY
    contrasts = []
    for eye in (RIGHT_EYE, LEFT_EYE):
        colour = _patch(image.pixels, centre=landmarks.points[eye], across=across)
        grey = cv2.GaussianBlur(cv2.cvtColor(colour, to_grey).astype(np.float32), (0, 0), _BLUR_PX)
        steps = np.diff(grey, axis=1)
        contrasts.append(float(np.sqrt(np.mean(steps**2)) / max(float(grey.mean()), 1.0)))
    return sum(contrasts) / 2


def _patch(
    pixels: NDArray[np.uint8], *, centre: NDArray[np.float32], across: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """(32, 36, 3) around a point, upright to the line of the eyes."""
    right = across.astype(np.float64) * _STEP
    axes = np.column_stack([right, (-right[1], right[0])])
    origin = centre - axes @ ((_WIDTH_PX - 1) / 2, (_HEIGHT_PX - 1) / 2)
    cut = cv2.warpAffine(
        pixels,
        np.column_stack([axes, origin]),
        (_WIDTH_PX, _HEIGHT_PX),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cut, np.uint8)
