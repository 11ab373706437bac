"""Measure whether a face that comes closer tells a head from a flat picture.

    python -m tools.measure_approach --data DIR [--most N] [--seed S]

DIR holds `liveness/clips` and `video` of the development data. Approaches of recorded people (two
moments, both straight ahead, the eyes a fifth farther apart in the second) are compared with
flat, tilting and bent pictures of the same people that are brought closer. Prints one JSON object:
percentiles of each measure and its AUC against the live approaches.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from countenance.geometry.landmarks import NOSE, Landmarks5, head_pose
from countenance.geometry.planarity import fit_homography
from countenance.geometry.similarity import estimate_similarity
from countenance.images.codec import CAPTURE_LIMITS, decode_image, encode_jpeg
from countenance.images.crops import shrunk_to
from countenance.images.image import Image
from countenance.images.video import open_video
from countenance.vision.engine import open_engine
from countenance.vision.interfaces import FaceDetector
from countenance.vision.relief import ReliefTracker
from countenance.vision.tracking import Tracker
from tests.harness.performers import bent, noisy, rotated, zoomed

LIVE: Final = (
    "liveness/clips/Apfol_real.webm",
    "liveness/clips/Krzysiek354_real.mp4",
    "liveness/clips/adarshk28_real.mp4",
    "liveness/clips/jomariya23156_real.mp4",
    "liveness/clips/thearvindk_real.mp4",
    "liveness/clips/tranvanluyt2203_real.mp4",
)
POSED: Final = ("video/lp_d3.mp4", "video/lp_d9.mp4", "video/lp_d13.mp4", "video/lp_d18.mp4")
"""Nobody comes closer in these; they lend their faces to pictures."""
WAYS: Final = ("scaled", "tilting", "bent", "bending")
GROWTH: Final = 1.2
AHEAD_DEG: Final = 11.0
STEPS: Final = 14
LONGEST: Final = 150
"""Frames that an approach may take."""
Points = NDArray[np.float64]
Shot = tuple[Image, Landmarks5]


@dataclass(frozen=True, slots=True)
class Approach:
    """What was measured between its first frame and its last; lengths in eye distances."""

    rms: float
    """What no plane explains of the motion of the points."""
    off_plane_share: float
    pattern: float
    """How far the points moved as on a head that comes closer: the middle outwards against the
    rim; -1..1, a correlation with what no plane explains."""
    five_points: float
    """What no similarity explains of eyes, nose and mouth."""


def measure(shots: Sequence[Shot]) -> Approach | None:
    """Follow the first frame's points to the last frame; None when too few are left."""
    tracker, planarity = ReliefTracker(), None
    tracker.restart(*shots[0])
    for shot in shots[1:]:
        planarity = tracker.follow(*shot)
    trail = tracker._trail  # noqa: SLF001 - its points, which no product code needs
    if planarity is None or trail is None:
        return None
    first, last = shots[0][1], shots[-1][1]
    growth = last.inter_eye_distance_px / first.inter_eye_distance_px
    before, after = trail.first.astype(np.float64), trail.now.astype(np.float64)
    return Approach(
        rms=planarity.rms / growth,
        off_plane_share=planarity.off_plane_share,
        pattern=pattern(before, after, first.points * trail.factor, trail.unit_px),
        five_points=five_points(first, last),
    )


def pattern(before: Points, after: Points, face: NDArray[np.float32], unit_px: float) -> float:
    """Correlation of what the best plane leaves with what it would leave of a head."""
    plane = fit_homography(before, after)
    assert plane is not None
    lifted = np.concatenate([before, np.ones((len(before), 1))], axis=1) @ plane.T
    left = after - lifted[:, :2] / lifted[:, 2:]
    middle = face[[0, 1, 3, 4]].mean(axis=0)
    at, nose = (before - middle) / unit_px, (face[NOSE] - middle) / unit_px
    near = 1 - (at[:, 0] / 1.05) ** 2 - (at[:, 1] / 1.5) ** 2
    near += 0.35 * np.exp(-np.square(at - nose).sum(axis=1) / (2 * 0.25**2))
    head = without_plane((at * near[:, None]).ravel(), at)
    return float(head @ left.ravel() / (np.linalg.norm(head) * np.linalg.norm(left) + 1e-12))


def without_plane(field: Points, at: Points) -> Points:
    """A field of motion less what a small homography can do."""
    (x, y), one, none = at.T, np.ones(len(at)), np.zeros(len(at))
    ways = [(x, none), (y, none), (one, none), (none, x), (none, y), (none, one)]
    ways += [(x * x, x * y), (x * y, y * y)]
    plane = np.stack([np.stack(way, axis=1).ravel() for way in ways], axis=1)
    return np.asarray(field - plane @ np.linalg.lstsq(plane, field, rcond=None)[0])


def five_points(first: Landmarks5, last: Landmarks5) -> float:
    """Root mean square of what a similarity leaves of the five points, in eye distances."""
    move = estimate_similarity(first.points, target=last.points)
    left = first.points @ move[:, :2].T + move[:, 2] - last.points
    return float(np.sqrt(np.square(left).sum(axis=1).mean())) / last.inter_eye_distance_px


