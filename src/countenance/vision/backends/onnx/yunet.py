"""The YuNet face detector: boxes with five points."""

from __future__ import annotations

from functools import lru_cache
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
_KEPT_SIDE_PX: Final = 640

Rows = NDArray[np.float32]


class YuNetDetector:
    """A `FaceDetector`; decodes as OpenCV's FaceDetectorYN does."""

    def __init__(self, session: Session, *, score_threshold: float, nms_iou: float = 0.3) -> None:
        self._session = session
        self._score_threshold = score_threshold
        self._nms_iou = nms_iou
        names = session.output_names
        self._places = [[names.index(f"{kind}_{side}") for side in _STRIDES] for kind in _KINDS]
        """Of the outputs of each kind, level after level."""

    def detect(self, image: Image, *, max_side_px: int | None = None) -> tuple[DetectedFace, ...]:
        small, factor = shrunk_to(image, max_side_px=max_side_px)
        faces = (_face(row, factor=factor) for row in self._rows(small))
        return tuple(sorted(faces, key=lambda face: -face.box.area_px))

    def _rows(self, image: Image) -> Rows:
        """(n, 15) float32: x, y, width, height, five points, score; pixels of `image`."""
        padded = pad_to_multiple(image.to(ColourOrder.BGR).pixels, multiple_px=32)
        outputs = self._session.run({"input": tensor_of(padded)})
        sides = padded.shape[1], padded.shape[0]
        rows = _decode(
            [np.concatenate([outputs[place][0] for place in level]) for level in self._places],
            cells=(_kept_cells if max(sides) <= _KEPT_SIDE_PX else _cells)(*sides),
            threshold=self._score_threshold,
        )
        return suppress(rows, iou=self._nms_iou) if len(rows) > 1 else rows


def _cells(width_px: int, height_px: int) -> Rows:
    """(n, 3) float32: column, row and stride of each cell, level after level."""
    levels = []
    for stride in _STRIDES:
        columns = width_px // stride
        numbers = np.arange(columns * (height_px // stride))
        strides = np.full(len(numbers), stride)
        levels.append(np.stack([numbers % columns, numbers // columns, strides], axis=1))
    return np.concatenate(levels).astype(np.float32)


_kept_cells = lru_cache(maxsize=64)(_cells)
"""For frames: at most 64 sizes of up to 0.1 MB."""


def _decode(outputs: list[Rows], *, cells: Rows, threshold: float) -> Rows:
    """Rows of the cells whose score reaches the threshold."""
    classes, objects, boxes, points = outputs
    # Outputs of a sigmoid lie between 0 and 1 and need no clipping.
    squares = classes[:, 0] * objects[:, 0]
    hits = np.flatnonzero(squares >= threshold**2)
    rows = np.empty((len(hits), 15), np.float32)
    if not len(hits):
        return rows
    found, origin, stride = boxes[hits], cells[hits, :2], cells[hits, 2:]
    size = np.exp(found[:, 2:]) * stride
    rows[:, 0:2] = (origin + found[:, :2]) * stride - size / 2
    rows[:, 2:4] = size
    rows[:, 4:14] = (points[hits] + np.tile(origin, 5)) * stride
    rows[:, 14] = np.sqrt(squares[hits])
    return rows


def suppress(rows: Rows, *, iou: float) -> Rows:
    """Greedy non-maximum suppression, best score first.

    Args:
        rows: (n, 15) as `_rows` returns them.
        iou: a box that overlaps a better one by more than this is dropped.
    """
    rows = rows[np.argsort(-rows[:, 14], kind="stable")]
    # OpenCV suppresses whole-pixel rectangles; the same keeps its choice between near ties.
    whole = np.trunc(rows[:, :4])
    low, size = whole[:, :2], whole[:, 2:]
    high, area = low + size, size[:, 0] * size[:, 1]
    kept: list[int] = []
    left = np.arange(len(rows))
    while len(left):
        best, left = left[0], left[1:]
        kept.append(int(best))
        sides = np.minimum(high[best], high[left]) - np.maximum(low[best], low[left])
        shared = np.maximum(sides, 0).prod(axis=1)
        left = left[shared <= iou * np.maximum(area[best] + area[left] - shared, 1e-6)]
    return rows[kept]


def _face(row: Rows, *, factor: float) -> DetectedFace:
    x, y, width, height = (float(value) / factor for value in row[:4])
    return DetectedFace(
        box=Box(x, y, x + max(width, 1e-3), y + max(height, 1e-3)),
        landmarks=Landmarks5((row[4:14].reshape(5, 2) / factor).astype(np.float32)),
        detection_score=float(row[14]),
    )
