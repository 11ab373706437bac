"""The YuNet face detector: boxes with five points."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.geometry.boxes import Box
from countenance.geometry.landmarks import Landmarks5
from countenance.images.crops import pad_to_multiple, shrunk_to, tensor_of
from countenance.images.image import ColourOrder, Image
from countenance.vision.backends.onnx.session import Session
from countenance.vision.interfaces import DetectedFace

_STRIDES: Final = (8, 16, 32)
_KINDS: Final = ("cls", "obj", "bbox", "kps")

Rows = NDArray[np.float32]

_NO_ROWS: Final[Rows] = np.empty((0, 15), np.float32)


class YuNetDetector:
    """A `FaceDetector`; decodes as OpenCV's FaceDetectorYN does."""

    def __init__(self, session: Session, *, score_threshold: float, nms_iou: float = 0.3) -> None:
        self._session = session
        self._score_threshold = score_threshold
        self._nms_iou = nms_iou

    def detect(self, image: Image, *, max_side_px: int | None = None) -> tuple[DetectedFace, ...]:
        small, factor = shrunk_to(image, max_side_px=max_side_px)
        faces = (_face(row, factor=factor) for row in self._rows(small))
        return tuple(sorted(faces, key=lambda face: -face.box.area_px))

    def _rows(self, image: Image) -> Rows:
        """(n, 15) float32: x, y, width, height, five points, score; pixels of `image`."""
        padded = pad_to_multiple(image.to(ColourOrder.BGR).pixels, multiple_px=32)
        outputs = self._session.run({"input": tensor_of(padded)})
        by_name = dict(zip(self._session.output_names, outputs, strict=True))
        width = padded.shape[1]
        levels = (
            _decode(
                [by_name[f"{kind}_{stride}"][0] for kind in _KINDS],
                stride=stride,
                columns=width // stride,
                threshold=self._score_threshold,
            )
            for stride in _STRIDES
        )
        found = [rows for rows in levels if len(rows)]
        return suppress(np.concatenate(found), iou=self._nms_iou) if found else _NO_ROWS


def _decode(outputs: list[Rows], *, stride: int, columns: int, threshold: float) -> Rows:
    """Rows of one pyramid level whose score reaches the threshold."""
    classes, objects, boxes, points = outputs
    # Outputs of a sigmoid lie between 0 and 1 and need no clipping.
    cells = np.flatnonzero(classes[:, 0] * objects[:, 0] >= threshold**2)
    if not len(cells):
        return _NO_ROWS
    scores = np.sqrt(classes[cells, 0] * objects[cells, 0])
    origin = np.stack([cells % columns, cells // columns], axis=1).astype(np.float32)
    rows = np.empty((len(cells), 15), np.float32)
    rows[:, 2:4] = np.exp(boxes[cells, 2:4]) * stride
    rows[:, 0:2] = (origin + boxes[cells, 0:2]) * stride - rows[:, 2:4] / 2
    rows[:, 4:14] = (points[cells] + np.tile(origin, 5)) * stride
    rows[:, 14] = scores
    return rows


def suppress(rows: Rows, *, iou: float) -> Rows:
    """Greedy non-maximum suppression, best score first.

    Args:
        rows: (n, 15) as `_rows` returns them.
        iou: a box that overlaps a better one by more than this is dropped.
    """
    rows = rows[np.argsort(-rows[:, 14], kind="stable")]
    # OpenCV suppresses whole-pixel rectangles; the same keeps its choice between near ties.
    low = np.trunc(rows[:, 0:2])
    size = np.trunc(rows[:, 2:4])
    high, area = low + size, size[:, 0] * size[:, 1]
    kept: list[int] = []
    left = np.arange(len(rows))
    while len(left):
        best, left = left[0], left[1:]
        kept.append(int(best))
        sides = np.minimum(high[best], high[left]) - np.maximum(low[best], low[left])
        shared = np.maximum(sides, 0).prod(axis=1)
        left = left[shared <= iou * np.maximum(area[best] + area[left] - shared, 1e-6)]
    return np.asarray(rows[kept], dtype=np.float32)


def _face(row: Rows, *, factor: float) -> DetectedFace:
    x, y, width, height = (float(value) / factor for value in row[:4])
    return DetectedFace(
        box=Box(x, y, x + max(width, 1e-3), y + max(height, 1e-3)),
        landmarks=Landmarks5((row[4:14].reshape(5, 2) / factor).astype(np.float32)),
        detection_score=float(row[14]),
    )
