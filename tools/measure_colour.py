"""Measure the colour sequence on recorded faces in SIMULATED screen light.

    python -m tools.measure_colour --data DIR [--sessions N] [--seed S] [--only NAME]

DIR holds `liveness/clips` and `video` of the development data. The frames are real; the light of
the screen, white balance, exposure and noise are added (`tests/harness/reflections.py`). What
comes out says that the mathematics work, not how well the cue works before a real screen. Prints
one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.ceremony.colour import (
    ColourPhase,
    ColourPolicy,
    ColourState,
    advance_colours,
    begin_colours,
    draw_colours,
)
from countenance.ceremony.evidence import FaceEvidence, Hint, Observation
from countenance.geometry.boxes import Box
from countenance.images.image import Image
from countenance.vision.engine import open_engine
from countenance.vision.interfaces import FaceDetector
from countenance.vision.reflection import face_light
from tests.harness.performers import Footage, read_footage
from tests.harness.reflections import BOX, Camera, Room, Screen, paper_reach, person_reach

CLIPS: Final = (
    "liveness/clips/Apfol_real.webm",
    "liveness/clips/Krzysiek354_real.mp4",
    "liveness/clips/adarshk28_real.mp4",
    "liveness/clips/jomariya23156_real.mp4",
    "liveness/clips/lestari15_real.mp4",
    "liveness/clips/thearvindk_real.mp4",
    "liveness/clips/tranvanluyt2203_real.mp4",
    "video/lp_d3.mp4",
    "video/lp_d9.mp4",
    "video/lp_d13.mp4",
)
SIDE_PX: Final = 320
"""Frames are shrunk to this: smaller than a login's, so noisier, and four times as fast."""
POLICY: Final = ColourPolicy()
CLIP_FPS: Final = 25.0


@dataclass(frozen=True, slots=True)
class Act:
    """One kind of session."""

    room: Room = field(default_factory=Room)
    fps: float = 12.0
    lag_s: float = 0.15
    sees: str = "drawn"
    """What lights the face: `drawn`, `other` (another sequence), `nothing`, `late`."""
    paper: float = 0.0
    """Height of a print in face heights; 0 is a person."""
    is_moving: bool = False
    """Whether the whole recording is played, turns of the head included."""


