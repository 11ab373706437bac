"""Stand-ins that see nothing: for tests, and for parts that need no camera. They fail closed."""

from __future__ import annotations

from countenance.biometrics.embeddings import Embedding
from countenance.geometry.boxes import Box
from countenance.geometry.landmarks import Landmarks5
from countenance.images.image import Image
from countenance.pad.calibration import NO_SHIFT, ShiftBounds
from countenance.vision.errors import ModelMissingError
from countenance.vision.interfaces import BonaFideScore, DetectedFace


class NullDetector:
    """Finds no face in any image."""

    def detect(self, image: Image, *, max_side_px: int | None = None) -> tuple[DetectedFace, ...]:
        return ()


class NullEmbedder:
    """Embeds nothing."""

    @property
    def pack(self) -> str:
        return "null/1"

    def embed(self, image: Image, *, landmarks: Landmarks5) -> Embedding:
        """Refuse.

        Raises: ModelMissingError: always.
        """
        raise ModelMissingError("No embedder is installed.", remedy="Choose a model pack.")


class NullPadModel:
    """Judges every presentation an attack."""

    @property
    def name(self) -> str:
        return "null/1"

    @property
    def threshold(self) -> float:
        return 1.0

    @property
    def fingerprint(self) -> str:
        return "0" * 64

    @property
    def shift_bounds(self) -> ShiftBounds:
        return NO_SHIFT

    @property
    def expected_log_odds(self) -> float | None:
        return None

    def score(
        self, image: Image, *, face: Box, before: BonaFideScore | None = None
    ) -> BonaFideScore:
        return BonaFideScore(value=0.0, threshold=self.threshold)

    def score_crop(self, image: Image) -> BonaFideScore:
        return BonaFideScore(value=0.0, threshold=self.threshold)
