"""Fingerprints that tell whether two files show nearly the same picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.images.image import Image

SAME_PICTURE_BITS = 24
"""Fingerprints that differ in at most so many of 256 bits show the same picture. Of pairs of LFW
photographs one person's differ in 48 or more but for a single pair with 21, two people's in 44."""


def fingerprint(image: Image) -> NDArray[np.uint8]:
    """(32,) uint8: of 16 x 16 cells, whether each is brighter than its right neighbour."""
    grey = cv2.cvtColor(image.pixels, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (17, 16), interpolation=cv2.INTER_AREA).astype(np.int16)
    return np.packbits(small[:, :-1] > small[:, 1:])


def same_pictures(fingerprints: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.int64]:
    """For each picture the index of another that is nearly the same; -1 where there is none.

    Args:
        fingerprints: (n, 32) uint8, 256 bits each.
        others: (m, 32) uint8.
    """
    found = np.full(len(fingerprints), -1, np.int64)
    for index, bits in enumerate(fingerprints):
        if len(others):
            differing = np.bitwise_count(others ^ bits).sum(axis=1)
            nearest = int(np.argmin(differing))
            found[index] = nearest if differing[nearest] <= SAME_PICTURE_BITS else -1
    return found
