"""Train LivenessNet as a detector: held-out scores first, then the network that is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
from numpy.typing import NDArray

from countenance.datasets.manifest import Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.images.image import ColourOrder
from countenance.training.calibration import bona_fide_centre, calibration, eer_threshold, scored
from countenance.training.errors import TrainingDataError
from countenance.training.face_crops import FaceCrops, Variant, load_crops
from countenance.training.livenessnet import logits
from countenance.training.livenessnet_fit import Examples, Fitting, Progress, fit, to_arrays
from countenance.training.livenessnet_graph import MEAN, OUTPUT, STD, livenessnet_graph
from countenance.training.pad import sample_weights
from countenance.training.pad_turns import HeldOut, Turns
from countenance.training.work_folder import load_arrays, save_arrays
from countenance.vision.interfaces import FaceDetector
from countenance.vision.pad_card import PadInput, PadView, ViewUse

if TYPE_CHECKING:
    from countenance.training.runs import Bars, LivenessNetPlan

VIEWS = {PadView.TIGHT_CROP: ViewUse(OUTPUT, 1.0)}
Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class TrainedNetwork:
    """The result: a graph, how it came about, and what was measured out of fold."""

    model: onnx.ModelProto
    threshold: float
    expected_log_odds: float | None
    scores: dict[str, tuple[ScoredPresentation, ...]]
    histories: tuple[NDArray[np.float64], ...]
    """Of the networks that were judged; see `livenessnet_fit.Progress`."""
    epochs: int
    """After which the written network was taken."""


def network_input(plan: LivenessNetPlan) -> PadInput:
    """The card's input for this plan."""
    return PadInput(plan.width, plan.height, ColourOrder.RGB, MEAN, STD)


def train_network(
    presentations: Sequence[Presentation],
    *,
    turns: Turns,
    detector: FaceDetector,
    plan: LivenessNetPlan,
    work: Path,
    bars: Bars,
) -> TrainedNetwork:
    """Train one network per turn for the figures, and the one that is written.

    Where there are three turns or more, another turn's pictures are taken out of a network's
    training to choose the epoch that is kept; the written network, trained with everything, stops
    at the median of those epochs. With a folder to validate with, that folder chooses, and the one
    network that is trained is written.

    Args:
        presentations: full frames and tight crops.
        turns: what is held out when.
        detector: finds the face of a full frame.
        plan: size, length, speed, seed.
        work: folder of the run; networks begun there are gone on with.
        bars: shows progress.

    Raises:
        TrainingDataError: one class has no face.
        TrainingError: a loss is no number, or the work folder cannot be written.
        ImageError: a file cannot be read as an image; names it.
    """
    crops = load_crops(
        presentations,
        detector=detector,
        width_px=plan.width,
        height_px=plan.height,
        seed=plan.seed,
        on_done=bars("Reading pictures", len(presentations)),
    )
    trainer = _Trainer(presentations, crops, plan, work)
    is_single = turns.held_out is HeldOut.FOLDER
    on_epoch = bars("Training", plan.epochs * (len(turns.turns) + (not is_single)))
    found = np.full(len(presentations), np.nan)
    judged: list[Progress] = []
    for number, turn in enumerate(turns.turns):
        watched = _watched(turns, number, trainer)
        network = trainer.fit(
            turn.trained & ~watched if not is_single else turn.trained,
            watched,
            plan.epochs,
            f"turn-{number}",
            on_epoch,
        )
        held = crops.is_original & turn.held[crops.owner]
        found[crops.owner[held]] = logits(*network.network, crops.pixels[held])
        judged.append(network)
    slope, offset = calibration(presentations, found)
    epochs = int(np.median([network.best_epoch for network in judged]))
    if not is_single:
        network = trainer.fit(turns.final, ~turns.final, epochs, "final", on_epoch)
    model = livenessnet_graph(
        *network.network, size_px=(plan.height, plan.width), calibration=(slope, offset)
    )
    fused = scored(presentations, found * slope + offset, kind=None)
    missing = [
        ScoredPresentation(p, None)
        for p, logit, is_judged in zip(presentations, found, turns.judged, strict=True)
        if is_judged and np.isnan(logit)
    ]
    histories = tuple(network.history for network in judged)
    scores = {"fused": (*fused, *missing)}
    threshold, expected = eer_threshold(fused), bona_fide_centre(fused)
    return TrainedNetwork(model, threshold, expected, scores, histories, epochs)


def _watched(turns: Turns, number: int, trainer: _Trainer) -> Marks:
    """(n,) bool: whose loss chooses the epoch; nothing where both classes could not spare it."""
    turn = turns.turns[number]
    if turns.held_out is HeldOut.FOLDER:
        return turn.held
    nothing = np.zeros_like(turn.held)
    if len(turns.turns) < 3:
        return nothing
    other = turns.turns[(number + 1) % len(turns.turns)].held & turn.trained
    can_spare = trainer.has_both(other) and trainer.has_both(turn.trained & ~other)
    return other if can_spare else nothing


class _Trainer:
    """Trains networks on parts of one set of crops, each in a file of its own."""

    def __init__(
        self,
        presentations: Sequence[Presentation],
        crops: FaceCrops,
        plan: LivenessNetPlan,
        work: Path,
    ) -> None:
        self._crops, self._plan, self._work = crops, plan, work
        owners = [presentations[index] for index in crops.owner]
        self._sources = np.array([p.source for p in owners])
        self._is_bona_fide = np.array([p.is_bona_fide for p in owners], bool)

    def has_both(self, chosen: Marks) -> bool:
        """Whether both classes have a face among these presentations."""
        rows = self._crops.is_original & chosen[self._crops.owner]
        return set(self._is_bona_fide[rows]) == {True, False}

    def fit(
        self,
        trained: Marks,
        watched: Marks,
        epochs: int,
        name: str,
        on_epoch: Callable[[], None],
    ) -> Progress:
        """Train a network, or go on with the one of that name in the work folder.

        Raises: TrainingDataError: one class has no face to train with.
        """
        if not self.has_both(trained):
            raise TrainingDataError(
                "Only one class has a face to train with.",
                remedy="Check that the images show faces, and add sources that hold both bona "
                "fide and attack presentations.",
            )
        path = self._work / f"{name}.npz"

        def keep(progress: Progress) -> None:
            save_arrays(path, to_arrays(progress))
            on_epoch()

        plan = self._plan
        return fit(
            self._examples(trained[self._crops.owner]),
            self._validation(watched),
            fitting=Fitting(plan.lr, plan.batch_size, epochs, plan.seed, plan.patience),
            start=load_arrays(path),
            on_epoch=keep,
        )

    def _validation(self, watched: Marks) -> Examples | None:
        rows = self._crops.is_original & watched[self._crops.owner]
        return self._examples(rows) if rows.any() else None

    def _examples(self, chosen: Marks) -> Examples:
        rows = np.flatnonzero(chosen)
        synthetic = self._crops.variant[rows] == Variant.RECAPTURED
        bona_fide = self._is_bona_fide[rows] & ~synthetic
        weights = sample_weights(self._sources[rows], bona_fide, synthetic)
        return Examples(self._crops.pixels[rows], bona_fide, weights * len(rows) / 2)
