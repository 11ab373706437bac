"""Turned heads in videos of one person each: real poses against that person's level frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from countenance.biometrics.comparison import similarity_to_template
from countenance.biometrics.templates import MAX_SAMPLES, Template, template_of
from countenance.evaluation.robustness import Row, Tally, levels_of, pose_levels
from countenance.evaluation.samples import Sample, sample
from countenance.images.image import Image
from countenance.vision.engine import Engine

LEVEL_DEG: Final = 12.0
"""Yaw and pitch of a frame that may be enrolled."""
SOURCE: Final = "in clips"


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A video of one person: a template of its level frames, and all others as probes."""

    template: Template
    probes: tuple[Sample, ...]


def clip_of(engine: Engine, frames: Iterable[Image]) -> Clip | None:
    """Enrol up to `MAX_SAMPLES` level frames, spread over the clip; the rest are probes.

    Frames next to enrolled ones are nearly the same picture, so the level bin flatters.

    Returns: None when no frame is level and good enough to enrol.
    """
    seen = [found for found in (sample(engine, image) for image in frames) if found is not None]
    level = [at for at, found in enumerate(seen) if _is_level(found)]
    if not level:
        return None
    count = min(MAX_SAMPLES, len(level))
    chosen = {level[int(at)] for at in np.linspace(0, len(level) - 1, count)}
    return Clip(
        template_of([seen[at].embedding for at in sorted(chosen)]),
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
    tallies = {level: Tally() for level in pose_levels(SOURCE)}
    for own, clip in enumerate(clips):
        for probe in clip.probes:
            reached = np.array(
                [similarity_to_template(probe.embedding, template=c.template) for c in clips],
                np.float32,
            )
            is_own = np.arange(len(clips)) == own
            for level in levels_of(probe.pose, SOURCE):
                tallies[level].take(
                    probe, mated=reached[is_own], non_mated=reached[~is_own], at=threshold
                )
    return [tally.row(level) for level, tally in tallies.items()]
