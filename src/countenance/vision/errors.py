"""Errors of models.

VisionError
├── ModelMissingError   a model file is not where its card says
├── ModelAlteredError   a model file has another SHA-256 than its card or the manifest
├── ModelUnlistedError  a model file lies in the models folder and nobody listed it
├── ManifestError       the manifest of the models is gone, altered or an older one
├── ModelInvalidError   a model file or card is not what the engine can run
├── PackUnknownError    no model pack has that name
├── PackInUseError      a pack that is in use cannot be removed
└── InstallationError   the files of a pack could not be fetched or put in place
"""

from __future__ import annotations

from countenance.errors import CountenanceError


class VisionError(CountenanceError):
    """A model that cannot be used."""

    code = "vision"


class ModelMissingError(VisionError):
    """A model file is not where its card says."""

    code = "vision.model_missing"


class ModelAlteredError(VisionError):
    """A model file has another SHA-256 than its card or the manifest; it is not loaded."""

    code = "vision.model_altered"


class ModelUnlistedError(VisionError):
    """A model file lies in the models folder and is not in the manifest; it is not loaded."""

    code = "vision.model_unlisted"


class ManifestError(VisionError):
    """The manifest of the models is gone, was altered, or is older than the audit trail tells."""

    code = "vision.manifest"


class ModelInvalidError(VisionError):
    """A model file or card is not what the engine can run."""

    code = "vision.model_invalid"


class PackUnknownError(VisionError):
    """No model pack has that name."""

    code = "vision.pack_unknown"


class PackInUseError(VisionError):
    """A pack that is in use cannot be removed."""

    code = "vision.pack_in_use"


class InstallationError(VisionError):
    """The files of a pack could not be fetched or put in place; what was there before still is."""

    code = "vision.installation_failed"
