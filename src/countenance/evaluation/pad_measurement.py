"""A measurement of presentation attack detection with all that has to be said beside its rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from countenance.datasets.errors import DatasetError
from countenance.datasets.manifest import Kind, Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.evaluation.pad_calibrated import CalibrationTrial, calibration_trial
from countenance.evaluation.pad_clips import ClipSession, FrameRates, frame_rates
from countenance.evaluation.pad_report import PadReport, pad_report
from countenance.evaluation.pad_scatter import Scatter, scatter_over_sources


class Protocol(StrEnum):
    """Who judged the presentations."""

    DETECTOR = "detector"
    """One detector judged them all."""
    LEAVE_ONE_SOURCE_OUT = "leave_one_source_out"
    """Each source was judged by heads that saw nothing of it."""
    GIVEN_SCORES = "given_scores"
    """The scores were computed before."""


@dataclass(frozen=True, slots=True)
class Familiar:
    """What of the data the detector was trained with, by the sources that its card lists."""

    sources: tuple[str, ...]
    presentations: int

    @property
    def is_any(self) -> bool:
        return self.presentations > 0


NOTHING_FAMILIAR = Familiar((), 0)


def familiar(card_data: Mapping[str, Any], presentations: Iterable[Presentation]) -> Familiar:
    """Compare the sources of presentations with those of a card's `data`."""
    listed = card_data.get("sources")
    known = set(listed) - {""} if isinstance(listed, dict | list | tuple) else set()
    met = [p.source for p in presentations if p.source in known]
    return Familiar(tuple(sorted(set(met))), len(met))


@dataclass(frozen=True, slots=True, eq=False)
class PadMeasurement:
    """Rates, and where they come from."""

    detector: str
    """Name and version of its card."""
    kind: Kind
    protocol: Protocol
    scored: tuple[ScoredPresentation, ...]
    """Captures alone: what no camera took of a live person is in no rate."""
    report: PadReport
    scatter: Scatter
    familiar: Familiar
    left_out: LeftOut
    sessions: tuple[ClipSession, ...] = ()
    """Of clips; empty for pictures."""
    frames: FrameRates | None = None
    """Of clips; None for pictures."""
    calibrated: CalibrationTrial | None = None
    """What knowing the camera would be worth; None where it was not asked."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows of the kind that are in no rate."""

    not_captured: int = 0
    """Bona fide pictures that no camera took of a live person."""
    without_score: int = 0
    """Rows that given scores do not name."""
    unreadable: Mapping[Path, str] = field(default_factory=dict)
    """Damaged files, and why."""


def measure(
    scored: Sequence[ScoredPresentation],
    *,
    detector: str,
    kind: Kind,
    protocol: Protocol,
    threshold: float,
    familiar: Familiar = NOTHING_FAMILIAR,
    left_out: LeftOut | None = None,
    sessions: Sequence[ClipSession] = (),
    calibrate: int | None = None,
) -> PadMeasurement:
    """Tell every rate of scored presentations at a threshold that was fixed elsewhere.

    Args:
        calibrate: bona fide frames of each source that are to stand for an enrolment at its
            camera; None leaves this trial out.

    Raises: DatasetError: one class has no presentation that was judged, or the sources are too
        small to calibrate.
    """
    try:
        report = pad_report(scored, threshold=threshold)
    except ValueError as error:
        raise DatasetError(
            f"No bona fide or no attack presentation of the kind {kind} could be judged.",
            remedy="Give presentations of both labels that show a face.",
        ) from error
    return PadMeasurement(
        detector=detector,
        kind=kind,
        protocol=protocol,
        scored=tuple(scored),
        report=report,
        scatter=scatter_over_sources(scored, threshold=threshold),
        familiar=familiar,
        left_out=left_out or LeftOut(),
        sessions=tuple(sessions),
        frames=frame_rates(sessions, threshold=threshold) if sessions else None,
        calibrated=None
        if calibrate is None
        else calibration_trial(scored, frames=calibrate, threshold=threshold),
    )
