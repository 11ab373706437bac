"""What liveness detection sees in a video, and what a passive login would make of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from countenance.ceremony.state import State, advance, begin, expire
from countenance.vision.eye_openness import EyeOpenness

if TYPE_CHECKING:
    from countenance.ceremony.evidence import Hint, Observation
    from countenance.ceremony.policy import PassivePolicy
    from countenance.ceremony.verdict import Verdict
    from countenance.geometry.boxes import Box
    from countenance.geometry.landmarks import HeadPose
    from countenance.images.video import VideoFrame
    from countenance.vision.interfaces import BonaFideScore, CueReader, CueScore
    from countenance.vision.observer import Observer


@dataclass(frozen=True, slots=True)
class Reading:
    """One frame."""

    frame: int
    at_s: float
    face_count: int
    is_repeated: bool
    box: Box | None
    """Of the presented face, pixels; None when there is none or the frame is a repeat."""
    hint: Hint | None
    """What keeps the frame from being judged; None when there is no face."""
    is_bona_fide: bool | None
    """None when the frame was not judged."""
    score: BonaFideScore | None
    """As the last frames of the track have it; None when the frame was not judged."""
    pose: HeadPose | None
    eye_openness: float | None
    """0 (shut) to 1 (open as this person's eyes usually are); None before that is known."""
    progress: tuple[int, int]
    """Consecutive good frames and how many a passive login needs."""
    quality: float = 0.0
    """Of the sample, 0 (poor) to 1."""
    cues: tuple[CueScore, ...] = ()
    """Of this frame alone, judged or not; empty where nobody asked, or there is no face."""


@dataclass(slots=True)
class Tally:
    """Counts over a whole source."""

    frames: int = 0
    with_face: int = 0
    judged: int = 0
    bona_fide: int = 0
    longest_run: int = 0
    """Bona fide frames of one face in a row."""

    @property
    def share_bona_fide(self) -> float | None:
        """Of the frames that were judged; None when none was."""
        return self.bona_fide / self.judged if self.judged else None


class PadWatch:
    """Follows one source with the login's own observer; nobody is recognised."""

    def __init__(
        self, observer: Observer, *, policy: PassivePolicy, cues: CueReader | None = None
    ) -> None:
        """Begin with a source.

        Args:
            observer: of its own.
            policy: of the passive login that it is held against.
            cues: a detector that is asked for each of its cues besides; None asks none.
        """
        self._observer = observer
        self._cues = cues
        self._eyes = EyeOpenness()
        self._policy = policy
        self._state: State | None = None
        self._run, self._run_of = 0, -1
        self.tally = Tally()
        self.decided_at_s: float | None = None
        """When the passive rule was met or refused; None before."""

    def see(self, frame: VideoFrame, *, at_s: float) -> Reading:
        """Take the next frame into account."""
        analysis = self._observer.analyse(
            frame.image, sequence=frame.index, at_s=at_s, template=None
        )
        state = self._state or begin(self._policy, at_s=at_s)
        self._state = advance(state, _as_matching(analysis.observation))
        if state.verdict is None and self._state.verdict is not None:
            self.decided_at_s = at_s
        face, seen = analysis.face, analysis.observation
        openness: float | None = None
        cues: tuple[CueScore, ...] = ()
        if face is not None and seen.face is not None:
            if self._cues is not None:
                cues = self._cues.cues(frame.image, face=face.box)
            openness = self._eyes.measure(
                frame.image, landmarks=face.landmarks, track_id=seen.face.track_id
            )
        self._count(seen)
        return Reading(
            frame=frame.index,
            at_s=at_s,
            face_count=seen.face_count,
            is_repeated=seen.is_repeated,
            box=face.box if face else None,
            hint=seen.face.hint if seen.face else None,
            is_bona_fide=seen.face.is_bona_fide if seen.face else None,
            score=analysis.bona_fide,
            pose=analysis.pose,
            eye_openness=openness,
            progress=self._state.progress,
            quality=analysis.quality,
            cues=cues,
        )

    def conclude(self) -> Verdict:
        """What a passive login would have said of somebody with this face."""
        state = self._state or begin(self._policy, at_s=0.0)
        verdict = expire(state, at_s=float("inf")).verdict
        assert verdict is not None  # noqa: S101 # nosec B101 # an endless time has passed
        return verdict

    def _count(self, seen: Observation) -> None:
        face, tally = seen.face, self.tally
        tally.frames += 1
        tally.with_face += face is not None
        tally.judged += face is not None and face.is_bona_fide is not None
        if face is None or face.is_bona_fide is not True:
            self._run = 0
            return
        tally.bona_fide += 1
        is_same = face.track_id == self._run_of and face.is_continuous
        self._run = self._run + 1 if is_same else 1
        self._run_of = face.track_id
        tally.longest_run = max(tally.longest_run, self._run)


def _as_matching(seen: Observation) -> Observation:
    """The observation as of somebody whose face is enrolled: the passive rule asks for a match."""
    face = seen.face
    if face is None or seen.is_repeated or not face.has_quality:
        return seen
    return replace(seen, face=replace(face, is_match=True))
