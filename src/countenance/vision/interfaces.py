"""What a back-end of the engine must do.

Implementations are safe to call from several threads unless a method says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

from countenance.biometrics.embeddings import Embedding
from countenance.geometry.boxes import Box
from countenance.geometry.landmarks import Landmarks5
from countenance.images.image import Image
from countenance.pad.calibration import ShiftBounds


@dataclass(frozen=True, slots=True, eq=False)
class DetectedFace:
    """One face found in a frame."""

    box: Box
    """Pixels of the frame that was given."""
    landmarks: Landmarks5
    """Pixels of the frame that was given."""
    detection_score: float
    """0..1, higher is surer that it is a face."""


class FaceDetector(Protocol):
    """Finds faces."""

    def detect(self, image: Image, *, max_side_px: int | None = None) -> tuple[DetectedFace, ...]:
        """Find all faces.

        Args:
            image: any size.
            max_side_px: look at a copy of at most this longest side; None looks at full size.

        Returns: the faces in pixels of `image`, largest box first; empty when there is none.
        """


class FaceEmbedder(Protocol):
    """Turns a face into an embedding."""

    @property
    def pack(self) -> str:
        """Model pack and version that its embeddings carry, such as `opencv-zoo/1`."""

    def embed(self, image: Image, *, landmarks: Landmarks5) -> Embedding:
        """Align the face by its points and embed it.

        Raises: DegenerateLandmarksError: all five points coincide.
        """


CROP_THRESHOLD: Final = 0.5
"""Of `PadModel.score_crop`: the even chance, as its scores are calibrated on sources held out."""


@dataclass(frozen=True, slots=True)
class BonaFideScore:
    """What a passive detector says of one presentation in one frame.

    Never leaves the server: an attacker would climb it.
    """

    value: float
    """Fused score, 0 (surely an attack) to 1 (surely bona fide)."""
    threshold: float
    """Bona fide at or above; from the model card, fixed on development data."""
    crop_logit: float | None = None
    """What the face without its surroundings gave, when that was computed in this very frame."""
    second_logit: float | None = None
    """What a second detector gave, when it was asked in this very frame."""

    @property
    def is_bona_fide(self) -> bool:
        return self.value >= self.threshold


class PadModel(Protocol):
    """Passive presentation attack detection."""

    @property
    def name(self) -> str:
        """Model name and version of its card."""

    @property
    def threshold(self) -> float:
        """Fused score from which a frame is bona fide, 0..1; fixed on development data."""

    @property
    def fingerprint(self) -> str:
        """64 hex digits of all that its scores come from: model files and how they are joined.

        Whatever was learned of scores under another fingerprint says nothing about this model's.
        """

    @property
    def shift_bounds(self) -> ShiftBounds:
        """How far its threshold may be moved for a known camera."""

    @property
    def expected_log_odds(self) -> float | None:
        """What `score` gives bona fide presentations at a camera the model does not know.

        A median, as log-odds; `pad.calibration` moves the threshold of a known camera by it. None
        where that was not measured: no threshold can be moved.
        """

    def score(
        self, image: Image, *, face: Box, before: BonaFideScore | None = None
    ) -> BonaFideScore:
        """Judge the presentation of the face in this frame with its surroundings.

        Args:
            image: the whole frame; surroundings carry most of the evidence.
            face: the box of the presented face, pixels of `image`.
            before: of the same face in the frame before; its logits may be taken over.
        """

    def score_crop(self, image: Image) -> BonaFideScore:
        """Judge a picture that shows a face and nothing around it; much weaker evidence.

        Returns: a score with `CROP_THRESHOLD`.
        Raises: ModelInvalidError: this detector needs the surroundings.
        """


class PadCue(StrEnum):
    """What a passive detector looks at, and what it makes of it."""

    WHOLE_FRAME = "whole_frame"
    """The whole frame, surroundings included."""
    TIGHT_CROP = "tight_crop"
    """The face alone."""
    DETECTOR = "detector"
    """Both together, as the detector in use joins them."""
    SECOND_OPINION = "second_opinion"
    """Networks of another pack."""
    FUSED = "fused"
    """Detector and second opinion together: what decides where both are there."""


@dataclass(frozen=True, slots=True)
class CueScore:
    """What one cue says of one frame. Never reaches somebody who logs in."""

    cue: PadCue
    value: float
    """0 (surely an attack) to 1 (surely bona fide)."""
    threshold: float
    """Bona fide at or above; the even chance for a cue that decides nothing by itself."""


@runtime_checkable
class CueReader(Protocol):
    """A passive detector that can tell its cues apart."""

    def cues(self, image: Image, *, face: Box) -> tuple[CueScore, ...]:
        """Judge one frame by each cue alone, all of them anew; slower than `PadModel.score`.

        Args:
            image: the whole frame.
            face: the box of the presented face, pixels of `image`.

        Returns: in the order of `PadCue`; those that this detector has.
        """


def cue_reader(pad: PadModel) -> CueReader | None:
    """The detector as one that tells its cues apart; None when it cannot."""
    return pad if isinstance(pad, CueReader) else None
