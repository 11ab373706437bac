"""Matching under worse conditions: clean templates, probes that are turned, dim, far or covered.

Counts follow ISO/IEC 19795-1: a probe without a face is a failure to acquire and in no rate; one
that a login would refuse to judge is counted and in the rates of all probes, not in those of the
accepted ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.evaluation.degradations import CLEAN, Condition
from countenance.evaluation.errors import PairsError
from countenance.evaluation.matching_pairs import PairList
from countenance.evaluation.samples import Sample, sample
from countenance.geometry.landmarks import HeadPose
from countenance.images.codec import read_image
from countenance.images.image import Image
from countenance.statistics.intervals import Rate, rate
from countenance.vision.engine import Engine
from countenance.vision.interfaces import DetectedFace

SOURCE: Final = "as photographed"
"""Of poses that the clean photographs happen to have."""
POSE_BINS_DEG: Final = ((0, 10), (10, 20), (20, 35), (35, 90))
"""Absolute yaw or pitch; logins refuse to judge from 35 degrees on."""


@dataclass(frozen=True, slots=True)
class Level:
    """A condition at one level, as the rows of the report name it."""

    condition: str
    level: str
    is_synthetic: bool


@dataclass(frozen=True, slots=True)
class Row:
    """What one condition at one level did."""

    what: Level
    probes: int
    no_face: int
    """Probes without a face: failures to acquire."""
    refused: int
    """Probes that a login would ask to be mended instead of judging them."""
    fnmr: Rate | None
    """Of all mated comparisons; None without any."""
    fnmr_accepted: Rate | None
    """Of those whose probe a login would judge."""
    fmr: Rate | None
    """Of all non-mated comparisons; the interval takes them as independent, which those that
    share a person are not."""

    def as_json(self) -> dict[str, object]:
        """One entry of `rows` in `evaluate robustness --json`."""
        return {
            "condition": self.what.condition,
            "level": self.what.level,
            "synthetic": self.what.is_synthetic,
            "probes": self.probes,
            "no_face": self.no_face,
            "refused": self.refused,
            **_told("fnmr", self.fnmr),
            **_told("fnmr_accepted", self.fnmr_accepted),
            **_told("fmr", self.fmr),
        }


def _told(name: str, value: Rate | None) -> dict[str, object]:
    return {
        name: value.value if value else None,
        f"{name}_interval": [value.low, value.high] if value else None,
        f"{name}_errors": value.errors if value else 0,
        f"{name}_comparisons": value.total if value else 0,
    }


_KINDS: Final = ("mated", "accepted", "non_mated")
Similarities = NDArray[np.float32]
_NOTHING: Final = np.empty(0, np.float32)


@dataclass(slots=True)
class Tally:
    """Counts of one row while it is measured."""

    probes: int = 0
    no_face: int = 0
    refused: int = 0
    errors: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_KINDS, 0))
    totals: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_KINDS, 0))

    def take(
        self, probe: Sample | None, *, mated: Similarities, non_mated: Similarities, at: float
    ) -> None:
        """Count one probe; without a face its similarities do not matter."""
        self.probes += 1
        if probe is None:
            self.no_face += 1
            return
        self.refused += probe.is_refused
        self._count("mated", mated < at)
        self._count("non_mated", non_mated >= at)
        if not probe.is_refused:
            self._count("accepted", mated < at)

    def _count(self, kind: str, wrong: NDArray[np.bool_]) -> None:
        self.errors[kind] += int(wrong.sum())
        self.totals[kind] += wrong.size

    def row(self, what: Level) -> Row:
        """The counts as rates."""
        mated, accepted, non_mated = (
            rate(self.errors[kind], self.totals[kind]) if self.totals[kind] else None
            for kind in _KINDS
        )
        return Row(what, self.probes, self.no_face, self.refused, mated, accepted, non_mated)


@dataclass(frozen=True, slots=True)
class Probe:
    """A photograph to be changed, by its number in the list, and the clean ones it is mated to."""

    image: int
    mates: frozenset[int]


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """Clean photographs as templates of one sample."""

    rows: NDArray[np.float32]
    """(n, d) float32, of length 1."""
    images: NDArray[np.int64]
    """(n,) their numbers in the list."""
    pairs: PairList

    def masks(self, of: Probe) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which rows the list mates with the probe, and which show other people."""
        mated = np.isin(self.images, list(of.mates))
        return mated, self.pairs.people[self.images] != self.pairs.people[of.image]


