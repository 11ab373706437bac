"""What can be wrong with a set of presentations.

CountenanceError
└── DatasetError
    ├── ManifestError    a manifest or folder that cannot be read as presentations
    ├── LeakError        a split that would let a detector meet its examiners before the exam
    ├── CollectionError  pictures or videos that give no presentation
    ├── DatasetUnwritableError  a folder that presentations cannot be added to
    └── DatasetNotFoundError    no data set of that name
"""

from __future__ import annotations

from countenance.errors import CountenanceError


class DatasetError(CountenanceError):
    """A set of presentations cannot be used."""

    code = "dataset"


class ManifestError(DatasetError):
    """A manifest or folder cannot be read as presentations."""

    code = "dataset.manifest"


class LeakError(DatasetError):
    """Training and held-out presentations share a source or a subject."""

    code = "dataset.leak"


class CollectionError(DatasetError):
    """Pictures or videos give no presentation, or contradict what was collected before."""

    code = "dataset.collection"


class DatasetUnwritableError(DatasetError):
    """Presentations cannot be added to a folder."""

    code = "dataset.unwritable"


class DatasetNotFoundError(DatasetError):
    """There is no data set of that name."""

    code = "dataset.not_found"
