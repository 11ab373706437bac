"""Each source judged by heads that never saw it: evaluation and training brought together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from countenance.cli.context import Session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from countenance.cli.pad_judging import Rows
    from countenance.datasets.manifest import Kind, Presentation
    from countenance.datasets.scores import ScoredPresentation
    from countenance.training.pad_turns import Turns

ARCHITECTURE = "lite0-linear"
_SEED = 7
"""Of the altered copies, as `pad train` has it by default: features are stored once for both."""


def leave_one_source_out(
    session: Session,
    rows: Rows,
    kind: Kind,
    *,
    cache: Path | None,
    photographs: Path | None = None,
    teaches: bool,
    is_fused: bool,
) -> tuple[ScoredPresentation, ...]:
    """Train a detector for each source without it and let that one judge it.

    Sources that share a person are held out together. Rows of every kind and pictures that no
    camera took train, as they do in `pad train`; those of the kind are judged.

    Args:
        session: of the command.
        rows: of the manifest.
        kind: judged.
        cache: of features; None takes that of the home directory.
        photographs: folder of those that drawn prints and masks show as well.
        teaches: whether heads learn from the pack `minifasnet` as well.
        is_fused: whether that pack's second opinion is mixed in; how is fitted without the source.

    Raises: MissingExtraError, TrainingError, LeakError, DatasetError, ImageError.
    """
    from countenance.datasets.manifest import Kind
    from countenance.training.donors import photographs_in
    from countenance.training.extractors import Lite0Extractor
    from countenance.training.features import extract_table
    from countenance.training.lessons import Teaching, gather_lessons
    from countenance.training.pad import check_presentations, train_heads
    from countenance.training.pad_turns import by_source
    from countenance.training.runs import require_extra
    from countenance.training.teaching import open_teacher, taught_log_odds
    from countenance.vision.engine import open_recognition

    require_extra(ARCHITECTURE)
    presentations = check_presentations(rows.everything)
    home = session.settings.home
    teacher = (
        open_teacher(home / "models", ledger=session.container.ledger)
        if teaches or is_fused
        else None
    )
    detector, _, _ = open_recognition(home / "models", threads=1, ledger=session.container.ledger)
    sources = {row.source for row in presentations}
    turns = by_source(presentations, folds=max(2, len(sources)))
    told, teaching = None, None
    extractor, cache = Lite0Extractor(), cache or home / "cache" / "pad-features"
    with session.progress() as progress:

        def bar(title: str, total: int) -> Callable[[], None]:
            task = progress.add_task(title, total=total)
            return lambda: progress.advance(task)

        table = extract_table(
            presentations,
            extractor=extractor,
            detector=detector,
            cache=cache,
            seed=_SEED,
            photographs=photographs_in(photographs) if photographs is not None else (),
            on_done=bar("Reading pictures", len(presentations)),
        )
        if teacher is not None:
            told = taught_log_odds(
                presentations,
                teacher=teacher,
                detector=detector,
                on_done=bar("Asking the second opinion", len(presentations)),
            )
        if teacher is not None and told is not None and teaches:
            lessons = gather_lessons(
                presentations,
                teacher=teacher,
                extractor=extractor,
                detector=detector,
                cache=cache,
                seed=_SEED,
                on_done=bar("Asking about copies of crops", len(presentations)),
            )
            teaching = Teaching(table, told, lessons)
        trained = train_heads(
            presentations,
            table,
            turns=turns,
            teaching=teaching,
            on_turn=bar("Training without each source", len(turns.turns)),
        )
    view = "fused" if kind is Kind.FULL_FRAME else Kind.TIGHT_CROP.value
    scored = tuple(
        entry
        for entry in trained.scores[view]
        if entry.presentation.kind is kind and entry.presentation.is_capture
    )
    return scored if told is None or not is_fused else _fused(scored, presentations, told, turns)


def _fused(
    scored: Sequence[ScoredPresentation],
    presentations: Sequence[Presentation],
    told: NDArray[np.float64],
    turns: Turns,
) -> tuple[ScoredPresentation, ...]:
    """Each source mixed with the second opinion by what was fitted without it."""
    import numpy as np

    from countenance.pad.calibration import log_odds
    from countenance.training.fusion import mixed_scores

    at = {presentation: index for index, presentation in enumerate(presentations)}
    own = np.full(len(presentations), np.nan)
    for entry in scored:
        if entry.bona_fide_score is not None:
            own[at[entry.presentation]] = log_odds(entry.bona_fide_score)
    chosen = np.isin(np.arange(len(own)), [at[entry.presentation] for entry in scored])
    mixed = mixed_scores(presentations, own, told, chosen=chosen, fold_of=turns.fold_of)
    return tuple(
        replace(entry, bona_fide_score=score if math.isfinite(score) else None)
        for entry in scored
        for score in (float(mixed[at[entry.presentation]]),)
    )
