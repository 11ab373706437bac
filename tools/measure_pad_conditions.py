"""What dark rooms and covered faces cost passive detection, on sources that it has not seen.

    python -m tools.measure_pad_conditions --manifest FILE --photographs DIR [--root DIR]
        [--home DIR] [--folds N]

Every full frame of the manifest is judged as it is and under each condition of
`evaluation.degradations` that says something of rooms and faces, by heads that were trained without
its source, at the threshold found on the frames as they are. Heads learn from the pack `minifasnet`
where the home has it, as the shipped ones did. A frame that the login would not judge, for it is
too dark or shows no face, is in no rate and counted. Conditions are drawn, not captured. Prints one
JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from countenance.ceremony.evidence import Hint
from countenance.datasets.manifest import Kind, Presentation, read_manifest
from countenance.evaluation.degradations import CLEAN, Condition, conditions
from countenance.geometry.landmarks import head_pose
from countenance.images.codec import read_image
from countenance.images.image import ColourOrder, Image
from countenance.images.quality import measure
from countenance.statistics.intervals import rate
from countenance.training.donors import photographs_in
from countenance.training.extractors import Lite0Extractor
from countenance.training.features import DETECTION_SIDE_PX, extract_table
from countenance.training.lessons import Teaching, gather_lessons
from countenance.training.pad import check_presentations, train_heads
from countenance.training.pad_turns import Turn, Turns, by_source
from countenance.training.teaching import open_teacher, taught_log_odds
from countenance.vision.engine import open_recognition
from countenance.vision.interfaces import DetectedFace, FaceDetector
from countenance.vision.quality import QualityLimits, first_hint

WANTED: Final = (
    ("dim", "1/8 of the light"),
    ("dim", "1/32 of the light"),
    ("sunglasses", "dark"),
    ("scarf", "over mouth and nose"),
    ("face covering", "light blue"),
    ("face covering", "black"),
)
"""Name and level of each condition."""
SEED: Final = 7
"""Of the altered copies that train, as `pad train` has it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A frame under a condition."""

    condition: Condition
    shown: Presentation
    would_be_judged: bool
    """By the login's limits of light, size, sharpness and pose."""


def drawn(frames: Sequence[Presentation], detector: FaceDetector, folder: Path) -> Iterator[Judged]:
    """Every frame under every condition that is wanted, each a file in the folder."""
    chosen = [c for c in conditions() if (c.name, c.level) in WANTED]
    for number, frame in enumerate(frames):
        image = read_image(frame.path)
        face = largest(image, detector)
        if face is None:
            continue
        for index, condition in enumerate(chosen):
            changed = condition.change(image, face.landmarks).to(ColourOrder.BGR)
            path = folder / f"{number:05d}-{index}.png"
            cv2.imwrite(str(path), changed.pixels)
            # Not counted by training: neither its calibration nor its threshold may see these.
            shown = replace(frame, path=path, is_capture=False)
            yield Judged(condition, shown, is_judged(changed, detector))
        if number % 50 == 0:
            sys.stderr.write(f"{number} of {len(frames)} frames drawn\n")


def largest(image: Image, detector: FaceDetector) -> DetectedFace | None:
    """The face that the presentation is about; None when there is none."""
    faces = detector.detect(image, max_side_px=DETECTION_SIDE_PX)
    return faces[0] if faces else None


def is_judged(image: Image, detector: FaceDetector) -> bool:
    """Whether a login would judge that frame."""
    face = largest(image, detector)
    if face is None:
        return False
    hint = first_hint(
        face,
        pose=head_pose(face.landmarks),
        picture=measure(image, face=face.box),
        frame_size=(image.width_px, image.height_px),
        limits=QualityLimits(),
    )
    return hint is Hint.HOLD_STILL


def with_drawn(turns: Turns, frames: Sequence[Presentation], judged: Sequence[Judged]) -> Turns:
    """The same turns; a drawn frame is held out with its source and trained with in none."""
    holder = {
        frame.source: number
        for frame, number in zip(frames, turns.fold_of, strict=True)
        if turns.turns[number].held.any()
    }
    of_drawn = np.array([holder[one.shown.source] for one in judged])
    none = np.zeros(len(judged), bool)
    return Turns(
        turns.held_out,
        tuple(
            Turn(np.concatenate([turn.trained, none]), np.concatenate([turn.held, of_drawn == n]))
            for n, turn in enumerate(turns.turns)
        ),
    )


def told(
    scores: Mapping[Path, float | None], rows: Sequence[tuple[Presentation, bool]], threshold: float
) -> dict[str, Any]:
    """Rates of one condition."""
    found: dict[str, Any] = {"not_judged": sum(not is_judged for _, is_judged in rows)}
    for name, wanted in (("bpcer", True), ("apcer", False)):
        values = [
            scores[shown.path]
            for shown, is_judged in rows
            if is_judged and shown.is_bona_fide is wanted
        ]
        passed = [value for value in values if value is not None]
        errors = sum((value < threshold) is wanted for value in passed)
        if passed:
            share = rate(errors, len(passed))
            found[name] = {
                "errors": errors,
                "of": len(passed),
                "rate": round(share.value, 4),
                "interval": [round(share.low, 4), round(share.high, 4)],
            }
    return found


def main() -> None:
    """Draw, train without each source, judge."""
    wishes = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wishes.add_argument("--manifest", type=Path, required=True)
    wishes.add_argument("--root", type=Path)
    wishes.add_argument("--photographs", type=Path, required=True, help="as in `pad train`")
    wishes.add_argument("--home", type=Path, default=Path("var"), help="models and stored features")
    wishes.add_argument("--folds", type=int, default=8)
    given = wishes.parse_args()
    cv2.setNumThreads(1)
    presentations = check_presentations(read_manifest(given.manifest, root=given.root))
    frames = [p for p in presentations if p.kind is Kind.FULL_FRAME and p.is_capture]
    detector, _, _ = open_recognition(given.home / "models", threads=1)
    with tempfile.TemporaryDirectory() as folder:
        judged = list(drawn(frames, detector, Path(folder)))
        everything = (*presentations, *(one.shown for one in judged))
        cache = given.home / "cache" / "pad-features"
        extractor = Lite0Extractor()
        table = extract_table(
            everything,
            extractor=extractor,
            detector=detector,
            cache=cache,
            seed=SEED,
            photographs=photographs_in(given.photographs),
        )
        teacher = open_teacher(given.home / "models")
        told_of_all = np.concatenate(
            [
                taught_log_odds(presentations, teacher=teacher, detector=detector),
                np.full(len(judged), np.nan),
            ]
        )
        lessons = gather_lessons(
            presentations,
            teacher=teacher,
            extractor=extractor,
            detector=detector,
            cache=cache,
            seed=SEED,
        )
        turns = with_drawn(by_source(presentations, folds=given.folds), presentations, judged)
        teaching = Teaching(table, told_of_all, lessons)
        trained = train_heads(everything, table, turns=turns, teaching=teaching)
        scores = {
            entry.presentation.path: entry.bona_fide_score for entry in trained.scores["fused"]
        }
        clean = [(frame, is_judged(read_image(frame.path), detector)) for frame in frames]
    rows = {CLEAN: told(scores, clean, trained.threshold)}
    for name, level in WANTED:
        of_it = [
            (one.shown, one.would_be_judged)
            for one in judged
            if (one.condition.name, one.condition.level) == (name, level)
        ]
        rows[f"{name}, {level}"] = told(scores, of_it, trained.threshold)
    print(json.dumps({"threshold": trained.threshold, "folds": given.folds, "conditions": rows}))


if __name__ == "__main__":
    main()
