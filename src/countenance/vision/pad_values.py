"""What each frame of a video gave, as rows for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from countenance.vision.interfaces import PadCue

if TYPE_CHECKING:
    from countenance.vision.pad_watch import Reading

Row = dict[str, Any]


def rows_as_csv(rows: Sequence[Row]) -> str:
    """A header and one line for each row; all rows have the keys of the first."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_row(reading: Reading) -> Row:
    """One frame with stable keys; None where there is nothing to tell."""
    box, pose, score = reading.box, reading.pose, reading.score
    edges = (box.x0, box.y0, box.x1, box.y1) if box else (None,) * 4
    angles = (pose.yaw_deg, pose.pitch_deg, pose.roll_deg) if pose else (None,) * 3
    return {
        "frame": reading.frame,
        "at_s": round(reading.at_s, 4),
        "faces": reading.face_count,
        "repeated": reading.is_repeated,
        **{name: _short(v, 1) for name, v in zip(("x0", "y0", "x1", "y1"), edges, strict=True)},
        "hint": reading.hint,
        "bona_fide": reading.is_bona_fide,
        "bona_fide_score": _short(score.value if score else None, 4),
        **{
            name: _short(v, 1)
            for name, v in zip(("yaw_deg", "pitch_deg", "roll_deg"), angles, strict=True)
        },
        "eye_openness": _short(reading.eye_openness, 3),
    }


def as_full_row(reading: Reading) -> Row:
    """The same with quality and one score for each cue, this frame alone."""
    told = {cue.cue: cue.value for cue in reading.cues}
    return {
        **as_row(reading),
        "quality": _short(reading.quality, 3),
        **{f"{cue}_score": _short(told.get(cue), 4) for cue in PadCue},
    }


def _short(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
