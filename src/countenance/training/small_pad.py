"""Train LivenessNet as a detector: held-out scores first, then the network that is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
from numpy.typing import NDArray

from countenance.datasets.manifest import Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.datasets.splits import source_folds
from countenance.images.image import ColourOrder
from countenance.training import livenessnet
from countenance.training.calibration import calibration, eer_threshold, scored
from countenance.training.errors import TrainingDataError
from countenance.training.face_crops import FaceCrops, load_crops
from countenance.training.livenessnet_graph import MEAN, OUTPUT, STD, livenessnet_graph
from countenance.training.pad import refuse_fold_leak, sample_weights
from countenance.vision.interfaces import FaceDetector
from countenance.vision.pad_card import PadInput, PadView, ViewUse

if TYPE_CHECKING:
    from countenance.training.runs import Bars, LivenessNetPlan

VIEWS = {PadView.TIGHT_CROP: ViewUse(OUTPUT, 1.0)}


@dataclass(frozen=True, slots=True, eq=False)
class TrainedNetwork:
    """The result: a graph, and what was measured out of fold."""

    model: onnx.ModelProto
    threshold: float
    scores: dict[str, tuple[ScoredPresentation, ...]]
    folds: int


def network_input(plan: LivenessNetPlan) -> PadInput:
    """The card's input for this plan."""
    return PadInput(plan.width, plan.height, ColourOrder.RGB, MEAN, STD)


def train_network(
    presentations: Sequence[Presentation],
    *,
    detector: FaceDetector,
    plan: LivenessNetPlan,
    bars: Bars,
) -> TrainedNetwork:
    """Train one network per fold for the figures, and one on everything.

    Raises:
        LeakError: the sources cannot be kept apart.
        TrainingDataError: without a fold's sources one class is missing.
        ImageError: a file cannot be read as an image; names it.
    """
    fold_of = np.array(source_folds(presentations, folds=plan.folds))
    folds = int(fold_of.max()) + 1
    crops = load_crops(
        presentations,
        detector=detector,
        width_px=plan.width,
        height_px=plan.height,
        on_done=bars("Reading pictures", len(presentations)),
    )
    on_epoch = bars("Training", plan.epochs * (folds + 1))
    found = np.full(len(presentations), np.nan)
    for fold in range(folds):
        refuse_fold_leak(presentations, fold_of == fold)
        held = fold_of[crops.owner] == fold
        network = _fit(presentations, crops, ~held, plan, on_epoch)
        found[crops.owner[held]] = livenessnet.logits(*network, crops.pixels[held])
    slope, offset = calibration(presentations, found)
    fused = scored(presentations, found * slope + offset, kind=None)
    missing = [
        ScoredPresentation(p, None)
        for p, logit in zip(presentations, found, strict=True)
        if np.isnan(logit)
    ]
    network = _fit(presentations, crops, np.ones(len(crops.owner), bool), plan, on_epoch)
    model = livenessnet_graph(
        *network, size_px=(plan.height, plan.width), calibration=(slope, offset)
    )
    return TrainedNetwork(model, eer_threshold(fused), {"fused": (*fused, *missing)}, folds)


def _fit(
    presentations: Sequence[Presentation],
    crops: FaceCrops,
    chosen: NDArray[np.bool_],
    plan: LivenessNetPlan,
    on_epoch: Callable[[], None],
) -> tuple[livenessnet.Tree, livenessnet.Tree]:
    rows = np.flatnonzero(chosen)
    owners = [presentations[i] for i in crops.owner[rows]]
    bona_fide = np.array([p.is_bona_fide for p in owners], bool)
    if bona_fide.all() or not bona_fide.any():
        raise TrainingDataError(
            "With one fold's sources held out, only one class is left to train on.",
            remedy="Add sources that hold both bona fide and attack presentations.",
        )
    sources = np.array([p.source for p in owners])
    weights = sample_weights(sources, bona_fide, np.zeros(len(rows), bool))
    fitting = livenessnet.Fitting(plan.lr, plan.batch_size, plan.epochs, plan.seed)
    return livenessnet.fit(
        crops.pixels[rows],
        bona_fide,
        weights * len(rows) / 2,
        fitting=fitting,
        on_epoch=on_epoch,
    )
