"""From frames to presentations: the face that is presented, its surroundings, nothing twice.

Pictures are stored without loss and in one format, whatever they came as: bona fide and attack
then differ in nothing that storing has done.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from countenance.datasets.dataset_folder import DatasetFolder, Declared, Origin
from countenance.datasets.duplicates import Look, is_near_duplicate, look_of
from countenance.datasets.errors import CollectionError
from countenance.datasets.manifest import Kind
from countenance.images.codec import encode_png
from countenance.images.errors import ImageUnreadableError
from countenance.images.video import VideoFrame
from countenance.images.views import cut
from countenance.vision.interfaces import DetectedFace, FaceDetector

DETECTION_SIDE_PX: Final = 640
"""Frames are searched as training and login search them."""
_BYSTANDER: Final = 0.5
"""A second face at least so wide as the first, as a share, is told in the summary."""


class Fate(StrEnum):
    """What became of a frame."""

    KEPT = "kept"
    ALREADY_THERE = "already_there"
    """The folder had this frame of this input before."""
    NEAR_DUPLICATE = "near_duplicate"
    """Nothing new since the last frame that was kept."""
    NO_FACE = "no_face"


@dataclass(slots=True)
class CaptureTally:
    """What became of all frames that were looked at."""

    fates: Counter[Fate] = field(default_factory=Counter)
    several_faces: int = 0
    """Kept frames with a further face half as wide as the presented one or wider."""

    @property
    def frames(self) -> int:
        """How many were looked at."""
        return self.fates.total()


class Capture:
    """Collects the presentations of one input into a folder."""

    def __init__(
        self,
        folder: DatasetFolder,
        detector: FaceDetector,
        *,
        declared: Declared,
        input_: str,
        tally: CaptureTally,
        least_confidence: float = 0.0,
    ) -> None:
        """Begin with an input; one that the folder knows is continued.

        Args:
            folder: open.
            detector: the engine's.
            declared: what is presented.
            input_: digest of the file, or a name that no other session has.
            tally: is added to.
            least_confidence: faces that the detector is less sure of do not count, 0..1.

        Raises: CollectionError: the folder has this input as something else.
        """
        known = folder.known(input_)
        if known is not None and known.declared != declared:
            raise CollectionError(
                f"This file was collected before, as {known.declared.in_words}.",
                remedy="One recording has one label, species, subject and source; correct them.",
            )
        self._folder, self._detector = folder, detector
        self._declared, self._input, self._tally = declared, input_, tally
        self._least_confidence = least_confidence
        self._there = known.frames if known else frozenset()
        self._kept: Look | None = None
        self.count = len(self._there)
        """Presentations of this input in the folder."""
        self.face: DetectedFace | None = None
        """On the last frame that was searched; None when there was none."""

    def take(self, frame: VideoFrame) -> Fate:
        """Keep a frame, or tell why not.

        Raises: DatasetUnwritableError: nothing of this frame stays, all before does.
        """
        fate = self._fate(frame)
        self._tally.fates[fate] += 1
        return fate

    def _fate(self, frame: VideoFrame) -> Fate:
        if self._there and frame.index < max(self._there):
            return Fate.ALREADY_THERE
        if self._kept is not None and is_near_duplicate(frame.image, kept=self._kept):
            return Fate.NEAR_DUPLICATE
        faces = [
            face
            for face in self._detector.detect(frame.image, max_side_px=DETECTION_SIDE_PX)
            if face.detection_score >= self._least_confidence
        ]
        self.face = faces[0] if faces else None
        if not faces:
            return Fate.NO_FACE
        self._kept = look_of(frame.image, face=faces[0].box)
        if frame.index in self._there:
            return Fate.ALREADY_THERE
        self._add(frame, faces[0])
        self.count += 1
        self._tally.several_faces += _has_bystander(faces)
        return Fate.KEPT

    def _add(self, frame: VideoFrame, face: DetectedFace) -> None:
        crop = cut(frame.image, face.box)
        self._folder.add(
            [
                (Kind.FULL_FRAME, encode_png(frame.image)),
                (Kind.TIGHT_CROP, encode_png(crop)),
            ],
            of=self._declared,
            from_=Origin(self._input, frame.index, frame.at_s),
        )


def every(frames: Iterable[VideoFrame], nth: int) -> Iterator[VideoFrame]:
    """Each `nth` frame by number, the first included; `nth` is at least 1."""
    return (frame for frame in frames if frame.index % nth == 0)


def digest_of(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits.

    Raises: ImageUnreadableError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ImageUnreadableError(
            f"Cannot read {path}: {error.strerror or error}.",
            remedy="Check the path and its permissions.",
        ) from error


def _has_bystander(faces: list[DetectedFace]) -> bool:
    return len(faces) > 1 and faces[1].box.width_px >= _BYSTANDER * faces[0].box.width_px
