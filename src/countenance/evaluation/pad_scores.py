"""Scores that were computed before: the `scores.csv` of `pad train --report` and of reports."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from countenance.datasets.manifest import Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.evaluation.errors import ScoresError


@dataclass(frozen=True, slots=True)
class ReadScores:
    """What a file of scores says of the presentations of a manifest."""

    scored: tuple[ScoredPresentation, ...]
    """In the manifest's order."""
    without: int
    """Presentations of the manifest that the file does not name."""


def read_scores(path: Path, presentations: Sequence[Presentation]) -> ReadScores:
    """Read a CSV file with the columns path and bona_fide_score.

    Args:
        path: an empty score means that no face was found. A relative path in it starts from the
            folder of the file.
        presentations: rows of a manifest.

    Raises: ScoresError: unreadable, a column or number missing, or no row of the manifest named.
    """
    scores = _table(path)
    named = [(p, scores[key]) for p in presentations if (key := _key(p.path)) in scores]
    if not named:
        raise ScoresError(
            f"{path} has no score for any picture that was asked for.",
            remedy="Give the scores of this manifest, with the same --root and --kind.",
        )
    found = tuple(ScoredPresentation(p, score) for p, score in named)
    return ReadScores(found, len(presentations) - len(found))


def _table(path: Path) -> dict[str, float | None]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = {"path", "bona_fide_score"} - set(reader.fieldnames or [])
            if missing:
                raise ScoresError(
                    f"The file of scores {path} lacks the column {min(missing)}.",
                    remedy="Give the scores.csv that 'countenance pad train --report' wrote.",
                )
            return {
                _key(path.parent / row["path"]): _score(row["bona_fide_score"], path, at)
                for at, row in enumerate(reader, start=2)
            }
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScoresError(
            f"The file of scores {path} cannot be read: {error}.",
            remedy="Give the scores.csv that 'countenance pad train --report' wrote.",
        ) from error


def _key(path: Path) -> str:
    return os.path.normpath(path.absolute())


def _score(text: str | None, path: Path, line: int) -> float | None:
    if not text:
        return None
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not 0 <= score <= 1:
        raise ScoresError(
            f"{path}:{line}: the score {text!r} is no number from 0 to 1.",
            remedy="Give bona fide scores, higher for surer; leave them empty without a face.",
        )
    return score
