"""What can go wrong in the lab, beside data sets and pictures.

CountenanceError
└── LabError
    ├── LabRequestError  what was asked for is incomplete or makes no sense
    └── UploadError      a file that does not arrive as it was announced, or cannot be stored
"""

from __future__ import annotations

from countenance.errors import CountenanceError


class LabError(CountenanceError):
    """Something that the lab cannot do."""

    code = "lab"


class LabRequestError(LabError):
    """What was asked for is incomplete or makes no sense."""

    code = "lab.request"


class UploadError(LabError):
    """A file that does not arrive as it was announced, or cannot be stored."""

    code = "lab.upload"
