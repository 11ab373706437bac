"""What each frame of a video gave, as a file for other programs."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from countenance.errors import ConfigurationError

if TYPE_CHECKING:
    from countenance.cli.pad_watch import Reading


def write_values(path: Path, readings: Sequence[Reading]) -> None:
    """Write one row or object for each frame; the file appears when it is whole.

    Args:
        path: ends in `.csv` or `.json`.
        readings: at least one.

    Raises: ConfigurationError: it cannot be written.
    """
    rows = [_as_dict(reading) for reading in readings]
    text = _as_csv(rows) if path.suffix.lower() == ".csv" else json.dumps(rows, indent=1) + "\n"
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConfigurationError(
            f"Cannot write {path}: {error.strerror or error}.",
            remedy="Check the folder, its permissions and the free space; the video was written.",
        ) from error


def _as_csv(rows: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _as_dict(reading: Reading) -> dict[str, Any]:
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


def _short(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
