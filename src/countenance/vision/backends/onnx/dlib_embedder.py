"""The embedder of dlib's face network: 128 numbers of a face chip."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.biometrics.embeddings import Embedding, normalised
from countenance.geometry.landmarks import Landmarks5
from countenance.geometry.similarity import estimate_similarity
from countenance.images.crops import resized, tensor_of
from countenance.images.image import ColourOrder, Image
from countenance.vision.backends.onnx.dlib_graph import INPUT
from countenance.vision.backends.onnx.session import Session

CHIP_SIDE_PX: Final = 150
CHIP_POINTS: Final[NDArray[np.float32]] = np.array(
    [
        [46.8290, 45.8223],
        [102.1710, 45.8223],
        [74.5000, 77.4076],
        [50.5934, 101.8581],
        [98.4066, 101.8581],
    ],
    dtype=np.float32,
)
"""Where the five points of YuNet lie in a chip, pixels.

dlib cuts its chips by other points, the corners of the eyes and the base of the nose. These are the
median places of YuNet's points in the chips that dlib cut from 2,191 photographs of LFW, made
symmetric.
"""
_SHRINK_BELOW: Final = 0.5
"""A face that loses more of its size than this is shrunk first, so that fine detail is averaged
and not skipped."""


class DlibEmbedder:
    """A `FaceEmbedder`."""

    def __init__(self, session: Session, *, pack: str) -> None:
        self._session = session
        self._pack = pack

    @property
    def pack(self) -> str:
        return self._pack

    def embed(self, image: Image, *, landmarks: Landmarks5) -> Embedding:
        raw = self.describe(cut_chip(image, landmarks=landmarks))
        return normalised(raw, pack=self._pack)

    def describe(self, chip: Image) -> NDArray[np.float32]:
        """What the network says of a chip of 150 x 150: (128,) float32, length near 1.3.

        dlib compares these by their Euclidean distance. `embed` gives their direction.
        """
        feed = {INPUT: tensor_of(chip.to(ColourOrder.RGB).pixels)}
        return np.asarray(self._session.run(feed)[0][0], dtype=np.float32)


def cut_chip(image: Image, *, landmarks: Landmarks5) -> Image:
    """Move a face so that its points fall on `CHIP_POINTS`.

    Args:
        image: any size; colour order is kept.
        landmarks: pixels of `image`.

    Returns: 150 x 150; areas outside `image` are black.
    Raises: DegenerateLandmarksError: all five points coincide.
    """
    matrix = estimate_similarity(landmarks.points, target=CHIP_POINTS)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < _SHRINK_BELOW:
        image, factor = resized(image, factor=2 * scale)
        matrix = estimate_similarity(landmarks.scaled(factor).points, target=CHIP_POINTS)
    side = (CHIP_SIDE_PX, CHIP_SIDE_PX)
    chip = cv2.warpAffine(image.pixels, matrix, side, flags=cv2.INTER_LINEAR)
    return Image(np.asarray(chip, dtype=np.uint8), image.order)
