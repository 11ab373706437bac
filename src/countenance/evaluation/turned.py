"""Turned heads in videos of one person each: real poses against that person's level frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from countenance.biometrics.comparison import similarity_to_template
from countenance.biometrics.templates import MAX_SAMPLES, Template, template_of
from countenance.evaluation.robustness import Level, Row, Tally, levels_of, pose_levels
from countenance.evaluation.samples import Sample, sample
from countenance.images.image import Image
from countenance.vision.engine import Engine

LEVEL_DEG: Final = 12.0
"""Yaw and pitch of a frame that may be enrolled."""
SOURCE: Final = "in clips"
ALL_FRAMES: Final = Level("frames of clips", "all", is_synthetic=False)


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A video of one person: a template of its level frames, and all others as probes."""

    template: Template
    probes: tuple[Sample | None, ...]
    """In order; None where no face was found."""


def clip_of(engine: Engine, frames: Iterable[Image]) -> Clip | None:
    """Enrol up to `MAX_SAMPLES` level frames, spread over the clip; the rest are probes.

    Frames next to enrolled ones are nearly the same picture, so the level bin flatters.

    Returns: None when no frame is level and good enough to enrol.
    """
    seen = [sample(engine, image) for image in frames]
    level = [at for at, found in enumerate(seen) if found is not None and _is_level(found)]
    if not level:
        return None
    count = min(MAX_SAMPLES, len(level))
    chosen = {level[int(at)] for at in np.linspace(0, len(level) - 1, count)}
    enrolled = [found for at, found in enumerate(seen) if found is not None and at in chosen]
    return Clip(
        template_of([found.embedding for found in enrolled]),
        tuple(found for at, found in enumerate(seen) if at not in chosen),
    )


def _is_level(found: Sample) -> bool:
    pose = found.pose
    if pose is None or found.is_refused:
        return False
    return max(abs(pose.yaw_deg), abs(pose.pitch_deg)) < LEVEL_DEG


def measure_clips(clips: Sequence[Clip], *, threshold: float) -> list[Row]:
    """Compare every probe with the template of its clip and with those of the others, by pose.

    Frames of one clip depend on each other: the intervals are narrower than the truth.
    """
    tallies = {level: Tally() for level in (ALL_FRAMES, *pose_levels(SOURCE))}
    for own, clip in enumerate(clips):
        is_own = np.arange(len(clips)) == own
        for probe in clip.probes:
            reached = np.array(
                [] if probe is None else [_reached(probe, c) for c in clips], np.float32
            )
            mated, others = (reached[m] if probe else reached for m in (is_own, ~is_own))
            for level in (ALL_FRAMES, *levels_of(probe.pose if probe else None, SOURCE)):
                tallies[level].take(probe, mated=mated, non_mated=others, at=threshold)
    return [tally.row(level) for level, tally in tallies.items()]


def _reached(probe: Sample, clip: Clip) -> float:
    return similarity_to_template(probe.embedding, template=clip.template)
