"""Write `opencv_zoo.json`: what OpenCV itself finds on the public-domain portraits."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fixtures.portraits import Person, source_picture
from tests.fixtures.reference_engine import embed_largest, find_faces

SIZES_PX = ((640, 480), (320, 240), (417, 333))
"""Width and height that each portrait is resized to, besides its own."""


def vector_of(person: Person) -> dict[str, Any]:
    picture = source_picture(person)
    embedding = embed_largest(picture)
    if embedding is None:
        raise ValueError(f"no face on {person}")
    sized = [picture, *(cv2.resize(picture, size) for size in SIZES_PX)]
    return {
        "embedding": [round(float(value), 8) for value in embedding],
        "faces": [
            {
                "size_px": [view.shape[1], view.shape[0]],
                "rows": np.round(find_faces(np.asarray(view, np.uint8)), 4).tolist(),
            }
            for view in sized
        ],
    }


if __name__ == "__main__":
    content = {"opencv": cv2.__version__, "row": "x, y, width, height, five points, score"}
    vectors = {person.value: vector_of(person) for person in Person}
    target = Path(__file__).with_name("opencv_zoo.json")
    target.write_text(json.dumps(content | {"portraits": vectors}) + "\n", encoding="utf-8")
