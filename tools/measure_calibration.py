"""What knowing a camera gives at recorded clips, as a login would watch them.

    python -m tools.measure_calibration [--card CARD] [--attack] CLIP...

Each half of a clip stands for one completed login; the other half is judged twice, by the default
threshold and by the one that this login would leave. Both halves are one session: expect less
across days. The detector should not have been trained with the clips; give the card of one that
was trained without them. Attacks have no login to learn from: with --attack, clips are judged at
the lowest threshold that the detector's card allows any camera.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from countenance.bootstrap import build
from countenance.images.crops import shrunk_to
from countenance.images.image import Image
from countenance.images.video import open_video
from countenance.pad.camera import one_login
from countenance.settings import read_settings
from countenance.vision.engine import Engine

FRAME_S = 0.1
SECONDS = 20.0
SIDE_PX = 640
IN_A_ROW = 10


@dataclass(frozen=True, slots=True)
class Watched:
    """What passive detection made of some frames in a row."""

    judged: int
    bona_fide: int
    after_s: float | None
    """Until ten good frames in a row; None when they never came."""
    log_odds: tuple[float, ...]

    def __str__(self) -> str:
        after = "never" if self.after_s is None else f"after {self.after_s:.1f} s"
        return f"{self.bona_fide} of {self.judged} bona fide, ten in a row {after}"


def frames_of(path: Path) -> list[Image]:
    """The first seconds of a clip, as a browser would send them."""
    kept: list[Image] = []
    with open_video(path) as reader:
        for shot in reader.frames():
            if shot.at_s > SECONDS:
                break
            if shot.at_s >= len(kept) * FRAME_S:
                kept.append(shrunk_to(shot.image, max_side_px=SIDE_PX)[0])
    return kept


def watch(engine: Engine, frames: Sequence[Image], *, shift: float = 0.0) -> Watched:
    """Judge frames as one capture with the threshold moved."""
    observer = engine.observer()
    observer.shift_threshold(shift)
    judged = bona_fide = run = 0
    after_s, values = None, []
    for number, image in enumerate(frames):
        seen = observer.analyse(image, sequence=number, at_s=number * FRAME_S, template=None)
        face = seen.observation.face
        if face is None or seen.log_odds is None:
            run = 0
            continue
        judged, bona_fide = judged + 1, bona_fide + (face.is_bona_fide is True)
        run = run + 1 if face.is_bona_fide and face.is_continuous else 0
        values.append(seen.log_odds)
        if run == IN_A_ROW and after_s is None:
            after_s = (number + 1) * FRAME_S
    return Watched(judged, bona_fide, after_s, tuple(values))


def trial(engine: Engine, name: str, taught: Sequence[Image], judged: Sequence[Image]) -> None:
    """Learn from some frames as from one login, and judge others both ways."""
    scores = one_login(watch(engine, taught).log_odds)
    shift = engine.threshold_shift(scores)
    print(f"{name}: default {watch(engine, judged)}")
    print(f"{name}: moved by {shift:+.2f} {watch(engine, judged, shift=shift)}")


def main() -> None:
    """Judge each clip both ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--card", default="", help="card of the detector; default the shipped one")
    parser.add_argument("--attack", action="store_true", help="the clips show attacks")
    given = parser.parse_args()
    environ = {"COUNTENANCE_PAD_CARD": given.card, "COUNTENANCE_ENGINE_PAD_FUSION": "off"}
    engine = build(read_settings(environ)).engine
    for path in given.clips:
        frames = frames_of(path)
        if given.attack:
            lowest = watch(engine, frames, shift=-engine.pad.shift_bounds.fall)
            print(f"{path.name}: lowest threshold {lowest}")
            continue
        half = len(frames) // 2
        trial(engine, f"{path.name}, first half", frames[half:], frames[:half])
        trial(engine, f"{path.name}, second half", frames[:half], frames[half:])


if __name__ == "__main__":
    main()
