"""dlib's CNN detector (mmod) at the frame's own size, its five points and its ResNet."""

from __future__ import annotations

import importlib.util
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dlib
import numpy as np
from numpy.typing import NDArray

from .serving import Peer, Task, Value, serve

Pixels = NDArray[np.uint8]


class Networks:
    """The three networks, opened once."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec("face_recognition_models")
        if spec is None or spec.origin is None:
            raise FileNotFoundError("the package face_recognition_models is not installed")
        folder = Path(spec.origin).parent / "models"
        self._detector = dlib.cnn_face_detection_model_v1(
            str(folder / "mmod_human_face_detector.dat")
        )
        self._points = dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
        self._encoder = dlib.face_recognition_model_v1(
            str(folder / "dlib_face_recognition_resnet_model_v1.dat")
        )

    def frame(self, picture: Pixels) -> Value:
        """Locate and encode the largest face of an RGB picture; None when there is none."""
        found = [face.rect for face in self._detector(picture, 0)]
        if not found:
            return None
        points = self._points(picture, max(found, key=lambda place: place.area()))
        return list(self._encoder.compute_face_descriptor(picture, points))


def open_peer(_options: dict[str, Any]) -> Peer:
    """Load the networks."""
    networks = Networks()
    tasks = {"frame": Task(networks.frame, lambda frame: np.ascontiguousarray(frame[:, :, ::-1]))}
    return Peer({"dlib-bin": version("dlib-bin"), "numpy": np.__version__}, tasks)


if __name__ == "__main__":
    sys.exit(serve(open_peer))
