"""OpenCV's own FaceDetectorYN and FaceRecognizerSF.

Options: `threads`, `detector` and `embedder` (ONNX files), `score_threshold`, `nms_iou`.
"""

from __future__ import annotations

import sys
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .serving import Peer, Task, Value, serve

Pixels = NDArray[np.uint8]


class Zoo:
    """Detector and recogniser, opened once."""

    def __init__(self, options: dict[str, Any]) -> None:
        cv2.setNumThreads(options["threads"])
        self._detector = cv2.FaceDetectorYN.create(
            options["detector"], "", (320, 320), options["score_threshold"], options["nms_iou"]
        )
        self._recogniser = cv2.FaceRecognizerSF.create(options["embedder"], "")

    def detect(self, picture: Pixels) -> list[list[float]]:
        """Rows of x, y, width, height, five points, score; the largest face first."""
        return [[float(value) for value in row] for row in self._rows(picture)]

    def embed(self, face: Pixels) -> list[float]:
        """128 numbers of length 1 for a face aligned to 112 x 112."""
        feature = self._recogniser.feature(face).ravel()
        return [float(value) for value in feature / np.linalg.norm(feature)]

    def frame(self, picture: Pixels) -> Value:
        """Detect, align and embed the largest face; None when there is none."""
        rows = self._rows(picture)
        if len(rows) == 0:
            return None
        return self.embed(np.asarray(self._recogniser.alignCrop(picture, rows[0]), np.uint8))

    def compare(self, pair: NDArray[np.float32]) -> float:
        """Cosine of two embeddings, (2, 128) float32."""
        return float(self._recogniser.match(pair[:1], pair[1:], cv2.FaceRecognizerSF_FR_COSINE))

    def enrol(self, path: str) -> Value:
        """Read a photograph and embed its largest face."""
        picture = cv2.imread(path, cv2.IMREAD_COLOR)
        return None if picture is None else self.frame(np.asarray(picture, np.uint8))

    def _rows(self, picture: Pixels) -> NDArray[np.float32]:
        self._detector.setInputSize((picture.shape[1], picture.shape[0]))
        faces = self._detector.detect(picture)[1]
        if faces is None:
            return np.zeros((0, 15), np.float32)
        return np.asarray(faces[np.argsort(-faces[:, 2] * faces[:, 3])], np.float32)


def open_peer(options: dict[str, Any]) -> Peer:
    """Load the models."""
    zoo = Zoo(options)
    tasks = {
        "frame": Task(zoo.frame),
        "detect": Task(zoo.detect),
        "embed": Task(zoo.embed),
        "compare": Task(zoo.compare),
        "enrol": Task(zoo.enrol),
    }
    return Peer({"opencv": cv2.__version__, "numpy": np.__version__}, tasks)


if __name__ == "__main__":
    sys.exit(serve(open_peer))
