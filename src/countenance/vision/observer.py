"""From frames to observations: what one capture remembers between its frames."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.biometrics.comparison import similarity, similarity_to_template
from countenance.biometrics.embeddings import Embedding, normalised
from countenance.biometrics.open_set import NonMatedTail, identification_threshold
from countenance.biometrics.templates import Template
from countenance.ceremony.evidence import FaceEvidence, Hint, Observation
from countenance.geometry.landmarks import HeadPose, Landmarks5, head_pose
from countenance.images.image import Image
from countenance.images.quality import frame_fingerprint, is_same_picture, measure
from countenance.pad.calibration import log_odds, shifted
from countenance.pad.recurrence import thumbnail_of
from countenance.pad.temporal import ScoreTrail, follow
from countenance.vision.interfaces import (
    BonaFideScore,
    DetectedFace,
    FaceDetector,
    FaceEmbedder,
    PadModel,
)
from countenance.vision.quality import QualityLimits, first_hint, sample_quality
from countenance.vision.reflection import face_light
from countenance.vision.relief import ReliefTracker
from countenance.vision.tracking import Followed, Tracker

_MEMORY: Final = 0.9
"""Weight of the past in the running mean of a track's embeddings."""
_AHEAD_DEG: Final = 18.0
"""Up to this yaw a face that was asked to turn is compared with the template. Farther turned it
agrees with its own track (similarity 0.37 and above), not always with a template at its
threshold, and whoever turns as asked must not be taken for somebody else."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where similarities say yes; from the card of the embedder's pack."""

    match_similarity: float
    """A probe at or above it matches the template."""
    continuity_similarity: float
    """A frame at or above it shows the same person as the track before; lower, because the same
    place a moment ago is evidence too."""
    tail: NonMatedTail | None = None
    """What strangers reach; None where it was not measured."""

    def identification(self, *, enrolled: int, fpir: float) -> float:
        """From which similarity on a probe is named as one of so many; `open_set` says why."""
        return identification_threshold(
            self.tail, enrolled=enrolled, fpir=fpir, verification=self.match_similarity
        )


@dataclass(frozen=True, slots=True, eq=False)
class FrameAnalysis:
    """One frame: what the ceremony may know of it, and what stays inside the server."""

    observation: Observation
    """For the decision core."""
    face: DetectedFace | None = None
    """The presented face, pixels of the frame; None when there is none."""
    pose: HeadPose | None = None
    embedding: Embedding | None = None
    """None unless the sample had the quality to be judged."""
    bona_fide: BonaFideScore | None = None
    """None unless the sample had the quality to be judged."""
    log_odds: float | None = None
    """What the passive detector gave this very frame, not smoothed and whatever the threshold;
    None unless it was judged. To learn from; never leaves the server."""
    quality: float = 0.0
    """Orders samples of one capture, 0 (poor) to 1."""
    fingerprint: NDArray[np.uint8] | None = None
    """`images.quality.frame_fingerprint` of the frame; None for an exact repeat of the last."""