def probes_of(pairs: PairList) -> list[Probe]:
    """The second photograph of each mated pair, once, with its first ones.

    Raises: PairsError: there is no mated pair.
    """
    mates: dict[int, set[int]] = {}
    for pair in pairs.pairs:
        if pair.is_mated:
            mates.setdefault(pair.b, set()).add(pair.a)
    if not mates:
        raise PairsError("The list has no mated pair.", remedy="Give rows with same = 1.")
    return [Probe(image, frozenset(others)) for image, others in mates.items()]


def first_images(pairs: PairList) -> list[int]:
    """The numbers of the photographs that stand first in a row, each once."""
    return list(dict.fromkeys(pair.a for pair in pairs.pairs))


def references_of(engine: Engine, pairs: PairList, images: Iterable[int]) -> References:
    """Embed clean photographs, mirror image averaged as enrolment does; those without a face lack.

    Raises: ImageError: a file cannot be read. PairsError: none shows a face.
    """
    paths = pairs.paths()
    found = {at: engine.analyse_still(read_image(paths[at])).embedding for at in images}
    kept = {at: embedding.values for at, embedding in found.items() if embedding is not None}
    if not kept:
        raise PairsError("No photograph shows a face.", remedy="Check the list and its --root.")
    return References(np.stack(list(kept.values())), np.array(list(kept)), pairs)


def measure_conditions(
    engine: Engine,
    probes: Iterable[Probe],
    *,
    references: References,
    conditions: Sequence[Condition],
) -> list[Row]:
    """Change each probe in every way and compare it with clean references of everybody.

    The clean probes are also told by the pose they happen to have, which is real.

    Args:
        engine: its threshold and embedder are measured.
        probes: each is read once.
        references: of the same and of other people.
        conditions: what is done to a probe; one without a change is `clean`.

    Raises: ImageError: a file cannot be read.
    """
    at = engine.thresholds.match_similarity
    tallies = {Level(c.name, c.level, c.name != CLEAN): Tally() for c in conditions}
    by_pose = {level: Tally() for level in pose_levels(SOURCE)}
    paths = references.pairs.paths()
    for probe in probes:
        image = read_image(paths[probe.image])
        clean = engine.analyse_still(image).face
        own, others = references.masks(probe)
        for condition, tally in zip(conditions, tallies.values(), strict=True):
            seen = _changed(engine, image, clean, condition)
            reached = _NOTHING if seen is None else references.rows @ seen.embedding.values
            mated, non_mated = (reached[mask] if seen else _NOTHING for mask in (own, others))
            tally.take(seen, mated=mated, non_mated=non_mated, at=at)
            if seen is not None and condition.name == CLEAN:
                for level in levels_of(seen.pose, SOURCE):
                    by_pose[level].take(seen, mated=mated, non_mated=non_mated, at=at)
    return [tally.row(what) for what, tally in (tallies | by_pose).items()]


def _changed(
    engine: Engine, image: Image, clean: DetectedFace | None, condition: Condition
) -> Sample | None:
    """The probe under a condition; the face is looked for where the clean picture has it."""
    if clean is None:
        return None
    changed = condition.change(image, clean.landmarks)
    factor = changed.width_px / image.width_px
    x, y = clean.box.centre
    return sample(engine, changed, expected_at=(x * factor, y * factor))


def pose_levels(source: str) -> list[Level]:
    """The rows of a source of turned heads, by yaw and by pitch."""
    return [
        Level(f"{axis}, {source}", f"{low}-{high} degrees", is_synthetic=False)
        for axis in ("yaw", "pitch")
        for low, high in POSE_BINS_DEG
    ]


def levels_of(pose: HeadPose | None, source: str) -> list[Level]:
    """The rows that a pose belongs to: one of yaw and one of pitch; none without a pose."""
    if pose is None:
        return []
    levels = pose_levels(source)
    bins = len(POSE_BINS_DEG)
    yaw, pitch = (_bin(abs(angle)) for angle in (pose.yaw_deg, pose.pitch_deg))
    return [levels[yaw], levels[bins + pitch]]


def _bin(angle_deg: float) -> int:
    return sum(angle_deg >= high for _, high in POSE_BINS_DEG[:-1])
