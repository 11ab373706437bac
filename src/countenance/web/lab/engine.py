"""What the lab needs of the engine."""

from __future__ import annotations

from typing import Protocol

from countenance.bootstrap import Container
from countenance.ceremony.policy import PassivePolicy
from countenance.vision.interfaces import FaceDetector, cue_reader
from countenance.vision.pad_watch import PadWatch


class LabEngine(Protocol):
    """Detector and passive detection, as logins use them."""

    @property
    def detector(self) -> FaceDetector:
        """Finds the face of a presentation."""

    @property
    def pad_name(self) -> str:
        """Which passive detector judges: model names and versions."""

    def watch(self, policy: PassivePolicy) -> PadWatch:
        """A new source, followed with every cue told."""


class ContainerLabEngine:
    """The engine of the container, opened when the lab first needs it."""

    def __init__(self, container: Container) -> None:
        self._container = container

    @property
    def detector(self) -> FaceDetector:
        return self._container.engine.detector

    @property
    def pad_name(self) -> str:
        return self._container.engine.pad.name

    def watch(self, policy: PassivePolicy) -> PadWatch:
        engine = self._container.engine
        return PadWatch(engine.observer(), policy=policy, cues=cue_reader(engine.pad))
