"""The root of every error this product raises on purpose.

CountenanceError
├── ConfigurationError      a setting, key or file of this installation is wrong
├── db.DatabaseError        the database is away, full or damaged; identity says StorageError
├── images.ImageError       an image that cannot be used
├── vision.VisionError      a model that cannot be used
├── identity.IdentityError  a user, credential, template or session
├── evaluation.EvaluationError  rates that cannot be measured
├── datasets.DatasetError   training or evaluation data
└── bench.BenchError        a measurement that cannot be made

A refusal of a login is not an error but a value: `ceremony.verdict.Verdict`.
"""

from __future__ import annotations

from typing import ClassVar


class CountenanceError(Exception):
    """Something the caller could not expect, told with a remedy."""

    code: ClassVar[str] = "countenance"
    """Stable name for machines; listed in docs/error-reference.md."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        """What happened, one sentence."""
        self.remedy = remedy
        """What to do about it, one sentence; empty when nothing can be done."""

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class ConfigurationError(CountenanceError):
    """A setting, key or file of this installation is missing or wrong."""

    code = "configuration"