@dataclass(slots=True)
class Observer:
    """Watches one capture. The models may be shared between captures, an observer may not."""

    detector: FaceDetector
    embedder: FaceEmbedder
    pad: PadModel
    thresholds: Thresholds
    limits: QualityLimits = field(default_factory=QualityLimits)
    _tracker: Tracker = field(init=False)
    _fingerprint: NDArray[np.uint8] | None = None
    _last: Observation | None = None
    _mean: Embedding | None = None
    _mean_track: int = 0
    _trail: ScoreTrail | None = None
    _scored: BonaFideScore | None = None
    """Of the frame before; None when that was not judged."""
    _shift: float = 0.0
    """Log-odds by which the passive threshold is moved; 0 for an unknown camera."""
    _view: tuple[Image, Landmarks5] | None = None
    """The last frame that was looked at, and the face on it; None when there was none."""
    _relief: ReliefTracker | None = None
    """None outside of a challenge."""
    _measures_light: bool = False
    """Whether a colour sequence is on."""

    def __post_init__(self) -> None:
        self._tracker = Tracker(self.detector)

    def shift_threshold(self, log_odds: float) -> None:
        """Judge the next frames by a passive threshold moved by so much; above 0 is stricter."""
        self._shift = log_odds

    def begin_relief(self) -> None:
        """Take the last frame that was looked at as the view that depth is measured from.

        Until `end_relief` the evidence of each frame says how its face has moved since
        (`FaceEvidence.planarity`), and a face that is turned away is compared with its own track.
        Meanwhile that track is remembered as it was, so that nobody can grow into it.
        Without a face on that frame no depth will be measured.
        """
        self._relief = ReliefTracker()
        if self._view is not None:
            self._relief.restart(*self._view)

    def end_relief(self) -> None:
        """Measure no depth any more; twice does nothing."""
        self._relief = None

    def begin_light(self) -> None:
        """Measure the colour of the light on the face from the next frame on.

        Until `end_light` the evidence of each frame has it (`FaceEvidence.light`), and the
        passive detector is not asked: it knows no faces in coloured light.
        """
        self._measures_light = True

    def end_light(self) -> None:
        """Measure no light any more; twice does nothing."""
        self._measures_light = False

    def observe(
        self, image: Image, *, sequence: int, at_s: float, template: Template | None
    ) -> Observation:
        """What the ceremony may know of a frame; see `analyse`."""
        return self.analyse(image, sequence=sequence, at_s=at_s, template=template).observation

    def analyse(
        self, image: Image, *, sequence: int, at_s: float, template: Template | None
    ) -> FrameAnalysis:
        """Look at the next frame.

        Args:
            image: the whole frame.
            sequence: its number, above that of the frame before.
            at_s: when it was received, seconds on a clock that never goes back.
            template: what to compare with; None compares with nothing.

        Returns: a repeated frame is told as such and not looked at again.
        Raises: PackMismatchError: the template comes from another model pack.
        """
        fingerprint = frame_fingerprint(image)
        if self._is_repeated(fingerprint):
            return FrameAnalysis(self._repeated(sequence, at_s))
        self._fingerprint = fingerprint
        followed = self._tracker.follow(image)
        if followed is None:
            self._scored = self._view = None
            analysis = FrameAnalysis(Observation(sequence, at_s, 0, None))
        else:
            self._view = image, followed.face.landmarks
            analysis = self._judge(image, followed, sequence, at_s, template)
        self._last = analysis.observation
        # Only now: what is remembered of the last frame must not say it for a repeat.
        seen = replace(analysis.observation, thumbnail=thumbnail_of(fingerprint))
        return replace(analysis, observation=seen, fingerprint=fingerprint)

    def _is_repeated(self, fingerprint: NDArray[np.uint8]) -> bool:
        before = self._fingerprint
        return before is not None and is_same_picture(before, fingerprint)

    def _repeated(self, sequence: int, at_s: float) -> Observation:
        last = self._last
        if last is None:  # cannot be: a fingerprint is kept only with an observation
            return Observation(sequence, at_s, 0, None, is_repeated=True)
        face = last.face and replace(last.face, is_bona_fide=None, is_match=None)
        return Observation(sequence, at_s, last.face_count, face, is_repeated=True)

    def _judge(
        self,
        image: Image,
        followed: Followed,
        sequence: int,
        at_s: float,
        template: Template | None,
    ) -> FrameAnalysis:
        face, pose = followed.face, head_pose(followed.face.landmarks)
        picture = measure(image, face=face.box)
        size = (image.width_px, image.height_px)
        hint = first_hint(face, pose=pose, picture=picture, frame_size=size, limits=self.limits)
        evidence = _evidence(followed, pose=pose, hint=hint, frame_size=size)
        embedding, bona_fide = None, None
        if self._measures_light:
            evidence = replace(evidence, light=face_light(image, face=face.box))
        if self._relief is not None and pose is not None:
            evidence = self._with_relief(self._relief, image, followed, evidence)
        if not evidence.has_quality:
            self._scored = None
        else:
            embedding = self.embedder.embed(image, landmarks=face.landmarks)
            bona_fide = None if self._measures_light else self._score(image, followed)
            evidence = replace(
                evidence,
                is_bona_fide=None if bona_fide is None else bona_fide.is_bona_fide,
                is_match=None if self._turns(pose) else self._is_match(embedding, template),
                is_continuous=self._is_continuous(embedding, followed.track_id),
            )
        return FrameAnalysis(
            Observation(sequence, at_s, followed.face_count, evidence),
            face=face,
            pose=pose,
            embedding=embedding,
            bona_fide=bona_fide,
            log_odds=_log_odds(self._scored),
            quality=sample_quality(pose=pose, picture=picture, face=face),
        )

    def _with_relief(
        self, relief: ReliefTracker, image: Image, followed: Followed, evidence: FaceEvidence
    ) -> FaceEvidence:
        """What a challenge asks for besides: depth, and whose the face is that turns away."""
        landmarks = followed.face.landmarks
        evidence = replace(evidence, planarity=relief.follow(image, landmarks))
        if evidence.hint is not Hint.TURNED:
            return evidence
        embedding = self.embedder.embed(image, landmarks=landmarks)
        return replace(evidence, is_continuous=self._is_of_track(embedding, followed.track_id))

    def _is_of_track(self, embedding: Embedding, track_id: int) -> bool:
        """Whether a turned face is that of the track; it leaves no trace in the track's memory."""
        if self._mean is None or self._mean_track != track_id:
            return False
        return similarity(embedding, self._mean) >= self.thresholds.continuity_similarity

    def _score(self, image: Image, followed: Followed) -> BonaFideScore:
        is_known = self._trail is not None and self._trail.track_id == followed.track_id
        before = self._scored if is_known else None
        self._scored = self.pad.score(image, face=followed.face.box, before=before)
        return self._smoothed(self._scored, followed.track_id)

    def _smoothed(self, score: BonaFideScore, track_id: int) -> BonaFideScore:
        """The score as the last frames of the track have it."""
        self._trail = follow(self._trail, track_id=track_id, bona_fide_score=score.value)
        return replace(
            score,
            value=self._trail.bona_fide_score,
            threshold=shifted(score.threshold, self._shift),
        )

    def _turns(self, pose: HeadPose | None) -> bool:
        """Whether the face is turned because a challenge asks for it."""
        return self._relief is not None and pose is not None and abs(pose.yaw_deg) > _AHEAD_DEG

    def _is_match(self, embedding: Embedding, template: Template | None) -> bool | None:
        if template is None:
            return None
        reached = similarity_to_template(embedding, template=template)
        return reached >= self.thresholds.match_similarity

    def _is_continuous(self, embedding: Embedding, track_id: int) -> bool:
        """Whether the face is who it was; a break starts a new memory, so that it is told once."""
        mean = self._mean if self._mean_track == track_id else None
        self._mean_track = track_id
        if mean is None:
            self._mean = embedding
            return True
        if similarity(embedding, mean) < self.thresholds.continuity_similarity:
            self._mean, self._trail, self._scored = embedding, None, None
            return False
        if self._relief is not None:
            return True
        blend = _MEMORY * mean.values + (1 - _MEMORY) * embedding.values
        self._mean = normalised(blend, pack=embedding.pack)
        return True


def _log_odds(score: BonaFideScore | None) -> float | None:
    return None if score is None else log_odds(score.value)


def _evidence(
    followed: Followed, *, pose: HeadPose | None, hint: Hint, frame_size: tuple[int, int]
) -> FaceEvidence:
    box, (width, height) = followed.face.box, frame_size
    return FaceEvidence(
        box_xyxy=(box.x0 / width, box.y0 / height, box.x1 / width, box.y1 / height),
        track_id=followed.track_id,
        hint=hint,
        yaw_deg=pose.yaw_deg if pose else 0.0,
        pitch_deg=pose.pitch_deg if pose else 0.0,
        is_bona_fide=None,
        is_match=None,
    )
