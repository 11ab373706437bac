"""A stand-in for the engine that sees what a test paints: the colour of a frame is its content."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countenance.biometrics.comparison import similarity_to_template
from countenance.biometrics.embeddings import Embedding, normalised
from countenance.biometrics.templates import Template, template_of
from countenance.ceremony.colour_answer import FaceLight
from countenance.ceremony.evidence import FaceEvidence, Hint, Observation
from countenance.geometry.planarity import Planarity
from countenance.images.codec import encode_jpeg
from countenance.images.image import Image
from countenance.images.quality import frame_fingerprint
from countenance.pad.calibration import ShiftBounds
from countenance.pad.camera import CameraScores, camera_shift
from countenance.vision.engine import StillAnalysis

PACK = "fake/1"
THRESHOLD = 0.5
EXPECTED_LOG_ODDS = 5.0
"""Of bona fide presentations; the passive threshold is at 0."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is on a frame."""

    person: int | None = 1
    """Who; None for an empty room."""
    is_bona_fide: bool = True
    log_odds: float | None = None
    """What the passive detector gives; None leaves it to `is_bona_fide`."""
    hint: Hint = Hint.HOLD_STILL
    face_count: int = 1
    yaw_deg: float = 0.0
    box_xyxy: tuple[float, float, float, float] = (0.36, 0.24, 0.64, 0.72)
    planarity: Planarity | None = None
    """Told while depth is measured."""
    light: FaceLight | None = None
    """Told while the light of the face is measured."""


@dataclass(frozen=True, slots=True)
class FakeAnalysis:
    """Has the shape of the engine's own."""

    observation: Observation
    embedding: Embedding | None
    log_odds: float | None = None
    fingerprint: NDArray[np.uint8] | None = None


def embedding_of(person: int) -> Embedding:
    """One direction for each person; those of two are at right angles."""
    values = np.zeros(128, np.float32)
    values[person] = 1.0
    return normalised(values, pack=PACK)


def face_of(person: int, *, samples: int = 5) -> Template:
    """The template that person would have."""
    return template_of([embedding_of(person)] * samples)


def painted(person: int | None = 1, *, attack: bool = False, width: int = 64) -> bytes:
    """JPEG of a frame that `read_paint` understands: grey level names the person, red an attack."""
    level = 0 if person is None else 40 * person
    pixels = np.full((48, width, 3), level, np.uint8)
    if attack:
        pixels[:, :, 2] = 255
    return encode_jpeg(Image(pixels), quality=95)


def read_paint(image: Image) -> Seen:
    """Inverse of `painted`."""
    blue, _, red = (float(v) for v in image.pixels.reshape(-1, 3).mean(axis=0))
    person = round(blue / 40)
    return Seen(person=person or None, is_bona_fide=red < blue + 40)


class FakeObserver:
    """Sees one capture with the eyes it was given."""

    def __init__(self, see: Callable[[Image], Seen], *, tells_frames: bool = False) -> None:
        self._see = see
        self._tells_frames = tells_frames
        self.measures_depth = False
        self.measures_light = False
        self.shift = 0.0

    def shift_threshold(self, log_odds: float) -> None:
        self.shift = log_odds

    def begin_relief(self) -> None:
        self.measures_depth = True

    def end_relief(self) -> None:
        self.measures_depth = False

    def begin_light(self) -> None:
        self.measures_light = True

    def end_light(self) -> None:
        self.measures_light = False

    def analyse(
        self, image: Image, *, sequence: int, at_s: float, template: Template | None
    ) -> FakeAnalysis:
        seen = self._see(image)
        if seen.person is None:
            return FakeAnalysis(Observation(sequence, at_s, 0, None), None)
        is_good = seen.hint is Hint.HOLD_STILL
        embedding = embedding_of(seen.person) if is_good else None
        is_match = None
        if embedding is not None and template is not None:
            is_match = similarity_to_template(embedding, template=template) >= THRESHOLD
        face = FaceEvidence(
            box_xyxy=seen.box_xyxy,
            track_id=1,
            hint=seen.hint,
            yaw_deg=seen.yaw_deg,
            pitch_deg=0.0,
            is_bona_fide=self._is_bona_fide(seen) if is_good else None,
            is_match=is_match,
            planarity=seen.planarity if self.measures_depth else None,
            light=seen.light if self.measures_light else None,
        )
        return FakeAnalysis(
            Observation(sequence, at_s, seen.face_count, face),
            embedding,
            _log_odds(seen) if is_good else None,
            frame_fingerprint(image) if self._tells_frames else None,
        )

    def _is_bona_fide(self, seen: Seen) -> bool:
        return _log_odds(seen) >= self.shift


def _log_odds(seen: Seen) -> float:
    if seen.log_odds is not None:
        return seen.log_odds
    return EXPECTED_LOG_ODDS if seen.is_bona_fide else -EXPECTED_LOG_ODDS


class FakeRecognition:
    """`web.capture.course.Recognition` without a model."""

    pack = PACK

    def __init__(self, see: Callable[[Image], Seen] = read_paint) -> None:
        self.see = see
        self.fingerprint = "a" * 64
        self.open_observers = 0
        self.tells_frames = False
        """Whether frames can be told apart; painted ones are the same in every capture."""
        self.searched: list[int] = []
        """How many people each search for duplicates went through."""
        self._lock = threading.Lock()

    def identification_threshold(self, *, enrolled: int, fpir: float) -> float:
        self.searched.append(enrolled)
        return THRESHOLD

    match_similarity = THRESHOLD

    def analyse_still(self, image: Image) -> StillAnalysis:
        seen = self.see(image)
        if seen.person is None:
            return StillAnalysis(0, Hint.NO_FACE)
        hint = Hint.SEVERAL_FACES if seen.face_count > 1 else seen.hint
        return StillAnalysis(seen.face_count, hint, None, embedding_of(seen.person), 0.8)

    @property
    def detector(self) -> str:
        return self.fingerprint

    def threshold_shift(self, scores: CameraScores | None) -> float:
        return camera_shift(scores, expected=EXPECTED_LOG_ODDS, threshold=0.0, bounds=ShiftBounds())

    def new_observer(self, *, enrols: bool = False) -> FakeObserver:
        with self._lock:
            self.open_observers += 1
        return FakeObserver(self._see_now, tells_frames=self.tells_frames)

    def _see_now(self, image: Image) -> Seen:
        """Asked anew for each frame, for a test may exchange `see` while a capture runs."""
        return self.see(image)