def read(path: Path, detector: FaceDetector) -> list[Shot | None]:
    """Frames with their face; None where there is none."""
    tracker, shots = Tracker(detector), []
    with open_video(path) as reader:
        for shot in islice(reader.frames(), 600):
            image = shrunk_to(shot.image, max_side_px=640)[0]
            seen = tracker.follow(image)
            shots.append((image, seen.face.landmarks) if seen else None)
    return shots


def is_ahead(shot: Shot | None) -> bool:
    pose = head_pose(shot[1]) if shot else None
    return pose is not None and abs(pose.yaw_deg) < AHEAD_DEG


def approaches(shots: list[Shot | None], rng: random.Random, most: int) -> Iterator[list[Shot]]:
    """Stretches of a recording, forwards or backwards, in which the face comes closer."""
    eyes = [shot[1].inter_eye_distance_px if shot else np.nan for shot in shots]
    ahead = [k for k in range(0, len(shots), 2) if is_ahead(shots[k])]
    pairs = [(i, j) for i in ahead for j in ahead if i != j and abs(i - j) <= LONGEST]
    pairs = [(i, j) for i, j in pairs if eyes[j] / eyes[i] >= GROWTH]
    rng.shuffle(pairs)
    used: list[tuple[int, int]] = []
    for i, j in pairs:
        if len(used) == most or any(abs(i - a) + abs(j - b) < 6 for a, b in used):
            continue
        used.append((i, j))
        stride = max(2, abs(j - i) // STEPS) * (1 if j > i else -1)
        stretch = [shots[k] for k in [*range(i, j, stride), j]]
        if all(shot is not None for shot in stretch):
            yield [shot for shot in stretch if shot is not None]


def brought_closer(
    shot: Shot, way: str, rng: random.Random, detector: FaceDetector, *, number: int
) -> list[Shot] | None:
    """A flat or bent picture of a frame that comes closer in a hand; None when it is lost."""
    tracker, shots = Tracker(detector), []
    picture, centre = shot[0].pixels, shot[1].points.mean(axis=0).astype(np.float64)
    start, turn, top = rng.uniform(-0.12, 0.12), rng.uniform(-0.2, 0.2), rng.uniform(1.22, 1.4)
    for step in range(9):
        share = step / 8
        moved = picture
        if way == "tilting":
            moved = rotated(picture, centre, start + share * turn, about_y=number % 2 == 1)
        elif way == "bent":
            moved = bent(picture, centre, start)
        elif way == "bending":
            moved = bent(picture, centre, start + share * turn, arc=0.3 + 1.1 * share)
        moved = zoomed(moved, centre + rng.gauss(0, 1.5), 1 + share * (top - 1))
        coded = encode_jpeg(Image(noisy(moved, seed=(number, step))), quality=85)
        image = decode_image(coded, limits=CAPTURE_LIMITS)
        seen = tracker.follow(image)
        if seen is None:
            return None
        shots.append((image, seen.face.landmarks))
    return shots


def auc(live: list[float], flat: list[float]) -> float:
    first, second = np.array(live)[:, None], np.array(flat)[None]
    return round(float((first > second).mean() + 0.5 * (first == second).mean()), 3)


def summary(found: list[Approach], live: list[Approach]) -> dict[str, Any]:
    told: dict[str, Any] = {"approaches": len(found)}
    for name in asdict(found[0]):
        values = [asdict(one)[name] for one in found]
        told[name] = {f"p{p}": round(float(np.percentile(values, p)), 4) for p in (1, 5, 50, 95)}
        if found is not live:
            told[name]["auc"] = auc([asdict(one)[name] for one in live], values)
    return told


def main() -> None:
    """Live approaches, then pictures."""
    wishes = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wishes.add_argument("--data", type=Path, required=True)
    wishes.add_argument("--most", type=int, default=25, help="approaches of each person")
    wishes.add_argument("--pictures", type=int, default=6, help="of each person and way")
    wishes.add_argument("--seed", type=int, default=3)
    given = wishes.parse_args()
    rng = random.Random(given.seed)  # noqa: S311 # nosec B311 # a measurement has to repeat
    kinds: dict[str, list[Approach]] = {name: [] for name in ("live", *WAYS)}
    with tempfile.TemporaryDirectory() as home:
        detector = open_engine(Path(home)).detector
        for clip in (*LIVE, *POSED):
            shots = read(given.data / clip, detector)
            stretches = list(approaches(shots, rng, given.most)) if clip in LIVE else []
            live = [seen for stretch in stretches if (seen := measure(stretch))]
            kinds["live"] += live
            sys.stderr.write(f"{clip}: {len(live)} of {len(stretches)} approaches measured\n")
            ahead = [shot for shot in shots if shot is not None and is_ahead(shot)]
            for way in WAYS:
                for number in range(given.pictures):
                    shown = brought_closer(rng.choice(ahead), way, rng, detector, number=number)
                    if shown and (seen := measure(shown)):
                        kinds[way].append(seen)
    print(json.dumps({name: summary(found, kinds["live"]) for name, found in kinds.items()}))


if __name__ == "__main__":
    main()
