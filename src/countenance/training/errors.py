"""What can go wrong while a detector or recogniser is trained.

CountenanceError
└── TrainingError
    ├── CheckpointError        pretrained weights that cannot be read
    ├── MissingExtraError      the training extra is not installed
    ├── NoRoomError            a run cannot write what it has so far
    ├── OtherRunError          a stopped run that is resumed as another
    └── TrainingDataError      a set that cannot train
"""

from __future__ import annotations

from countenance.errors import CountenanceError


class TrainingError(CountenanceError):
    """A detector or recogniser could not be trained."""

    code = "training"


class CheckpointError(TrainingError):
    """A checkpoint is malformed, altered, or asks for more than tensors."""

    code = "training.checkpoint"


class MissingExtraError(TrainingError):
    """Something that only training needs is not installed."""

    code = "training.missing_extra"

    def __init__(self, missing: str) -> None:
        super().__init__(
            f"Training needs {missing}, which is not installed.",
            remedy="Install it, in the project's folder: tools/bootstrap train",
        )
        self.missing = missing


class NoRoomError(TrainingError):
    """Nothing more can be written; what was done so far stays for another run."""

    code = "training.no_room"


class OtherRunError(TrainingError):
    """A stopped run was begun with other pictures or choices; it stays for its own."""

    code = "training.other_run"


class TrainingDataError(TrainingError):
    """The pictures given cannot train a detector or recogniser."""

    code = "training.data"
