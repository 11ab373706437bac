"""A login watched on a local source: who is seen, bona fide or not, and the verdict.

The same observer and decision core as behind the login page; only the claimed user may be
replaced by whoever of the enrolled is seen (1:N).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from countenance.biometrics.identification import Gallery
from countenance.ceremony.evidence import Observation
from countenance.ceremony.policy import PassivePolicy
from countenance.ceremony.state import State, advance, begin, expire
from countenance.ceremony.verdict import Verdict

if TYPE_CHECKING:
    from countenance.biometrics.embeddings import Embedding
    from countenance.geometry.boxes import Box
    from countenance.images.video import VideoFrame
    from countenance.vision.engine import Engine


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one frame showed and where the login stands after it."""

    box: Box | None
    """Of the presented face, pixels of the frame."""
    others: tuple[Box, ...]
    """Of further faces."""
    name: str | None
    """The enrolled user that is seen; None for nobody, or when the frame was not judged."""
    is_bona_fide: bool | None
    """None when the frame was not judged."""
    state: State


@dataclass(slots=True)
class Tally:
    """What a whole source showed."""

    frames: int = 0
    frames_with_face: int = 0
    frames_judged: int = 0
    attack_frames: int = 0


class Watch:
    """Follows one source to its verdict, and goes on describing frames after it."""

    def __init__(
        self,
        engine: Engine,
        gallery: Gallery,
        *,
        threshold: float,
        names: dict[str, str],
        policy: PassivePolicy,
    ) -> None:
        """Prepare to watch.

        Args:
            engine: loaded.
            gallery: whom a face is compared with; one user alone for a claimed identity.
            threshold: similarity from which on a face is one of the gallery.
            names: key of the gallery to login name.
            policy: what a grant asks for.
        """
        self._engine = engine
        self._observer = engine.observer()
        self._gallery = gallery
        self._threshold = threshold
        self._names = names
        self._policy = policy
        self._state: State | None = None
        self._streak_of: str | None = None
        self.tally = Tally()
        self.user: str | None = None
        """Login name of who was granted."""
        self.decided_at_s: float | None = None
        """When the verdict came, seconds since the first frame."""

    @property
    def needed(self) -> int:
        """Consecutive good frames for a grant."""
        return self._policy.frames_needed

    @property
    def verdict(self) -> Verdict | None:
        """None while undecided."""
        return self._state.verdict if self._state else None

    def see(self, frame: VideoFrame, *, at_s: float) -> Sighting:
        """Take the next frame into account; `at_s` is seconds since the first."""
        state = self._state or begin(self._policy, at_s=at_s)
        analysis = self._observer.analyse(
            frame.image, sequence=frame.index, at_s=at_s, template=None
        )
        key = self._who(analysis.embedding)
        observation = self._with_match(analysis.observation, key, streak=state.streak)
        state = advance(state, observation)
        self._note(state, observation, key, at_s=at_s)
        face = observation.face
        return Sighting(
            box=analysis.face.box if analysis.face else None,
            others=self._others(frame, observation.face_count),
            name=self._names.get(key) if key else None,
            is_bona_fide=face.is_bona_fide if face else None,
            state=state,
        )

    def _who(self, embedding: Embedding | None) -> str | None:
        if embedding is None:
            return None
        found = self._gallery.candidates(embedding, threshold=self._threshold, limit=1)
        return found[0].key if found else None

    def _with_match(self, observation: Observation, key: str | None, *, streak: int) -> Observation:
        """The observation with its match: somebody enrolled, and the same one all along."""
        face = observation.face
        if face is None or observation.is_repeated or not face.has_quality:
            return observation
        if streak == 0:
            self._streak_of = key
        is_match = key is not None and key == self._streak_of
        return replace(observation, face=replace(face, is_match=is_match))

    def _note(
        self, state: State, observation: Observation, key: str | None, *, at_s: float
    ) -> None:
        face, tally = observation.face, self.tally
        tally.frames += 1
        tally.frames_with_face += face is not None
        tally.frames_judged += face is not None and face.is_bona_fide is not None
        tally.attack_frames += face is not None and face.is_bona_fide is False
        if self.verdict is None and state.verdict is not None:
            self.decided_at_s = at_s
            if state.verdict.is_granted and key is not None:
                self.user = self._names[key]
        self._state = state

    def _others(self, frame: VideoFrame, face_count: int) -> tuple[Box, ...]:
        if face_count < 2:
            return ()
        found = self._engine.detector.detect(frame.image, max_side_px=640)
        return tuple(face.box for face in found[1:])

    def conclude(self) -> Verdict:
        """The verdict, once the source is over: what was not granted by then is refused."""
        state = self._state or begin(self._policy, at_s=0.0)
        verdict = expire(state, at_s=float("inf")).verdict
        assert verdict is not None  # noqa: S101 # nosec B101 # an endless time has passed
        return verdict
