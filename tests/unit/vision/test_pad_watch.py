"""What is told of each frame of a source, and in which columns."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np

from countenance.ceremony.policy import PassivePolicy
from countenance.geometry.boxes import Box
from countenance.images.image import Image
from countenance.images.video import VideoFrame
from countenance.vision.interfaces import CueScore, PadCue, cue_reader
from countenance.vision.observer import Observer, Thresholds
from countenance.vision.pad_values import as_full_row, as_row, rows_as_csv
from countenance.vision.pad_watch import PadWatch
from tests.fakes.vision import ScriptedDetector, ScriptedEmbedder, ScriptedPad, face_at

POLICY = PassivePolicy(frames_needed=3)


@dataclass
class PadWithCues(ScriptedPad):
    """Tells two cues apart."""

    def cues(self, image: Image, *, face: Box) -> tuple[CueScore, ...]:
        return (
            CueScore(PadCue.TIGHT_CROP, 0.25, 0.5),
            CueScore(PadCue.DETECTOR, self.value, self.threshold),
        )


def frame(index: int, *, seed: int | None = None) -> VideoFrame:
    noise = np.random.default_rng(index if seed is None else seed)
    return VideoFrame(index, index / 10, Image(noise.integers(60, 190, (480, 640, 3), np.uint8)))


def watch_of(detector: ScriptedDetector, pad: ScriptedPad, *, asks: bool = True) -> PadWatch:
    observer = Observer(detector, ScriptedEmbedder(), pad, Thresholds(0.4, 0.3))
    return PadWatch(observer, policy=POLICY, cues=cue_reader(pad) if asks else None)


def test_each_cue_is_told_for_a_face_that_is_not_judged_too() -> None:
    tiny = ScriptedDetector((face_at(300, 200, width=24),))
    reading = watch_of(tiny, PadWithCues(0.9)).see(frame(0), at_s=0.0)
    assert reading.is_bona_fide is None
    assert {cue.cue: cue.value for cue in reading.cues} == {"tight_crop": 0.25, "detector": 0.9}


def test_a_detector_without_separate_cues_tells_none() -> None:
    detector = ScriptedDetector((face_at(240, 120, width=160),))
    assert watch_of(detector, ScriptedPad()).see(frame(0), at_s=0.0).cues == ()
    assert watch_of(detector, PadWithCues(), asks=False).see(frame(0), at_s=0.0).cues == ()


def test_the_rule_is_met_by_frames_in_a_row_and_told_when() -> None:
    watch = watch_of(ScriptedDetector((face_at(240, 120, width=160),)), PadWithCues(0.9))
    readings = [watch.see(frame(k), at_s=k / 10) for k in range(4)]
    assert [reading.progress[0] for reading in readings] == [1, 2, 3, 3]
    assert watch.conclude().is_granted
    assert watch.decided_at_s == 0.2
    assert watch.tally.longest_run == 4


def test_a_repeated_frame_is_told_and_has_no_face_of_its_own() -> None:
    watch = watch_of(ScriptedDetector((face_at(240, 120, width=160),)), PadWithCues())
    first, again = (watch.see(frame(k, seed=1), at_s=k / 10) for k in range(2))
    assert (first.is_repeated, again.is_repeated) == (False, True)
    assert as_row(again)["x0"] is None


def test_rows_of_frames_with_and_without_a_face_share_their_columns() -> None:
    detector = ScriptedDetector((face_at(240, 120, width=160),))
    watch = watch_of(detector, PadWithCues(0.9))
    with_face = as_full_row(watch.see(frame(0), at_s=0.0))
    detector.present = ()
    without = as_full_row(watch.see(frame(1), at_s=0.1))
    assert list(with_face) == list(without)
    assert with_face["tight_crop_score"] == 0.25
    assert with_face["whole_frame_score"] is None
    read = list(csv.DictReader(io.StringIO(rows_as_csv([with_face, without]))))
    assert (read[0]["detector_score"], read[1]["detector_score"]) == ("0.9", "")
