"""What a capture is for, behind one interface: a login or an enrolment."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from countenance.biometrics.embeddings import Embedding
from countenance.biometrics.templates import Template
from countenance.ceremony.evidence import Observation
from countenance.ceremony.verdict import Reason, Verdict
from countenance.images.image import Image
from countenance.pad.camera import CameraScores
from countenance.vision.engine import StillAnalysis
from countenance.web.capture.replies import FrameView, Reply


class Analysis(Protocol):
    """What the engine made of one frame."""

    @property
    def observation(self) -> Observation: ...

    @property
    def embedding(self) -> Embedding | None:
        """Of the presented face; None when the frame was not worth one."""

    @property
    def log_odds(self) -> float | None:
        """What the passive detector gave the frame, to learn from; None when it was not judged."""

    @property
    def fingerprint(self) -> NDArray[np.uint8] | None:
        """What stands for its pixels; None for an exact repeat of the frame before."""


class FrameObserver(Protocol):
    """The engine's memory of one capture; not shared between captures."""

    def analyse(
        self, image: Image, *, sequence: int, at_s: float, template: Template | None
    ) -> Analysis:
        """Look at the next frame; `template` is what its face is compared with."""

    def shift_threshold(self, log_odds: float) -> None:
        """Judge the next frames by a passive threshold moved by so much; above 0 is stricter."""

    def begin_relief(self) -> None:
        """Measure the depth of the face in the next frames, against the last one."""

    def end_relief(self) -> None:
        """Measure no depth any more."""

    def begin_light(self) -> None:
        """Measure the colour of the light on the face in the next frames."""

    def end_light(self) -> None:
        """Measure no light any more."""


class Recognition(Protocol):
    """What the captures need of the engine."""

    @property
    def pack(self) -> str:
        """Model pack whose templates it can compare."""

    def identification_threshold(self, *, enrolled: int, fpir: float) -> float:
        """Similarity from which a face counts as that of one of so many enrolled people.

        Args:
            enrolled: how many.
            fpir: share of strangers who may be taken for one of them, 0..1.
        """

    @property
    def match_similarity(self) -> float:
        """Similarity from which two photographs show the same person."""

    def analyse_still(self, image: Image) -> StillAnalysis:
        """Find and embed the face of a photograph; nobody says that it was live."""

    @property
    def detector(self) -> str:
        """Fingerprint of the passive detector."""

    def threshold_shift(self, scores: CameraScores | None) -> float:
        """How far the passive threshold moves at a camera; 0 for one that is not known."""

    def new_observer(self, *, enrols: bool = False) -> FrameObserver:
        """The engine's memory for one capture; one that enrols is more exact and slower."""


class Course(Protocol):
    """A ceremony on its way: frames in, a verdict at the end."""

    @property
    def purpose(self) -> str:
        """`identity.interfaces.Purpose`."""

    @property
    def frames_needed(self) -> int:
        """Segments of the ring."""

    @property
    def time_limit_s(self) -> float:
        """From the first frame to the verdict, seconds."""

    @property
    def verdict(self) -> Verdict | None:
        """None while it is going on."""

    def take(self, image: Image, *, sequence: int, at_s: float) -> FrameView:
        """Take one frame into account."""

    def expire(self, *, at_s: float) -> None:
        """Let time pass without a frame."""

    def interrupt(self, reason: Reason) -> None:
        """End it from outside."""

    def suspect(self, reason: Reason, detail: str, *, is_certain: bool) -> None:
        """Write down that something speaks against the pictures being a camera's.

        Args:
            reason: which may also end it, if it is certain or a setting says so.
            detail: one word that tells what was found.
            is_certain: whether nothing else explains it.
        """

    def conclude(self, verdict: Verdict) -> Reply:
        """Write the verdict down and say it; called once.

        Raises: StorageError: it could not be written; then nothing is granted.
        """
