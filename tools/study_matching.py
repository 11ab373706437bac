"""Study what a template should be made of, on a folder of photographs with one folder per person.

    python tools/study_matching.py FOLDER [--seed 0]
    python tools/study_matching.py FOLDER --write-pairs FILE

The first embeds every photograph once and prints one JSON object: fusion of samples (even and
uneven ones) and of probes, the mirror image, score normalisation, the colour of the skin,
failures. The tables of docs/explanation/matching-accuracy.md come from it. People are drawn with
the seed; every template is compared with every photograph that no template has.

The second writes all mated pairs of the folder as a list for `countenance evaluate matching`, and
each person of one photograph in a pair with the first person.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.biometrics.rates import operating_point, threshold_at_fmr
from countenance.biometrics.templates import Template
from countenance.evaluation.degradations import conditions
from countenance.evaluation.samples import sample
from countenance.geometry.landmarks import Landmarks5
from countenance.images.codec import read_image
from countenance.images.conditions import median_colour
from countenance.images.crops import align
from countenance.images.image import ColourOrder, Image
from countenance.settings import read_settings
from countenance.statistics.intervals import rate
from countenance.vision.engine import Engine, open_engine

Rows = NDArray[np.float64]
Score = Callable[[Rows, Rows, Rows], Rows]
"""Samples (t, n, d), their quality (t, n) and probes (p, d) to similarities (t, p)."""
COUNTS = (1, 3, 5, 10)
DRAWS = 6
POORER = "eyes 12 px apart"


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """The photographs that show a face."""

    single: Rows
    both: Rows
    """Mirror image averaged."""
    quality: Rows
    person: NDArray[np.str_]
    tone_deg: Rows
    """Individual typology angle of the cheeks."""
    poor: Rows
    """A poorer copy: a face of 12 pixels between the eyes."""
    poor_quality: Rows


def unit(rows: Rows) -> Rows:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def look(engine: Engine, paths: list[Path]) -> tuple[Faces, dict[str, int]]:
    """Embed all; the most prominent face of each."""
    poorer = next(c for c in conditions() if c.level == POORER)
    columns: list[list[object]] = [[] for _ in range(7)]
    counts = {"photographs": len(paths), "no_face": 0, "refused_by_a_login": 0}
    counts["no_face_when_small"] = 0
    for path in paths:
        image = read_image(path)
        still = engine.analyse_still(image)
        if still.face is None or still.embedding is None:
            counts["no_face"] += 1
            continue
        points = still.face.landmarks
        one = sample(engine, image, expected_at=still.face.box.centre)
        counts["refused_by_a_login"] += one is None or one.is_refused
        small = poorer.change(image, points)
        share = small.width_px / image.width_px
        x, y = still.face.box.centre
        poor = sample(engine, small, expected_at=(x * share, y * share))
        if poor is None:
            counts["no_face_when_small"] += 1
            poor = one
        if one is None or poor is None:
            continue
        values = (one.embedding.values, still.embedding.values, one.quality, path.parent.name)
        rest = (tone(image, points), poor.embedding.values, poor.quality)
        for column, value in zip(columns, (*values, *rest), strict=True):
            column.append(value)
    return Faces(*(np.array(column) for column in columns)), counts  # type: ignore[arg-type]


def tone(image: Image, points: Landmarks5) -> float:
    """Individual typology angle, degrees, of both cheeks: higher is lighter.

    Source: Chardon, Cretois, Hourseau, Int. J. Cosmetic Science 13, 1991.
    """
    face = align(image, landmarks=points).to(ColourOrder.RGB)
    cheeks = [
        median_colour(face, centre=np.array(place, np.float32), radius_px=5)
        for place in ((36.0, 73.0), (76.0, 73.0))
    ]
    colour = np.mean(cheeks, axis=0).astype(np.float32)[None, None] / np.float32(255)
    lightness, _, yellow = cv2.cvtColor(colour, cv2.COLOR_RGB2LAB)[0, 0]
    return math.degrees(math.atan2(float(lightness) - 50, max(1e-3, float(yellow))))


def weighted(power: float) -> Score:
    def score(samples: Rows, quality: Rows, probes: Rows) -> Rows:
        return unit((samples * quality[..., None] ** power).sum(axis=1)) @ probes.T

    return score


def product(samples: Rows, _quality: Rows, probes: Rows) -> Rows:
    """What the product does."""
    references = [Template(rows.astype(np.float32), "study/1").reference() for rows in samples]
    return np.stack(references).astype(np.float64) @ probes.T


def best_alone(samples: Rows, quality: Rows, probes: Rows) -> Rows:
    return samples[np.arange(len(samples)), quality.argmax(axis=1)] @ probes.T


FUSIONS: dict[str, Score] = {
    "mean": weighted(0),
    "mean weighted by quality": weighted(1),
    "mean weighted by quality ** 4": weighted(4),
    "best quality alone": best_alone,
    "highest similarity": lambda s, _q, p: np.einsum("tnd,pd->tpn", s, p).max(axis=2),
    "mean of similarities": lambda s, _q, p: s.mean(axis=1) @ p.T,
    "product": product,
}


def draws(
    faces: Faces, count: int, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.int64], Rows]]:
    """Choose `count` photographs of each who has more; the numbers and the other photographs."""
    names, totals = np.unique(faces.person, return_counts=True)
    for _ in range(DRAWS):
        chosen = np.stack(
            [
                rng.permutation(np.flatnonzero(faces.person == name))[:count]
                for name in names[totals > count]
            ]
        )
        yield chosen, np.setdiff1d(np.arange(len(faces.person)), chosen)


def told(mated: list[Rows], others: list[Rows], threshold: float) -> dict[str, object]:
    """Rates at the threshold and at an FMR of 1e-4."""
    same, non = np.concatenate(mated), np.concatenate(others)
    at = threshold_at_fmr(non, fmr=1e-4)
    errors = rate(int((same < threshold).sum()), same.size)
    return {
        "mated": same.size,
        "non_mated": non.size,
        "fnmr": errors.value,
        "fnmr_interval": [errors.low, errors.high],
        "fmr": operating_point(same, non, threshold=threshold).fmr,
        "threshold_at_1e-4": at,
        "fnmr_at_1e-4": operating_point(same, non, threshold=at).fnmr,
    }


def fusion(
    faces: Faces, *, enrolled: Rows, probes: Rows, uneven: bool, threshold: float, seed: int
) -> dict[str, object]:
    """Each fusion with each number of samples; uneven ones are poorer with a chance of a half."""
    answer: dict[str, object] = {}
    for count in COUNTS:
        rng = np.random.default_rng(seed)
        found: dict[str, tuple[list[Rows], list[Rows]]] = {name: ([], []) for name in FUSIONS}
        for chosen, rest in draws(faces, count, rng):
            poor = rng.random(chosen.shape) < (0.5 if uneven else 0.0)
            samples = np.where(poor[..., None], faces.poor[chosen], enrolled[chosen])
            quality = np.where(poor, faces.poor_quality[chosen], faces.quality[chosen])
            mated = faces.person[chosen[:, :1]] == faces.person[rest]
            for name, score in FUSIONS.items():
                reached = score(samples, quality, probes[rest])
                found[name][0].append(reached[mated])
                found[name][1].append(reached[~mated])
        answer[str(count)] = {name: told(*scores, threshold) for name, scores in found.items()} | {
            "people": len(chosen)
        }
    return answer


def fused_probes(faces: Faces, *, threshold: float, seed: int) -> dict[str, object]:
    """Means of several photographs against means of several others, one of each person."""
    answer: dict[str, object] = {}
    for enrol, probe in ((1, 1), (1, 3), (3, 1), (3, 3), (5, 5)):
        rng = np.random.default_rng(seed)
        scores: dict[str, tuple[list[Rows], list[Rows]]] = {
            "centres": ([], []), "references": ([], []),
        }  # fmt: skip
        for chosen, _ in draws(faces, enrol + probe - 1, rng):
            left = [
                np.setdiff1d(np.flatnonzero(faces.person == faces.person[row[0]]), row)
                for row in chosen
            ]
            last = np.array([[rng.choice(rest)] for rest in left])
            both = np.concatenate([chosen, last], axis=1)
            groups = faces.single[both[:, :enrol]], faces.single[both[:, enrol:]]
            made = [[Template(g.astype(np.float32), "study/1") for g in group] for group in groups]
            own = np.eye(len(both), dtype=bool)
            for name, (same, non) in scores.items():
                a, b = (
                    np.stack(
                        [t.reference() if name == "references" else t.centre().values for t in side]
                    )
                    for side in made
                )
                reached = (a @ b.T).astype(np.float64)
                same.append(reached[own])
                non.append(reached[~own])
        answer[f"{enrol} with {probe}"] = {n: told(*s, threshold) for n, s in scores.items()}
    return answer


def normalisation(faces: Faces, *, seed: int) -> dict[str, object]:
    """Score normalisation by a cohort: half of the people are the cohort of the other half."""
    rng = np.random.default_rng(seed)
    names = rng.permutation(np.unique(faces.person))
    halves = np.isin(faces.person, names[: len(names) // 2])
    found: dict[str, tuple[list[Rows], list[Rows]]] = {}
    for side in (halves, ~halves):
        x, other, who = faces.both[side], faces.both[~side], faces.person[side]
        _, first = np.unique(faces.person[~side], return_index=True)
        centre, spread = other.mean(axis=0), np.cov(other.T)
        drawn = unit(rng.multivariate_normal(centre, spread, len(first)))
        upper = np.triu_indices(len(x), 1)
        mated = who[upper[0]] == who[upper[1]]
        scores = {"none": x @ x.T, "mean removed": unit(x - centre) @ unit(x - centre).T}
        for name, cohort in (("people", other[first]), ("synthetic", drawn)):
            reached = np.sort(x @ cohort.T, axis=1)
            z, nearest = (
                _standardised(scores["none"], part) for part in (reached, reached[:, -100:])
            )
            scores |= {
                f"z-norm, {name}": z, f"t-norm, {name}": z.T, f"s-norm, {name}": (z + z.T) / 2,
                f"adaptive s-norm, {name}": (nearest + nearest.T) / 2,
            }  # fmt: skip
        for name, score in scores.items():
            same, non = found.setdefault(name, ([], []))
            same.append(score[upper][mated])
            non.append(score[upper][~mated])
    answer: dict[str, object] = {}
    for name, (same, non) in found.items():
        mates, strangers = np.concatenate(same), np.concatenate(non)
        answer[name] = {
            f"fnmr_at_{fmr:.0e}": operating_point(
                mates, strangers, threshold=threshold_at_fmr(strangers, fmr=fmr)
            ).fnmr
            for fmr in (1e-3, 1e-4, 1e-5)
        }
    return answer


def _standardised(scores: Rows, cohort: Rows) -> Rows:
    return (scores - cohort.mean(axis=1)[:, None]) / cohort.std(axis=1)[:, None]


def by_tone(faces: Faces, *, threshold: float) -> dict[str, object]:
    """People in thirds by the median angle of their photographs; strangers within a third."""
    names = np.unique(faces.person)
    angle = np.array([np.median(faces.tone_deg[faces.person == name]) for name in names])
    edges = np.quantile(angle, [1 / 3, 2 / 3])
    answer: dict[str, object] = {"edges_deg": edges.tolist()}
    for third, label in enumerate(("darkest", "middle", "lightest")):
        inside = np.isin(faces.person, names[np.digitize(angle, edges) == third])
        x, who = faces.both[inside], faces.person[inside]
        upper = np.triu_indices(len(x), 1)
        reached, mated = (x @ x.T)[upper], who[upper[0]] == who[upper[1]]
        misses = rate(int((reached[mated] < threshold).sum()), int(mated.sum()))
        matches = rate(int((reached[~mated] >= threshold).sum()), int((~mated).sum()))
        answer[label] = {
            "people": len(np.unique(who)), "photographs": len(who),
            "fnmr": misses.value, "fnmr_interval": [misses.low, misses.high],
            "fmr": matches.value, "fmr_interval": [matches.low, matches.high],
        }  # fmt: skip
    return answer


def write_pairs(paths: list[Path], *, root: Path, to: Path) -> None:
    rows = [(a, b, 1) for a, b in combinations(paths, 2) if a.parent == b.parent]
    mated = {path for a, b, _ in rows for path in (a, b)}
    rows += [(path, rows[0][0], 0) for path in paths if path not in mated]
    lines = (f"{a.relative_to(root)},{b.relative_to(root)},{same}" for a, b, same in rows)
    to.write_text("\n".join(["a,b,same", *lines, ""]), encoding="utf-8")


def main() -> None:
    """Embed, study, print."""
    wishes = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wishes.add_argument("folder", type=Path)
    wishes.add_argument("--seed", type=int, default=0)
    wishes.add_argument("--write-pairs", type=Path)
    given = wishes.parse_args()
    paths = sorted(given.folder.glob("*/*.jpg"))
    if given.write_pairs:
        write_pairs(paths, root=given.folder, to=given.write_pairs)
        return
    engine = open_engine(read_settings().home / "models")
    faces, counts = look(engine, paths)
    common = {"threshold": engine.thresholds.match_similarity, "seed": given.seed}
    fusions = {
        "photographs": (faces.both, faces.both, False),
        "photographs, uneven": (faces.both, faces.both, True),
        "photographs, probed by single frames": (faces.both, faces.single, False),
        "single frames": (faces.single, faces.single, False),
    }
    answer = {
        "failures": counts,
        "fusion": {
            name: fusion(faces, enrolled=enrolled, probes=probes, uneven=uneven, **common)
            for name, (enrolled, probes, uneven) in fusions.items()
        },
        "fused probes": fused_probes(faces, **common),
        "normalisation": normalisation(faces, seed=given.seed),
        "tone": by_tone(faces, threshold=common["threshold"]),
    }
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
