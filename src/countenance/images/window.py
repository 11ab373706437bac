"""A window on this machine's screen, where the installed OpenCV can open one."""

from __future__ import annotations

import re
from typing import Final

import cv2
import numpy as np

from countenance.images.image import ColourOrder, Image

_ESCAPE: Final = 27


def can_open_window() -> bool:
    """Whether OpenCV was built with windows; the headless wheel that we install was not."""
    found = re.search(r"^\s*GUI:\s*(\S+)", cv2.getBuildInformation(), re.MULTILINE)
    return found is not None and found.group(1) != "NONE"


def show(image: Image, *, title: str) -> bool:
    """Show a frame; False when the person asked to stop (q or Escape).

    Raises: cv2.error: there is no window system, or `can_open_window()` is False.
    """
    cv2.imshow(title, np.ascontiguousarray(image.to(ColourOrder.BGR).pixels))
    return (cv2.waitKey(1) & 0xFF) not in (ord("q"), _ESCAPE)


def close_windows() -> None:
    """Close what `show` opened."""
    cv2.destroyAllWindows()
