"""Clips as logins: every frame through the observer of a capture, then the passive decision.

One clip is one presentation. Only matching is left out: whoever is shown counts as the user.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from countenance.ceremony.evidence import Observation
from countenance.ceremony.policy import PassivePolicy
from countenance.ceremony.state import advance, begin, expire
from countenance.ceremony.verdict import Verdict
from countenance.datasets.manifest import Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.images.video import VideoFrame
from countenance.pad.species import PaiSpecies
from countenance.statistics.intervals import Rate, rate
from countenance.vision.observer import Observer

FRAMES_PER_S: Final = 10.0
"""How often a browser sends a frame."""


@dataclass(frozen=True, slots=True)
class SeenFrame:
    """One frame of a clip."""

    observation: Observation
    """Whoever is shown matches."""
    bona_fide_score: float | None
    """Smoothed as in a login, 0..1; None when the frame was not good enough to be judged."""


@dataclass(frozen=True, slots=True)
class ClipSession:
    """What a login would have made of a clip."""

    presentation: Presentation
    frames: tuple[SeenFrame, ...]
    verdict: Verdict
    decided_at_s: float | None
    """Seconds since the first frame; None when the clip was over before."""
    score: float | None
    """The highest threshold at which the clip would have been admitted; 0 for none at all, None
    when no frame was good enough to be judged. The clip was admitted when it reaches the
    threshold that was used."""

    @property
    def scores(self) -> tuple[float, ...]:
        """Of the frames that were judged."""
        return tuple(f.bona_fide_score for f in self.frames if f.bona_fide_score is not None)

    @property
    def frames_with_face(self) -> int:
        return sum(f.observation.face is not None for f in self.frames)

    @property
    def scored(self) -> ScoredPresentation:
        """The clip as one presentation."""
        return ScoredPresentation(self.presentation, self.score)


@dataclass(frozen=True, slots=True)
class FrameRates:
    """Errors counted by frame. Neighbouring frames tell nearly the same: the intervals flatter."""

    bpcer: Rate | None
    apcer: Mapping[PaiSpecies, Rate]


def watch(frames: Iterable[VideoFrame], observer: Observer, *, limit_s: float) -> list[SeenFrame]:
    """Look at a clip at the rate of a login, from its beginning to the time limit.

    Raises: VideoUnreadableError: the clip ends early.
    """
    seen: list[SeenFrame] = []
    due = 0
    for frame in frames:
        if frame.at_s > limit_s:
            break
        slot = math.floor(frame.at_s * FRAMES_PER_S + 1e-6)
        if slot < due:
            continue
        due = slot + 1
        told = observer.analyse(frame.image, sequence=frame.index, at_s=frame.at_s, template=None)
        score = None if told.bona_fide is None else told.bona_fide.value
        seen.append(SeenFrame(_matching(told.observation), score))
    return seen


def _matching(observation: Observation) -> Observation:
    face = observation.face
    if face is None or observation.is_repeated or not face.has_quality:
        return observation
    return replace(observation, face=replace(face, is_match=True))


def session_of(
    presentation: Presentation,
    frames: Sequence[SeenFrame],
    *,
    policy: PassivePolicy,
    threshold: float,
) -> ClipSession:
    """Decide a clip at a threshold, and tell how high the threshold might have been."""
    verdict, decided_at_s = _decided(frames, policy, threshold)
    score = _score(frames, policy)
    if score is not None and not verdict.is_granted:
        # A stricter threshold may admit what this one does not: faces change less often.
        score = min(score, math.nextafter(threshold, 0.0))
    return ClipSession(presentation, tuple(frames), verdict, decided_at_s, score)


def _decided(
    frames: Sequence[SeenFrame], policy: PassivePolicy, threshold: float
) -> tuple[Verdict, float | None]:
    state = begin(policy, at_s=0.0)
    for frame in frames:
        state = advance(state, _judged(frame, threshold))
        if state.verdict is not None:
            return state.verdict, frame.observation.at_s
    verdict = expire(state, at_s=math.inf).verdict
    assert verdict is not None  # noqa: S101 # nosec B101 # an endless time has passed
    return verdict, None


def _judged(frame: SeenFrame, threshold: float) -> Observation:
    face, score = frame.observation.face, frame.bona_fide_score
    if face is None or score is None:
        return frame.observation
    return replace(frame.observation, face=replace(face, is_bona_fide=score >= threshold))


def _score(frames: Sequence[SeenFrame], policy: PassivePolicy) -> float | None:
    told = {f.bona_fide_score for f in frames if f.bona_fide_score is not None}
    if not told:
        return None
    descending = sorted(told, reverse=True)
    granting = (t for t in descending if _decided(frames, policy, t)[0].is_granted)
    return next(granting, 0.0)


def frame_rates(sessions: Iterable[ClipSession], *, threshold: float) -> FrameRates:
    """Count the judged frames of all clips that fall on the wrong side."""
    scores: dict[PaiSpecies | None, list[float]] = defaultdict(list)
    for session in sessions:
        scores[session.presentation.species].extend(session.scores)
    bona_fide = scores.pop(None, [])
    return FrameRates(
        rate(sum(s < threshold for s in bona_fide), len(bona_fide)) if bona_fide else None,
        {
            species: rate(sum(s >= threshold for s in found), len(found))
            for species, found in sorted(scores.items(), key=lambda item: str(item[0]))
            if species is not None and found
        },
    )
