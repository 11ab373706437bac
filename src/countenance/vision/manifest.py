"""What an installation lists of its model files, and whoever keeps that list. Pure.

A manifest says of each file in the models folder that logins may rest on what it is and how it
came. It is sealed by a key that the folder does not hold; who keeps and seals it stands behind
`ManifestBook`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from countenance.events import Tag


class Came(StrEnum):
    """How a file came into the models folder."""

    INSTALLED = "installed"
    """By `models install` or the page Detection, with the digest of its card."""
    PROMOTED = "promoted"
    """By `pad promote`."""
    FOUND = "found"
    """It was there before there was a manifest, or somebody accepted what is there."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file as it was when it was listed."""

    name: str
    """Path below the models folder, with slashes."""
    sha256: str
    """64 lowercase hex digits."""
    size: int
    """Bytes."""
    belongs_to: str
    """Name of its pack, or of the detector."""
    came: Came


@dataclass(frozen=True, slots=True)
class Manifest:
    """All listed files at one moment."""

    serial: int = 0
    """Rises by one with every change; 0 stands for a folder in which nothing was listed yet."""
    files: Mapping[str, ListedFile] = field(default_factory=dict)
    """By name."""

    @property
    def digest(self) -> str:
        """SHA-256 of what is listed; does not depend on any key."""
        return hashlib.sha256(self._text().encode("ascii")).hexdigest()

    def replaced(self, names: Iterable[str], files: Iterable[ListedFile]) -> Manifest:
        """The next manifest: without these names, then with these files."""
        gone = set(names)
        kept = {name: file for name, file in self.files.items() if name not in gone}
        return Manifest(self.serial + 1, kept | {file.name: file for file in files})

    def as_json(self) -> str:
        """ASCII, stable in order."""
        return self._text()

    def _text(self) -> str:
        files = [asdict(self.files[name]) for name in sorted(self.files)]
        return json.dumps({"serial": self.serial, "files": files}, separators=(",", ":"))


def parse_manifest(text: str) -> Manifest:
    """The manifest that `as_json` wrote.

    Raises: ValueError, KeyError, TypeError: it is none.
    """
    values: dict[str, Any] = json.loads(text)
    files = [ListedFile(**{**file, "came": Came(file["came"])}) for file in values["files"]]
    return Manifest(int(values["serial"]), {file.name: file for file in files})


Change = Callable[[Manifest | None], Manifest | None]
"""From the manifest that there is, or None, to the next one; None leaves all as it is."""


class ManifestBook(Protocol):
    """Keeps the manifest of an installation, sealed."""

    @property
    def key_id(self) -> str:
        """Tells sealing keys apart; reveals nothing of them. Fit for a file name."""

    def read(self) -> Manifest | None:
        """The manifest; None when nothing was ever listed.

        Raises:
            ManifestError: it is gone, was altered, or is an older one than the audit trail tells.
            StorageError: the database is away; then nothing is loaded.
        """

    def change(self, change: Change, *, tag: Tag, details: Mapping[str, str]) -> None:
        """Replace the manifest and tell the audit trail, both or neither.

        Raises: ManifestError, StorageError: nothing was changed.
        """

    def replace(self, files: Iterable[ListedFile], *, details: Mapping[str, str]) -> Manifest:
        """List these alone, whatever became of the manifest before. Raises: StorageError."""

    def seal(self, text: str) -> str:
        """HMAC-SHA-256 of a text, in hex, under a key of models alone."""

    def promoted_sha256(self) -> str | None:
        """SHA-256 of the detector that the audit trail tells to be promoted; None for none."""
