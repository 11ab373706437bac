"""The data sets of one installation, each a folder of its own below one folder."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countenance.datasets.dataset_folder import DatasetFolder
from countenance.datasets.errors import DatasetNotFoundError, DatasetUnwritableError, ManifestError
from countenance.datasets.names import NAME_RULE, is_plain_name

_GONE: Final = ".gone-"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where data sets lie; made with the first one, for its owner alone."""

    root: Path

    def names(self) -> tuple[str, ...]:
        """All data sets by name. What a killed removal left behind is deleted on the way."""
        if not self.root.is_dir():
            return ()
        for left in self.root.glob(f"{_GONE}*"):
            shutil.rmtree(left, ignore_errors=True)
        found = (path.name for path in self.root.iterdir() if path.is_dir())
        return tuple(sorted(name for name in found if is_plain_name(name)))

    def path(self, name: str) -> Path:
        """The folder of a data set.

        Raises: DatasetNotFoundError: there is none of that name.
        """
        folder = self.root / name
        if not is_plain_name(name) or not folder.is_dir():
            raise DatasetNotFoundError(
                f"There is no data set {name!r}.", remedy="Choose one of the list, or make it."
            )
        return folder

    def make(self, name: str) -> Path:
        """An empty data set.

        Raises:
            ManifestError: the name cannot be one, or is taken.
            DatasetUnwritableError: no space or no permission.
        """
        if not is_plain_name(name):
            raise ManifestError(f"{name!r} is no name: {NAME_RULE}.")
        folder = self.root / name
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700)
        except FileExistsError:
            raise ManifestError(
                f"There is a data set {name} already.", remedy="Open it, or choose another name."
            ) from None
        except OSError as error:
            raise DatasetUnwritableError(
                f"{folder} cannot be made: {error.strerror or error}.",
                remedy="Check the permissions and the free space.",
            ) from error
        return folder

    def remove(self, name: str) -> None:
        """Delete a data set with everything in it; there is no way back.

        Raises:
            DatasetNotFoundError: there is none of that name.
            DatasetUnwritableError: somebody is collecting into it, or it cannot be deleted.
        """
        folder = self.path(name)
        gone = self.root / f"{_GONE}{secrets.token_hex(8)}"
        try:
            with DatasetFolder(folder):
                folder.replace(gone)  # out of sight in one step, whatever ends the rest
        except ManifestError:
            folder.replace(gone)  # one that is damaged may go too
        shutil.rmtree(gone, ignore_errors=True)
