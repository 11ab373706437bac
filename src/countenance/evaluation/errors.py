"""What can go wrong while rates are measured.

CountenanceError
└── EvaluationError
    ├── PairsError          a list of image pairs that makes no sense
    ├── ScoresError         a file of scores that makes no sense
    ├── MissingPlotsError   a report with charts was asked for and matplotlib is not installed
    └── ReportError         the report cannot be written
"""

from __future__ import annotations

from countenance.errors import CountenanceError


class EvaluationError(CountenanceError):
    """Rates could not be measured."""

    code = "evaluation"


class PairsError(EvaluationError):
    """A list of image pairs cannot be read, or contradicts itself or the files."""

    code = "evaluation.pairs"


class ScoresError(EvaluationError):
    """A file of scores cannot be read, or belongs to other presentations."""

    code = "evaluation.scores"


class MissingPlotsError(EvaluationError):
    """Charts need matplotlib, which comes with the training extra."""

    code = "evaluation.missing_extra"

    def __init__(self) -> None:
        super().__init__(
            "A report with charts needs matplotlib, which is not installed.",
            remedy="Install it, in the project's folder: tools/bootstrap train; "
            "or leave --report away.",
        )


class ReportError(EvaluationError):
    """The report cannot be written to its folder."""

    code = "evaluation.report"
