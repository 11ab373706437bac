"""The path of the tutorials: face_recognition's HOG detector, upsampled once, and its encodings."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Any

import face_recognition
import numpy as np
from numpy.typing import NDArray

from .serving import Peer, Task, Value, serve

Pixels = NDArray[np.uint8]


def frame(picture: Pixels) -> Value:
    """Locate and encode the largest face of an RGB picture; None when there is none."""
    places = face_recognition.face_locations(picture)
    if not places:
        return None
    largest = max(places, key=lambda place: (place[2] - place[0]) * (place[1] - place[3]))
    encoding = face_recognition.face_encodings(picture, known_face_locations=[largest])[0]
    return [float(value) for value in encoding]


def compare(pair: NDArray[np.float32]) -> float:
    """Distance of two encodings, (2, 128)."""
    return float(face_recognition.face_distance(pair[:1], pair[1])[0])


def enrol(path: str) -> Value:
    """Read a photograph and encode its largest face."""
    return frame(face_recognition.load_image_file(path))


def rgb(picture: Pixels) -> Pixels:
    """The channels in the order that dlib wants."""
    return np.ascontiguousarray(picture[:, :, ::-1])


def open_peer(_options: dict[str, Any]) -> Peer:
    """Models were loaded by the import."""
    tasks = {"frame": Task(frame, rgb), "compare": Task(compare), "enrol": Task(enrol)}
    names = ("face-recognition", "dlib-bin", "numpy")
    return Peer({name: version(name) for name in names}, tasks)


if __name__ == "__main__":
    sys.exit(serve(open_peer))
