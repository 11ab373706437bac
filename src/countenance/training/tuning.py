"""Fine-tune a linear detector on a site's own camera, and say whether that helped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from countenance.datasets.manifest import Kind, Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.training.adaptation import adapt
from countenance.training.calibration import scored
from countenance.training.cards import describe_data
from countenance.training.copies import Variant
from countenance.training.errors import TrainingDataError
from countenance.training.features import FeatureTable, extract_table
from countenance.training.linear_graph import LinearGraph
from countenance.training.logistic import LinearHead
from countenance.training.pad import sample_weights
from countenance.training.pad_turns import Turns
from countenance.training.runs import Outcome
from countenance.vision.backends.onnx.pad import shipped_pad_card
from countenance.vision.carded_files import read_carded_model
from countenance.vision.interfaces import FaceDetector
from countenance.vision.pad_card import PadCard, PadView, read_pad_card

if TYPE_CHECKING:
    from countenance.training.runs import Bars

SHIPPED = "shipped"
SUFFIX = "-tuned"

Heads = dict[PadView, LinearHead]


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """The detector to begin with."""

    card: PadCard
    graph: LinearGraph


def read_base(name: str) -> Base:
    """Read the card of that path, or the shipped one.

    Raises:
        ModelMissingError, ModelInvalidError: card or model cannot be read.
        ModelAlteredError: the model is not the one its card describes.
        CheckpointError: it has another architecture.
    """
    path = shipped_pad_card() if name == SHIPPED else Path(name)
    card = read_pad_card(path)
    model = path.with_name(card.file)
    content = read_carded_model(
        model, sha256=card.sha256, kind="detector", source="name another base"
    )
    return Base(card, LinearGraph(content, card))


def tune(
    base: Base,
    presentations: Sequence[Presentation],
    *,
    turns: Turns,
    detector: FaceDetector,
    cache: Path,
    seed: int,
    bars: Bars,
) -> Outcome:
    """Add a bounded correction, learnt from a site's frames, to the base's heads.

    The threshold stays the base's. Both the base and the corrected heads are judged on the same
    held-out presentations: the scores have ``base`` beside ``fused``.

    Raises:
        TrainingDataError: one class has no picture of a view.
        ImageError: a file cannot be read as an image; names it.
    """
    table = extract_table(
        presentations,
        extractor=base.graph.extractor(),
        detector=detector,
        cache=cache,
        seed=seed,
        on_done=bars("Reading pictures", len(presentations)),
    )
    heads = base.graph.heads()
    on_turn = bars("Training held-out models", len(turns.turns))
    before = np.full(len(presentations), np.nan)
    after = before.copy()
    for turn in turns.turns:
        tuned = _tuned(heads, presentations, table, turn.trained)
        before[turn.held] = _fused(base.card, heads, table, len(presentations))[turn.held]
        after[turn.held] = _fused(base.card, tuned, table, len(presentations))[turn.held]
        on_turn()
    final = _tuned(heads, presentations, table, turns.final)
    return Outcome(
        base.graph.with_heads(final),
        _card(base.card, presentations, turns, seed),
        {
            "fused": _judged(presentations, after, turns),
            "base": _judged(presentations, before, turns),
        },
        detector,
    )


def _tuned(
    heads: Heads,
    presentations: Sequence[Presentation],
    table: FeatureTable,
    trained: NDArray[np.bool_],
) -> Heads:
    """Heads corrected where a view has both classes; a view of crops alone leaves the other."""
    sources = np.array([p.source for p in presentations])
    found = dict(heads)
    for view, head in heads.items():
        rows = np.flatnonzero((table.view == view) & trained[table.owner])
        bona_fide = table.is_bona_fide[rows]
        if len(rows) and bona_fide.any() and not bona_fide.all():
            synthetic = table.variant[rows] >= Variant.SYNTHETIC_PRINT
            weights = sample_weights(sources[table.owner[rows]], bona_fide, synthetic)
            found[view] = adapt(head, table.features[rows], bona_fide, weights)
    if all(found[view] is heads[view] for view in heads):
        raise TrainingDataError(
            "Only one class has a face to learn from.",
            remedy="Check that the images show faces, and add the missing class.",
        )
    return found


def _fused(card: PadCard, heads: Heads, table: FeatureTable, count: int) -> NDArray[np.float64]:
    """(count,) fused logits; of a crop its own view, NaN without a face."""
    logits = {view: np.full(count, np.nan) for view in heads}
    for view, head in heads.items():
        rows = (table.view == view) & (table.variant == Variant.ORIGINAL)
        logits[view][table.owner[rows]] = head.logits(table.features[rows])
    fused = sum((use.weight * logits[view] for view, use in card.views.items()), np.zeros(count))
    crops = logits.get(PadView.TIGHT_CROP, fused)
    has_frame = np.isin(np.arange(count), table.owner[table.view == PadView.FULL_FRAME])
    return np.where(has_frame, fused, crops)


def _judged(
    presentations: Sequence[Presentation], logits: NDArray[np.float64], turns: Turns
) -> tuple[ScoredPresentation, ...]:
    """Scores of the full frames that were held out; of the crops where there is no frame."""
    judged = np.flatnonzero(turns.judged).tolist()
    kinds = {presentations[index].kind for index in judged}
    kind = Kind.FULL_FRAME if Kind.FULL_FRAME in kinds else Kind.TIGHT_CROP
    return scored([presentations[index] for index in judged], logits[judged], kind=kind)


def _card(base: PadCard, presentations: Sequence[Presentation], turns: Turns, seed: int) -> PadCard:
    name = base.name if base.name.endswith(SUFFIX) else base.name + SUFFIX
    begun = {"name": base.name, "version": base.version, "sha256": base.sha256}
    return replace(
        base,
        name=name,
        file=f"{name}.onnx",
        origin=f"{base.name} with a correction learnt by 'countenance pad train --base'. "
        f"{base.origin}",
        data={"base": begun, **describe_data(presentations, seed=seed, turns=turns)},
        figures={},
        golden=(),
        # The correction moved the scores, and the base's cameras are not at hand to measure anew.
        expected_log_odds=None,
    )
