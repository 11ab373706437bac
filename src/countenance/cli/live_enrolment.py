"""Guided enrolment from a local camera or a video file."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from countenance.biometrics.templates import Template, template_of
from countenance.ceremony.enrolment import (
    EnrolmentPolicy,
    EnrolmentState,
    Prompt,
    advance_enrolment,
    begin_enrolment,
    expire_enrolment,
)
from countenance.ceremony.evidence import Hint
from countenance.ceremony.verdict import Reason
from countenance.cli.context import Session
from countenance.cli.wording import HINTS, PROMPTS, REASONS
from countenance.errors import CountenanceError

if TYPE_CHECKING:
    from countenance.biometrics.embeddings import Embedding
    from countenance.images.video import VideoFrame
    from countenance.vision.engine import Engine

FILE_PATIENCE_S: Final = 1.0
"""How long a prompt waits in a video file, which cannot answer it."""


class EnrolmentRefusedError(CountenanceError):
    """The guided enrolment ended without a template; nothing was stored."""

    code = "cli.enrolment_refused"


def enrol_live(session: Session, engine: Engine, source: str) -> Template:
    """Watch a camera or video until there are enough samples.

    Args:
        source: a camera number or the path of a video.

    Raises:
        EnrolmentRefusedError: too few good samples, another face, or an attack.
        ImageError: the source cannot be read.
    """
    from countenance.images.sources import open_source

    is_camera = source.isdecimal()
    policy = EnrolmentPolicy()
    if not is_camera:
        policy = replace(policy, pose_patience_s=FILE_PATIENCE_S, time_limit_s=float("inf"))
    guide = _Guide(session, engine, policy)
    with open_source(source) as reader:
        began_s = time.monotonic()
        for frame in reader.frames():
            at_s = time.monotonic() - began_s if is_camera else frame.at_s
            if guide.take(frame, at_s=at_s):
                break
    return guide.conclude()


class _Guide:
    """The course of one enrolment, told on the terminal."""

    def __init__(self, session: Session, engine: Engine, policy: EnrolmentPolicy) -> None:
        self._session = session
        self._observer = engine.observer(enrols=True)
        self._state: EnrolmentState = begin_enrolment(policy, at_s=0.0)
        self._samples: list[Embedding] = []
        self._told = ""

    def take(self, frame: VideoFrame, *, at_s: float) -> bool:
        """Take a frame into account; True when the enrolment is over."""
        expected = template_of(self._samples) if self._samples else None
        analysis = self._observer.analyse(
            frame.image, sequence=frame.index, at_s=at_s, template=expected
        )
        self._state = advance_enrolment(self._state, analysis.observation)
        if self._state.takes_frame and analysis.embedding is not None:
            self._samples.append(analysis.embedding)
        self._tell()
        return self._state.verdict is not None

    def _tell(self) -> None:
        done, wanted = self._state.progress
        is_good = self._state.hint is Hint.HOLD_STILL
        words = PROMPTS[Prompt(self._state.prompt)] if is_good else HINTS[self._state.hint]
        line = f"{done}/{wanted}  {words}"
        if line != self._told:
            self._session.note(line)
            self._told = line

    def conclude(self) -> Template:
        """The template, once the source is over or the enrolment decided."""
        policy = replace(self._state.policy, time_limit_s=0.0)
        ended = expire_enrolment(replace(self._state, policy=policy), at_s=float("inf"))
        verdict = ended.verdict
        if verdict is not None and verdict.is_granted:
            return template_of(self._samples)
        reason = verdict.reason if verdict and verdict.reason else Reason.INTERRUPTED
        raise EnrolmentRefusedError(
            f"Nothing was enrolled: {REASONS[reason]}.",
            remedy="Show one live face to the camera, in good light, and follow the prompts.",
        )
