"""A clip becomes one decision, as a login would have come to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from countenance.biometrics.templates import Template
from countenance.ceremony.evidence import FaceEvidence, Hint, Observation
from countenance.ceremony.policy import PassivePolicy
from countenance.ceremony.verdict import Reason
from countenance.datasets.manifest import Kind, Presentation
from countenance.evaluation.pad_clips import (
    SeenFrame,
    frame_rates,
    session_of,
    watch,
)
from countenance.images.image import Image
from countenance.images.video import VideoFrame
from countenance.pad.species import PaiSpecies
from countenance.vision.interfaces import BonaFideScore
from countenance.vision.observer import FrameAnalysis, Observer

LIVE = Presentation(Path("live.mp4"), "hall", "ada", None, Kind.CLIP)
REPLAY = Presentation(Path("replay.mp4"), "hall", "", PaiSpecies.REPLAY_PHONE, Kind.CLIP)
POLICY = PassivePolicy()


def face(hint: Hint = Hint.HOLD_STILL, *, is_match: bool | None = True) -> FaceEvidence:
    return FaceEvidence((0.3, 0.3, 0.6, 0.7), 1, hint, 0.0, 0.0, None, is_match)


def frames(*scores: float | None) -> list[SeenFrame]:
    """Ten a second; None is a frame that was too poor to be judged."""
    return [
        SeenFrame(
            Observation(at, at / 10, 1, face(Hint.BLURRED if score is None else Hint.HOLD_STILL)),
            score,
        )
        for at, score in enumerate(scores)
    ]


def test_ten_good_frames_in_a_row_admit() -> None:
    told = session_of(LIVE, frames(*[0.2] * 5, *[0.9] * 10), policy=POLICY, threshold=0.5)
    assert told.verdict.is_granted
    assert told.decided_at_s == pytest.approx(1.4)
    assert told.score == 0.9


def test_a_poor_frame_breaks_the_row() -> None:
    told = session_of(LIVE, frames(*[0.9] * 9, None, *[0.9] * 9), policy=POLICY, threshold=0.5)
    assert told.verdict.reason is Reason.TIMED_OUT
    assert told.decided_at_s is None
    assert told.score == 0.0


def test_the_score_is_the_highest_threshold_that_admits() -> None:
    seen = frames(*[0.9] * 5, 0.6, *[0.8] * 9)
    told = session_of(REPLAY, seen, policy=POLICY, threshold=0.7)
    assert not told.verdict.is_granted
    assert told.score == 0.6
    assert session_of(REPLAY, seen, policy=POLICY, threshold=0.6).verdict.is_granted


def test_forty_frames_of_an_attack_end_a_login_before_good_ones_come() -> None:
    told = session_of(REPLAY, frames(*[0.1] * 40, *[0.9] * 20), policy=POLICY, threshold=0.5)
    assert told.verdict.reason is Reason.PRESENTATION_ATTACK
    assert told.score is not None
    assert told.score < 0.5


def test_a_clip_of_which_no_frame_could_be_judged_has_no_score() -> None:
    told = session_of(LIVE, frames(None, None), policy=POLICY, threshold=0.5)
    assert told.score is None
    assert told.scored.bona_fide_score is None


def test_frames_are_counted_by_species_over_all_clips() -> None:
    sessions = [
        session_of(LIVE, frames(0.9, 0.4, None), policy=POLICY, threshold=0.5),
        session_of(REPLAY, frames(0.9, 0.1, 0.1, 0.1), policy=POLICY, threshold=0.5),
    ]
    told = frame_rates(sessions, threshold=0.5)
    assert told.bpcer is not None
    assert (told.bpcer.errors, told.bpcer.total) == (1, 2)
    assert told.apcer[PaiSpecies.REPLAY_PHONE].value == 0.25


@dataclass
class WatchingObserver:
    """Remembers when it was asked."""

    asked_at_s: list[float] = field(default_factory=list)

    def analyse(
        self, image: Image, *, sequence: int, at_s: float, template: Template | None
    ) -> FrameAnalysis:
        assert template is None
        self.asked_at_s.append(at_s)
        seen = Observation(sequence, at_s, 1, face(is_match=None))
        return FrameAnalysis(seen, bona_fide=BonaFideScore(0.7, 0.5))


def clip(fps: float, seconds: float) -> list[VideoFrame]:
    image = Image(np.zeros((4, 4, 3), np.uint8))
    return [VideoFrame(at, at / fps, image) for at in range(int(fps * seconds))]


@pytest.mark.parametrize("fps", [5.0, 10.0, 25.0, 29.97, 60.0])
def test_a_clip_is_watched_at_the_rate_of_a_login_and_no_longer(fps: float) -> None:
    observer = WatchingObserver()
    seen = watch(clip(fps, 23.0), cast("Observer", observer), limit_s=20.0)
    assert max(observer.asked_at_s) <= 20.0
    assert len(seen) == pytest.approx(20 * min(fps, 10.0), abs=2)


def test_whoever_is_shown_counts_as_the_user() -> None:
    seen = watch(clip(10, 2), cast("Observer", WatchingObserver()), limit_s=20.0)
    assert all(frame.observation.face is not None for frame in seen)
    assert session_of(LIVE, seen, policy=POLICY, threshold=0.5).verdict.is_granted
