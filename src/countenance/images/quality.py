"""Measures of a face's picture, in the manner of ISO/IEC 29794-5 component measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.geometry.boxes import Box
from countenance.images.image import ColourOrder, Image

_FACE_SIDE_PX: Final = 96
_GRID_PX: Final = (64, 48)
_WHITE: Final = 255
_LEAST_CONTRAST: Final = 0.05
"""Below it the rounding of grey values would look like detail."""


@dataclass(frozen=True, slots=True)
class PictureQuality:
    """Light and sharpness inside a face box, measured on a grey copy of fixed size."""

    luminance_mean: float
    """Mean grey value of the face, 0 (black) to 1 (white)."""
    luminance_deviation: float
    """Deviation of the grey value, 0 (flat) to 0.5."""
    under_exposed_share: float
    """Share of the face's pixels darker than 0.1, 0..1."""
    over_exposed_share: float
    """Share of the face's pixels brighter than 0.97, 0..1."""
    background_ratio: float
    """Mean brightness of the rest of the frame over that of the face; above 1 is backlight."""
    sharpness: float
    """Deviation of the Laplacian over that of the grey value; higher is sharper, 0 is flat."""


def measure(image: Image, *, face: Box) -> PictureQuality:
    """Measure the picture inside the middle of a face box.

    Args:
        image: any size.
        face: pixels of `image`; parts outside it are left out.

    Returns: the measures; a face entirely outside the image measures as black and flat.
    """
    grey = _grey_face(image, face)
    if grey is None:
        return PictureQuality(0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    mean, deviation = _mean_and_deviation(grey)
    _, detail = _mean_and_deviation(np.asarray(cv2.Laplacian(grey, cv2.CV_16S), np.int16))
    # A grid of single pixels tells the mean of a frame as well as all of them.
    grid = cv2.resize(image.pixels, _GRID_PX, interpolation=cv2.INTER_NEAREST)
    frame_mean = float(grid.mean()) / _WHITE
    return PictureQuality(
        luminance_mean=mean,
        luminance_deviation=deviation,
        under_exposed_share=np.count_nonzero(grey < 0.1 * _WHITE) / grey.size,
        over_exposed_share=np.count_nonzero(grey > 0.97 * _WHITE) / grey.size,
        background_ratio=frame_mean / max(mean, 1e-3),
        sharpness=detail / max(deviation, _LEAST_CONTRAST),
    )


def _mean_and_deviation(grey: NDArray[np.uint8] | NDArray[np.int16]) -> tuple[float, float]:
    """Of one channel, as shares of white."""
    mean, deviation = cv2.meanStdDev(grey)
    return float(mean[0, 0]) / _WHITE, float(deviation[0, 0]) / _WHITE


def _grey_face(image: Image, face: Box) -> NDArray[np.uint8] | None:
    middle = face.grown(0.8)
    x0, y0 = max(0, int(middle.x0)), max(0, int(middle.y0))
    x1, y1 = min(image.width_px, int(middle.x1)), min(image.height_px, int(middle.y1))
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    # A fixed size makes sharpness comparable between near and far faces.
    patch = cv2.resize(
        image.pixels[y0:y1, x0:x1], (_FACE_SIDE_PX, _FACE_SIDE_PX), interpolation=cv2.INTER_AREA
    )
    return _grey(np.asarray(patch, np.uint8), image.order)


def _grey(pixels: NDArray[np.uint8], order: ColourOrder) -> NDArray[np.uint8]:
    to_grey = cv2.COLOR_BGR2GRAY if order is ColourOrder.BGR else cv2.COLOR_RGB2GRAY
    return np.asarray(cv2.cvtColor(pixels, to_grey), np.uint8)


def frame_fingerprint(image: Image) -> NDArray[np.uint8]:
    """A sampled grey copy (96, 128) uint8 by which a repeated frame is told from a new one."""
    small = cv2.resize(image.pixels, (128, 96), interpolation=cv2.INTER_NEAREST)
    return _grey(np.asarray(small, np.uint8), image.order)


def is_same_picture(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> bool:
    """Whether two fingerprints come from one picture, encoded once more at the most.

    A camera's noise moves most pixels from frame to frame; a frozen or looping still does not.
    """
    if before.shape != now.shape:
        return False
    return cv2.norm(before, now, cv2.NORM_L1) / now.size < _REPEAT_DIFFERENCE


_REPEAT_DIFFERENCE: Final = 0.12
"""Mean absolute difference in grey levels.

Measured on 21 clips after JPEG: duplicates within a file lie below 0.11, the 5th percentile of
consecutive frames of a real camera above 0.5.
"""
