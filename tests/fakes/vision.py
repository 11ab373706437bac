"""Stand-ins for the models: faces are where a test says, identities what it says."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from countenance.biometrics.embeddings import Embedding, normalised
from countenance.geometry.boxes import Box
from countenance.geometry.landmarks import Landmarks5
from countenance.images.crops import REFERENCE_POINTS
from countenance.images.image import Image
from countenance.pad.calibration import ShiftBounds
from countenance.vision.interfaces import BonaFideScore, DetectedFace

PACK = "fake/1"


def face_at(x: float, y: float, *, width: float = 120.0, score: float = 0.9) -> DetectedFace:
    """A frontal face whose box begins at (x, y) and is 1.25 times as high as wide."""
    box = Box(x, y, x + width, y + 1.25 * width)
    points = (REFERENCE_POINTS - [11, 10]) * (width / 90) + [x, y]
    return DetectedFace(box, Landmarks5(points.astype(np.float32)), score)


def embedding_of(person: int, *, pack: str = PACK) -> Embedding:
    """One direction for each person; those of two are at right angles."""
    return normalised(np.eye(128)[person], pack=pack)


@dataclass
class ScriptedDetector:
    """Finds the faces of `present` that lie within the part it is given."""

    present: tuple[DetectedFace, ...] = ()
    frame: Image | None = None
    """The whole frame, so that a part of it can be told; set before each call."""
    searches: list[int] = field(default_factory=list)
    """Longest side of each search."""

    def detect(self, image: Image, *, max_side_px: int | None = None) -> tuple[DetectedFace, ...]:
        self.searches.append(max_side_px or max(image.width_px, image.height_px))
        x, y = self._origin(image)
        area = Box(x, y, x + image.width_px, y + image.height_px)
        inside = [face for face in self.present if _holds(area, face.box)]
        found = (_moved(face, -x, -y) for face in inside)
        return tuple(sorted(found, key=lambda face: -face.box.area_px))

    def _origin(self, image: Image) -> tuple[int, int]:
        if self.frame is None or image is self.frame:
            return 0, 0
        offset = image.pixels.ctypes.data - self.frame.pixels.ctypes.data
        row, rest = divmod(offset, self.frame.pixels.strides[0])
        return rest // 3, row


@dataclass
class ScriptedEmbedder:
    """Says that every face is the same person."""

    person: int = 1
    calls: int = 0
    towards: tuple[int, float] = (1, 0.0)
    """Another person, and how far the face has become that one, 0..1."""

    @property
    def pack(self) -> str:
        return PACK

    def embed(self, image: Image, *, landmarks: Landmarks5) -> Embedding:
        self.calls += 1
        other, share = self.towards
        mixed = (1 - share) * np.eye(128)[self.person] + share * np.eye(128)[other]
        return normalised(mixed, pack=PACK)


@dataclass
class ScriptedPad:
    """Gives every presentation the same score."""

    value: float = 0.9
    calls: int = 0
    handed_on: list[BonaFideScore | None] = field(default_factory=list)
    """The scores of the frame before that each call was given."""
    given: list[BonaFideScore] = field(default_factory=list)

    @property
    def name(self) -> str:
        return "fake/1"

    @property
    def threshold(self) -> float:
        return 0.5

    @property
    def fingerprint(self) -> str:
        return "f" * 64

    @property
    def shift_bounds(self) -> ShiftBounds:
        return ShiftBounds()

    @property
    def expected_log_odds(self) -> float | None:
        return 2.0

    def score(
        self, image: Image, *, face: Box, before: BonaFideScore | None = None
    ) -> BonaFideScore:
        self.calls += 1
        self.handed_on.append(before)
        self.given.append(BonaFideScore(self.value, self.threshold, crop_logit=1.0))
        return self.given[-1]

    def score_crop(self, image: Image) -> BonaFideScore:
        return BonaFideScore(self.value, self.threshold)


def _holds(area: Box, box: Box) -> bool:
    x, y = box.centre
    return area.x0 <= x <= area.x1 and area.y0 <= y <= area.y1


def _moved(face: DetectedFace, x: float, y: float) -> DetectedFace:
    box = face.box
    return DetectedFace(
        Box(box.x0 + x, box.y0 + y, box.x1 + x, box.y1 + y),
        Landmarks5(np.add(face.landmarks.points, (x, y)).astype(np.float32)),
        face.detection_score,
    )
