"""An image as a value: pixels that know their colour order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray


class ColourOrder(StrEnum):
    """The order of the three channels."""

    BGR = "bgr"
    RGB = "rgb"


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """Eight-bit colour pixels. Treat them as read-only; a change makes a new image."""

    pixels: NDArray[np.uint8]
    """(height, width, 3) uint8, 0..255."""
    order: ColourOrder = ColourOrder.BGR

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or self.pixels.dtype != np.uint8:
            raise ValueError(
                "pixels must be (height, width, 3) uint8, "
                f"got {self.pixels.shape} {self.pixels.dtype}"
            )
        if 0 in self.pixels.shape:
            raise ValueError(f"an image has at least one pixel, got {self.pixels.shape}")

    @property
    def width_px(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height_px(self) -> int:
        return int(self.pixels.shape[0])

    def to(self, order: ColourOrder) -> Image:
        """The same image in that colour order; itself when it already is."""
        if order is self.order:
            return self
        return Image(np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_BGR2RGB), np.uint8), order)
