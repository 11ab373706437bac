"""What another detector says of the presentations: a second target for the heads.

The networks of the pack `minifasnet` were trained on other data. Their log-odds of a picture are a
number to be predicted from the same features as the label, and a label says less: of prints in
particular the development data has few. Only these numbers are used; the networks are not needed
to run what was trained so.

Source: Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015, with
log-odds as targets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from countenance.datasets.manifest import Kind, Presentation
from countenance.geometry.boxes import Box
from countenance.images.codec import read_image
from countenance.images.image import Image
from countenance.training.errors import TrainingError
from countenance.training.logistic import LinearHead, Matrix, Vector
from countenance.training.ridge import RidgeSums
from countenance.vision.backends.onnx.minifasnet import MiniFasNetPair
from countenance.vision.interfaces import FaceDetector
from countenance.vision.ledger import ModelLedger
from countenance.vision.model_store import ModelStore
from countenance.vision.packs import shipped_pack
from countenance.vision.pad_fusion import FUSION_PACK, SecondOpinion, is_installed
from countenance.vision.presented_face import presented_face

LIMIT: Final = 8.0
"""Log-odds of the teacher beyond this, either way, count as this: how sure it is tells little."""
STRENGTH: Final = 1000.0
"""Of the pull of the coefficients towards nothing, where the squares of all rows are summed."""


def open_teacher(models_dir: Path, *, ledger: ModelLedger | None = None) -> SecondOpinion:
    """Open the networks of the pack.

    Args:
        models_dir: of the installation.
        ledger: what it knows of the folder; None for a folder of one's own.

    Raises: TrainingError: it is not installed. ModelAlteredError, ModelInvalidError: its files
        are not as pinned.
    """
    pack, store = shipped_pack(FUSION_PACK), ModelStore(models_dir, ledger=ledger)
    if not is_installed(pack, store):
        raise TrainingError(
            f"The pack {FUSION_PACK}, which is to teach, is not installed.",
            remedy=f"Run 'countenance models install {FUSION_PACK}', or leave --teacher away.",
        )
    return MiniFasNetPair.load(store, pack.cards, name=pack.identity)


def taught_log_odds(
    presentations: Sequence[Presentation],
    *,
    teacher: SecondOpinion,
    detector: FaceDetector,
    on_done: Callable[[], None] = lambda: None,
) -> Vector:
    """Return what the teacher says of each presentation: (n,), NaN where no face is found.

    A full frame is judged by its largest face with surroundings, a crop as it is.

    Raises: ImageError: a file cannot be read as an image; names it.
    """
    told = np.full(len(presentations), np.nan)
    for at, presentation in enumerate(presentations):
        image = read_image(presentation.path)
        face = _face(image, presentation.kind, detector)
        if face is not None:
            told[at] = teacher.log_odds(image, face=face)
        on_done()
    return told


def _face(image: Image, kind: Kind, detector: FaceDetector) -> Box | None:
    if kind is Kind.TIGHT_CROP:
        return Box(0, 0, image.width_px, image.height_px)
    return presented_face(detector, image)


def learn(features: Matrix, targets: Vector, *, strength: float = STRENGTH) -> LinearHead | None:
    """Fit ridge regression of the teacher's log-odds on standardised features.

    Args:
        features: (n, features).
        targets: (n,) finite; limited to `LIMIT` here.
        strength: > 0.

    Returns: None without rows.
    """
    return RidgeSums.of(features, limited(targets)).fit(strength=strength)


def limited(told: Vector) -> Vector:
    """Log-odds of a teacher, those beyond `LIMIT` brought to it."""
    return np.clip(told, -LIMIT, LIMIT)
