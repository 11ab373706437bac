"""Each source judged by heads that never saw it: evaluation and training brought together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from countenance.cli.context import Session

if TYPE_CHECKING:
    from countenance.cli.pad_judging import Rows
    from countenance.datasets.manifest import Kind
    from countenance.datasets.scores import ScoredPresentation

ARCHITECTURE = "lite0-linear"
_SEED = 7
"""Of the altered copies, as `pad train` has it by default: features are stored once for both."""


def leave_one_source_out(
    session: Session, rows: Rows, kind: Kind, *, cache: Path | None
) -> tuple[ScoredPresentation, ...]:
    """Train a detector for each source without it and let that one judge it.

    Sources that share a person are held out together. Rows of every kind and pictures that no
    camera took train, as they do in `pad train`; those of the kind are judged.

    Raises: MissingExtraError, TrainingDataError, LeakError, DatasetError, ImageError.
    """
    from countenance.datasets.manifest import Kind
    from countenance.training.extractors import Lite0Extractor
    from countenance.training.features import extract_table
    from countenance.training.pad import check_presentations, train_heads
    from countenance.training.pad_turns import by_source
    from countenance.training.runs import require_extra
    from countenance.vision.engine import open_recognition

    require_extra(ARCHITECTURE)
    presentations = check_presentations(rows.everything)
    home = session.settings.home
    detector, _, _ = open_recognition(home / "models", threads=1)
    sources = {row.source for row in presentations}
    turns = by_source(presentations, folds=max(2, len(sources)))
    with session.progress() as progress:
        reading = progress.add_task("Reading pictures", total=len(presentations))
        training = progress.add_task("Training without each source", total=len(turns.turns))
        table = extract_table(
            presentations,
            extractor=Lite0Extractor(),
            detector=detector,
            cache=cache or home / "cache" / "pad-features",
            seed=_SEED,
            on_done=lambda: progress.advance(reading),
        )
        trained = train_heads(
            presentations, table, turns=turns, on_turn=lambda: progress.advance(training)
        )
    view = "fused" if kind is Kind.FULL_FRAME else Kind.TIGHT_CROP.value
    return tuple(
        entry
        for entry in trained.scores[view]
        if entry.presentation.kind is kind and entry.presentation.is_capture
    )
