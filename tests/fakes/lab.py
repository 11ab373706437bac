"""A lab whose detector finds the face that a test places, and whose cues say what it tells them."""

from __future__ import annotations

from dataclasses import dataclass, field

from countenance.ceremony.policy import PassivePolicy
from countenance.geometry.boxes import Box
from countenance.images.image import Image
from countenance.vision.interfaces import CueScore, FaceDetector, PadCue
from countenance.vision.observer import Observer, Thresholds
from countenance.vision.pad_watch import PadWatch
from tests.fakes.vision import ScriptedDetector, ScriptedEmbedder, ScriptedPad, face_at


@dataclass
class TwoCues(ScriptedPad):
    """A detector with a crop and a joined score."""

    def cues(self, image: Image, *, face: Box) -> tuple[CueScore, ...]:
        return (
            CueScore(PadCue.TIGHT_CROP, 0.25, 0.5),
            CueScore(PadCue.DETECTOR, self.value, self.threshold),
        )


@dataclass
class FakeLabEngine:
    """Implements `web.lab.engine.LabEngine`."""

    scripted: ScriptedDetector = field(
        default_factory=lambda: ScriptedDetector((face_at(240, 120, width=160),))
    )
    pad: TwoCues = field(default_factory=lambda: TwoCues(0.9))
    pad_name: str = "fake/1"

    @property
    def detector(self) -> FaceDetector:
        return self.scripted

    def watch(self, policy: PassivePolicy) -> PadWatch:
        observer = Observer(self.scripted, ScriptedEmbedder(), self.pad, Thresholds(0.4, 0.3))
        return PadWatch(observer, policy=policy, cues=self.pad)
