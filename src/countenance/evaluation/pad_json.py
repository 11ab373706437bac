"""A measurement of presentation attack detection as plain values under stable names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from countenance.evaluation.pad_calibrated import as_values
from countenance.evaluation.pad_clips import ClipSession, FrameRates
from countenance.evaluation.pad_measurement import PadMeasurement
from countenance.evaluation.pad_report import interval_of
from countenance.evaluation.pad_scatter import Scatter
from countenance.statistics.intervals import Interval


def as_json(measured: PadMeasurement, *, root: Path) -> dict[str, object]:
    """What `evaluate pad --json` prints and `report.json` holds.

    Args:
        measured: the rates.
        root: folder that file names are told from.
    """
    left_out = measured.left_out
    return {
        "detector": measured.detector,
        "kind": measured.kind.value,
        "protocol": measured.protocol.value,
        "in_training": {
            "sources": list(measured.familiar.sources),
            "presentations": measured.familiar.presentations,
        },
        **measured.report.as_dict(),
        "intervals_over_sources": _scatter(measured.scatter),
        "per_subject": {
            name: subject.as_dict() for name, subject in measured.report.per_subject.items()
        },
        "not_captured": left_out.not_captured,
        "without_score": left_out.without_score,
        "unreadable": [
            {"path": name_of(path, root), "why": why} for path, why in left_out.unreadable.items()
        ],
        "frames": None if measured.frames is None else _frames(measured.frames),
        "calibrated": None if measured.calibrated is None else as_values(measured.calibrated),
        "clips": [_clip(session, root) for session in measured.sessions],
    }


def name_of(path: Path, root: Path) -> str:
    """A file as the manifest names it."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _scatter(scatter: Scatter) -> Mapping[str, list[float] | None]:
    return {
        "eer": _ends(scatter.eer),
        "auc": _ends(scatter.auc),
        "bpcer": _ends(scatter.bpcer),
        "apcer_all": _ends(scatter.apcer),
    }


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [round(interval.low, 4), round(interval.high, 4)]


def _frames(frames: FrameRates) -> Mapping[str, object]:
    return {
        "bpcer": frames.bpcer and round(frames.bpcer.value, 4),
        "bpcer_interval": interval_of(frames.bpcer),
        "n_bona_fide": frames.bpcer.total if frames.bpcer else 0,
        "apcer": {s.value: round(r.value, 4) for s, r in frames.apcer.items()},
        "apcer_interval": {s.value: interval_of(r) for s, r in frames.apcer.items()},
        "n_species": {s.value: r.total for s, r in frames.apcer.items()},
    }


def _clip(session: ClipSession, root: Path) -> Mapping[str, object]:
    shown, verdict = session.presentation, session.verdict
    return {
        "path": name_of(shown.path, root),
        "label": "bona_fide" if shown.is_bona_fide else "attack",
        "source": shown.source,
        "frames": len(session.frames),
        "frames_with_face": session.frames_with_face,
        "frames_judged": len(session.scores),
        "admitted": verdict.is_granted,
        "reason": verdict.reason and verdict.reason.value,
        "decided_at_s": None if session.decided_at_s is None else round(session.decided_at_s, 3),
        "score": None if session.score is None else round(session.score, 6),
    }
