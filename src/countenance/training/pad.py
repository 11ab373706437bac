"""Train the linear detector: out-of-fold scores first, then the heads that are shipped.

Every measured score comes from a model that saw nothing of that source. The shipped heads are then
trained on all of them, with the calibration, fusion and threshold found out of fold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countenance.datasets.manifest import Kind, Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.training.calibration import bona_fide_centre, calibration, eer_threshold, scored
from countenance.training.copies import Variant
from countenance.training.errors import TrainingDataError
from countenance.training.features import FeatureTable
from countenance.training.lessons import Teaching
from countenance.training.lite0 import EARLY_FEATURES
from countenance.training.logistic import LinearHead, fit
from countenance.training.pad_turns import Turns
from countenance.vision.pad_card import PadView

VERSION = "4"
"""Of what is trained here: changes with everything that makes another detector of the same data."""
C = 3.0
"""Inverse regularisation; the weights of each class sum to 1."""
SYNTHETIC_WEIGHT = 0.25
FUSION = {PadView.FULL_FRAME: 0.75, PadView.TIGHT_CROP: 0.25}
"""The crop guards against a replay that fills the frame; the surroundings carry the rest."""
LESSON = {PadView.FULL_FRAME: 0.1, PadView.TIGHT_CROP: 0.3}
"""Share of the teacher's log-odds, as predicted from the features, in the logit of a head."""
EVENNESS = {PadView.FULL_FRAME: 0.5, PadView.TIGHT_CROP: 1.0}
"""Of `sample_weights`."""
COLUMNS = {PadView.FULL_FRAME: None, PadView.TIGHT_CROP: EARLY_FEATURES}
"""Features that a head reads of what the labels tell; None for all. A face without surroundings
is told by its texture, and the late stages know faces and cameras instead."""
LAST_VARIANT = {
    PadView.FULL_FRAME: Variant.SYNTHETIC_PAPER_MASK,
    PadView.TIGHT_CROP: Variant.ORIGINAL,
}
"""Copies that a head is trained with, up to this one. Those of crops made it worse at cameras that
it did not know: what is drawn over a face without surroundings is not what paper and glass do."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class TrainedHeads:
    """The result of training: what is shipped, and what was measured out of fold."""

    heads: Mapping[PadView, LinearHead]
    """Calibrated; trained on everything."""
    weights: Mapping[PadView, float]
    """Shares of the views in the fused logit; they sum to 1."""
    threshold: float
    """On the fused score 0..1; where APCER and BPCER meet out of fold."""
    expected_log_odds: float | None
    """What bona fide presentations of a source get out of fold, as on a `PadCard`."""
    scores: Mapping[str, tuple[ScoredPresentation, ...]]
    """Out-of-fold scores: ``fused``, and each view by its name."""


def check_presentations(presentations: Sequence[Presentation]) -> tuple[Presentation, ...]:
    """Return those that can train: clips are left out, both classes must be there.

    Raises: TrainingDataError: nothing is left, or only one class.
    """
    chosen = tuple(p for p in presentations if p.kind is not Kind.CLIP)
    bona_fide = sum(p.is_bona_fide for p in chosen)
    if not chosen or bona_fide in (0, len(chosen)):
        have = "no images" if not chosen else "only " + ("bona fide" if bona_fide else "attacks")
        raise TrainingDataError(
            f"A detector needs bona fide and attack presentations; the set has {have}.",
            remedy="Add the missing class, or check the labels (bona_fide, attack).",
        )
    return chosen


def train_heads(
    presentations: Sequence[Presentation],
    table: FeatureTable,
    *,
    turns: Turns,
    teaching: Teaching | None = None,
    on_turn: Callable[[], None] = lambda: None,
) -> TrainedHeads:
    """Train, calibrate and set the threshold.

    Args:
        presentations: n of them.
        table: their features.
        turns: what is held out when.
        teaching: what a teacher said of them; None without one.
        on_turn: called after each turn.

    Raises: TrainingDataError: in a turn one class has no picture of a view.
    """
    sources = np.array([p.source for p in presentations])
    views = [view for view in PadView if np.any(table.view == view)]
    logits = {view: np.full(len(presentations), np.nan) for view in views}
    for turn in turns.turns:
        for view in views:
            head = _head(table, sources, view, turn.trained, teaching)
            rows = table.originals(view) & turn.held[table.owner]
            logits[view][table.owner[rows]] = head.logits(table.features[rows])
        on_turn()
    heads = {view: _head(table, sources, view, turns.final, teaching) for view in views}
    return _finish(presentations, heads, logits, turns)


def _finish(
    presentations: Sequence[Presentation],
    heads: dict[PadView, LinearHead],
    logits: dict[PadView, Vector],
    turns: Turns,
) -> TrainedHeads:
    for view, values in logits.items():
        slope, offset = calibration(presentations, values)
        logits[view] = values * slope + offset
        heads[view] = heads[view].rescaled(slope=slope, offset=offset)
    shares = _shares(logits)
    parts = (share * logits[view] for view, share in shares.items())
    fused = sum(parts, np.zeros(len(presentations)))
    kind = Kind.FULL_FRAME if PadView.FULL_FRAME in shares else Kind.TIGHT_CROP
    judged = np.flatnonzero(turns.judged).tolist()
    shown = [presentations[index] for index in judged]
    scores = {"fused": scored(shown, fused[judged], kind=kind)}
    for view, values in logits.items():
        scores[view.value] = scored(shown, values[judged], kind=None)
    return TrainedHeads(
        {view: heads[view] for view in shares},
        shares,
        eer_threshold(scores["fused"]),
        bona_fide_centre(scores["fused"]),
        scores,
    )


def _head(
    table: FeatureTable,
    sources: NDArray[np.str_],
    view: PadView,
    chosen: NDArray[np.bool_],
    teaching: Teaching | None,
) -> LinearHead:
    """What the labels tell and, with a teacher, a share of what it says.

    Args: chosen: (presentations,) those to train with.
    """
    own = _fit(table, sources, view, chosen[table.owner])
    lesson = None if teaching is None else teaching.learn(view, chosen)
    return own if lesson is None else own.plus(lesson, share=LESSON[view])


def _fit(
    table: FeatureTable, sources: NDArray[np.str_], view: PadView, chosen: NDArray[np.bool_]
) -> LinearHead:
    rows = np.flatnonzero((table.view == view) & chosen & (table.variant <= LAST_VARIANT[view]))
    bona_fide = table.is_bona_fide[rows]
    if bona_fide.all() or not bona_fide.any():
        raise TrainingDataError(
            "With one fold's sources held out, only one class is left to train on.",
            remedy="Add sources that hold both bona fide and attack presentations.",
        )
    variant = table.variant[rows]
    drawn = np.where(variant >= Variant.SYNTHETIC_PRINT, variant, 0)
    weights = sample_weights(sources[table.owner[rows]], bona_fide, drawn, evenness=EVENNESS[view])
    return fit(table.features[rows], bona_fide, weights, c=C, columns=COLUMNS[view])


def sample_weights(
    sources: NDArray[np.str_],
    bona_fide: NDArray[np.bool_],
    synthetic: NDArray[np.bool_] | NDArray[np.int64],
    *,
    evenness: float = 0.5,
) -> Vector:
    """Weigh rows so that no source, class or synthetic set drowns the others.

    1 / (count of source, class and synthetic) ** evenness, a quarter of that for synthetic rows,
    then each class to a sum of 1.

    Args:
        sources: (n,)
        bona_fide: (n,)
        synthetic: (n,) 0 for photographs, else a number for each kind of drawn attack.
        evenness: 0 and every row weighs the same, 1 and every source does.
    """
    cells = list(zip(sources.tolist(), bona_fide.tolist(), synthetic.tolist(), strict=True))
    counts = Counter(cells)
    weights = np.array([counts[cell] ** -evenness for cell in cells])
    weights[synthetic != 0] *= SYNTHETIC_WEIGHT
    for label in (True, False):
        weights[bona_fide == label] /= weights[bona_fide == label].sum()
    return weights


def _shares(logits: Mapping[PadView, Vector]) -> dict[PadView, float]:
    """The fused logit's shares of the views that the data has; they sum to 1."""
    usable = {view: FUSION[view] for view in logits}
    return {view: share / sum(usable.values()) for view, share in usable.items()}