_OFFICE: Final = Room()
ACTS: Final[dict[str, Act]] = {
    **{f"light_{k:g}": Act(Room(strength=k)) for k in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)},
    "no_white_balance": Act(replace(_OFFICE, balance=0.0)),
    "quick_white_balance": Act(replace(_OFFICE, balance=1.0, balance_s=0.5)),
    "slow_white_balance": Act(replace(_OFFICE, balance_s=6.0)),
    "wall_behind": Act(replace(_OFFICE, behind=0.4)),
    "jpeg_50": Act(replace(_OFFICE, jpeg=50, noise=4.0)),
    "lag_50_ms": Act(lag_s=0.05),
    "lag_300_ms": Act(lag_s=0.3),
    "fps_8": Act(fps=8.0),
    "fps_30": Act(fps=30.0),
    "fps_4": Act(fps=4.0),
    "moving": Act(is_moving=True),
    "attack_fed_in": Act(sees="nothing"),
    "attack_other_sequence": Act(sees="other"),
    "attack_late_1_s": Act(sees="late"),
    "attack_phone": Act(Room(strength=0.002)),
    "attack_print_whole_frame": Act(paper=9.0),
    "attack_print_in_hand": Act(paper=1.8),
}


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Somebody recorded, small."""

    name: str
    footage: Footage

    def stillest(self) -> tuple[int, int]:
        """First frame and length of the three seconds in which the head moves least."""
        yaws_deg, length = self.footage.yaws_deg, round(3 * CLIP_FPS)
        starts = range(max(1, len(yaws_deg) - length))
        spread = [float(np.abs(yaws_deg[k : k + length]).max()) for k in starts]
        return int(np.argmin(spread)), min(length, len(yaws_deg))

    def tone_deg(self) -> float:
        """Individual typology angle of the face as recorded: above 41 light, below 10 dark."""
        k = self.footage.rest
        (x, y), size = self.footage.centres[k], self.footage.heights_px[k]
        patch = self.footage.frames[k][
            int(y - 0.1 * size) : int(y + 0.2 * size), int(x - 0.2 * size) : int(x + 0.2 * size)
        ]
        lab = cv2.cvtColor(np.float32(patch) / 255, cv2.COLOR_BGR2LAB).reshape(-1, 3)
        level, _, yellow = np.median(lab, axis=0)
        return float(np.degrees(np.arctan2(level - 50, yellow)))


def read_person(path: Path, detector: FaceDetector) -> Person:
    """Straight stretches are not looked for: people sit before a screen as they do."""
    whole = read_footage(path, detector, most=400)
    height, width = whole.frames[0].shape[:2]
    factor = SIDE_PX / max(height, width)
    frames = tuple(
        np.asarray(cv2.resize(f, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))
        for f in whole.frames
    )
    return Person(
        path.stem,
        replace(
            whole,
            frames=frames,
            centres=whole.centres * factor,
            heights_px=whole.heights_px * factor,
        ),
    )


def shown_frames(person: Person, act: Act, begin: int) -> Iterator[tuple[float, int]]:
    """Time and number of each frame; the recording is played there and back."""
    first, count = (0, len(person.footage.frames)) if act.is_moving else person.stillest()
    at_s = 0.0
    while True:
        place = (begin + round(at_s * CLIP_FPS)) % (2 * count - 2)
        yield at_s, first + (place if place < count else 2 * count - 2 - place)
        at_s += 1 / act.fps


def play(person: Person, act: Act, seed: int) -> ColourState:
    """One sequence before one face, from the first colour to the answer."""
    rng = random.Random(f"{person.name}-{seed}")  # noqa: S311 # nosec B311 # a measurement has to repeat
    draw, other = (draw_colours(POLICY, choose=rng.choice) for _ in range(2))
    screen, camera = (
        Screen(lag_s=act.lag_s + (1.0 if act.sees == "late" else 0)),
        Camera(act.room, seed),
    )
    state, last_s = None, 0.0
    for at_s, number in shown_frames(person, act, rng.randrange(len(person.footage.frames))):
        if state is None and at_s > 1.0:
            state = begin_colours(POLICY, draw, track_id=1, at_s=at_s)
        step = state.step if state else None
        colour = None if step is None else {"other": other, "nothing": ()}.get(act.sees, draw)
        screen.show(colour[step] if colour else None, at_s=state.told_at_s[-1] if state else 0.0)
        light = screen.light(at_s)
        picture, box = lit(person, act, number, camera, light, dt_s=at_s - last_s)
        last_s = at_s
        if state is None:
            continue
        face = FaceEvidence(
            (0.3, 0.2, 0.6, 0.7), 1, Hint.HOLD_STILL, 0.0, 0.0, None, None,
            light=face_light(Image(picture), face=box),
        )  # fmt: skip
        state = advance_colours(state, Observation(round(1000 * at_s), at_s, 1, face))
        if state.phase is not ColourPhase.SHOWING:
            return state
    raise AssertionError("a sequence ends")


def lit(
    person: Person,
    act: Act,
    number: int,
    camera: Camera,
    light: NDArray[np.float64],
    *,
    dt_s: float,
) -> tuple[NDArray[np.uint8], Box]:
    """A frame in the light of the screen, and the box of its face."""
    footage = person.footage
    frame, centre = footage.frames[number], footage.centres[number]
    height = float(footage.heights_px[number])
    where = (frame.shape, centre, height)
    behind = act.room.behind
    reach = (
        paper_reach(*where, behind=behind, size=act.paper)
        if act.paper
        else person_reach(*where, behind=behind)
    )
    x, y = (float(value) for value in centre)
    half_w, half_h = BOX * height / 2, height / 2
    box = Box(x - half_w, y - half_h, x + half_w, y + half_h)
    return camera.shoot(frame, reach, light, dt_s=dt_s), box


def summary(found: list[tuple[str, ColourState]]) -> dict[str, Any]:
    """Counts and middles of one kind of session."""
    answers = [state.answer for _, state in found if state.answer]
    followed = [name for name, state in found if state.phase is ColourPhase.CLOSING]
    reasons = Counter(state.reason.value for _, state in found if state.reason)
    missed = Counter(name for name, state in found if state.phase is not ColourPhase.CLOSING)
    return {
        "sessions": len(found),
        "followed": len(followed),
        "reasons": dict(reasons),
        "missed_of": dict(missed),
        "median_response": round(float(np.median([a.response for a in answers])), 4),
        "median_explained": round(float(np.median([a.explained for a in answers])), 3),
        "median_most": round(float(np.median([a.most for a in answers])), 3),
        "median_chance": round(float(np.median([a.chance for a in answers])), 5),
        "median_lag_s": round(float(np.median([a.lag_s for a in answers])), 2),
    }


def main() -> None:
    """Every act with every person."""
    wishes = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wishes.add_argument("--data", type=Path, required=True)
    wishes.add_argument("--sessions", type=int, default=4, help="of each act and person")
    wishes.add_argument("--only", default="", help="part of the name of an act")
    wishes.add_argument("--seed", type=int, default=1)
    given = wishes.parse_args()
    began_s, told = time.monotonic(), {}
    with tempfile.TemporaryDirectory() as home:
        detector = open_engine(Path(home)).detector
        people = [read_person(given.data / clip, detector) for clip in CLIPS]
    for person in people:
        sys.stderr.write(f"{person.name}: tone {person.tone_deg():.0f} degrees\n")
    for name, act in ACTS.items():
        if given.only not in name:
            continue
        numbers = range(given.seed, given.seed + given.sessions)
        found = [(p.name, play(p, act, number)) for p in people for number in numbers]
        told[name] = summary(found)
        sys.stderr.write(f"{name}: {told[name]}\n")
    took_s = round(time.monotonic() - began_s)
    tones = {person.name: round(person.tone_deg()) for person in people}
    print(json.dumps({"simulated": True, "tones_deg": tones, "acts": told, "took_s": took_s}))


if __name__ == "__main__":
    main()
