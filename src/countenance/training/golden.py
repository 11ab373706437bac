"""Vectors that pin a detector's preprocessing: public pictures and the logits they must give.

The pictures are in the public domain and come inside packages: Eileen Collins (scikit-image) and
Grace Hopper (matplotlib), both by United States agencies. Packages are looked into, not imported.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from countenance.geometry.boxes import Box
from countenance.images.codec import read_image
from countenance.vision.backends.onnx.pad import OnnxPadModel
from countenance.vision.interfaces import FaceDetector

PICTURES = {
    "skimage/data/astronaut.png": ("skimage", "data/astronaut.png"),
    "matplotlib/mpl-data/sample_data/grace_hopper.jpg": (
        "matplotlib",
        "mpl-data/sample_data/grace_hopper.jpg",
    ),
}


def public_pictures() -> Iterator[tuple[str, Path]]:
    """Name and path of each picture that is installed here."""
    for name, (package, inside) in PICTURES.items():
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            path = Path(folder) / inside
            if path.is_file():
                yield name, path


def golden_vectors(model: OnnxPadModel, detector: FaceDetector) -> tuple[dict[str, Any], ...]:
    """Return for each installed picture its face box, rounded, and the logits of that box."""
    vectors: list[dict[str, Any]] = []
    for name, path in public_pictures():
        image = read_image(path)
        faces = detector.detect(image, max_side_px=640)
        if faces:
            found = faces[0].box
            box = Box(*(float(round(v)) for v in (found.x0, found.y0, found.x1, found.y1)))
            logits = model.logits(image, face=box)
            vectors.append(
                {
                    "picture": name,
                    "box_xyxy": [box.x0, box.y0, box.x1, box.y1],
                    "logits": {view.value: round(value, 5) for view, value in logits.items()},
                }
            )
    return tuple(vectors)
