"""The files in the models folder against the manifest: at every load, and all at once at the start.

What cannot be made again is listed: files of packs, promoted detectors and what names the one in
service. Prepared graphs differ between machines and can be made again from files that are right,
so each carries a seal beside it instead; one without a seal of the present key is made again, one
with a wrong seal is not loaded.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from countenance.events import Tag
from countenance.vision.errors import ModelAlteredError, ModelMissingError, ModelUnlistedError
from countenance.vision.manifest import Came, ListedFile, Manifest, ManifestBook
from countenance.vision.pins import check_pin

MAX_TOLD: Final = 900
"""Characters of names that one row of the audit trail takes."""
_ACCEPT: Final = "Once you know why, and that the files are right: countenance models accept"

_log = logging.getLogger(__name__)

Find = Callable[[str | None], Iterable[ListedFile]]
"""Finds what may be listed in a folder without a manifest; is given the SHA-256 of the detector
that the audit trail tells to be promoted."""


class ModelLedger:
    """The manifest of one installation and its models folder. Safe to share by threads."""

    def __init__(self, folder: Path, *, book: Callable[[], ManifestBook], find: Find) -> None:
        self._folder = folder
        self._book = book
        self._find = find

    @property
    def key_id(self) -> str:
        """Of the key that seals prepared graphs."""
        return self._book().key_id

    def manifest(self) -> Manifest:
        """What is listed; lists what is there where nothing ever was.

        Raises: ManifestError, VisionError, StorageError.
        """
        return self._book().read() or self._begin()

    def lists(self, path: Path) -> bool:
        """Whether a file is listed. Raises: as `manifest`."""
        return self._name(path) in self.manifest().files

    def check(self, path: Path, content: bytes) -> None:
        """Make sure that a file of the models folder is as it was listed, a shipped one as it came.

        Files elsewhere, such as those of a setting, are not spoken of.

        Raises:
            ModelUnlistedError: nobody listed it.
            ModelAlteredError: it is another than was listed.
            VisionError, StorageError: as `manifest`.
        """
        check_pin(path, content)
        name = self._name(path)
        if name is None:
            return
        listed = self.manifest().files.get(name)
        if listed is None:
            raise ModelUnlistedError(
                f"The model {path} is not in the manifest of this installation.",
                remedy=_way_back(name),
            )
        if not hmac.compare_digest(listed.sha256, _digest(content)):
            raise _altered(path, listed)

    def check_all(self) -> Manifest:
        """Make sure that every listed file is there and as it was listed.

        Raises:
            ModelMissingError: one is gone or cannot be read.
            ModelAlteredError: one is another.
            VisionError, StorageError: as `manifest`.
        """
        manifest = self.manifest()
        for listed in manifest.files.values():
            path = self._folder / listed.name
            try:
                content = path.read_bytes()
            except OSError as error:
                raise ModelMissingError(
                    f"The model {path}, which is in the manifest of this installation, cannot be "
                    f"read: {error.strerror or error}.",
                    remedy=_way_back(listed.name, listed),
                ) from error
            if not hmac.compare_digest(listed.sha256, _digest(content)):
                raise _altered(path, listed)
        return manifest

    def listed(self, path: Path, content: bytes, *, belongs_to: str, came: Came) -> ListedFile:
        """A file as it is to be listed. Raises: ValueError: it lies outside of the folder."""
        name = self._name(path)
        if name is None:
            raise ValueError(f"{path} is not in {self._folder}")
        return ListedFile(name, _digest(content), len(content), belongs_to, came)

    def record(self, files: Iterable[ListedFile], *, instead_of: Iterable[Path] = ()) -> None:
        """List files that were put in place.

        Args:
            files: as `listed` makes them.
            instead_of: files and folders that are taken off the list in the same step.

        Raises: ManifestError, VisionError, StorageError: nothing was listed.
        """
        added, folders = list(files), self._names(instead_of)
        self.manifest()  # lists what was there before, or says that it may not be

        def change(before: Manifest | None) -> Manifest | None:
            known = before or Manifest()
            gone = {n for n in known.files if any(_is_below(n, folder) for folder in folders)}
            after = known.replaced(gone, added)
            return after if after.files != known.files else None

        names = told(file.name for file in added)
        self._book().change(change, tag=Tag.MODELS_LISTED, details={"files": names})

    def forget(self, paths: Iterable[Path]) -> None:
        """Take files off the list that are not to be loaded any more, and what lies below them.

        Raises: ManifestError, StorageError.
        """
        wanted = self._names(paths)
        if self._book().read() is None:
            return

        def change(before: Manifest | None) -> Manifest | None:
            known = before or Manifest()
            gone = {n for n in known.files if any(_is_below(n, name) for name in wanted)}
            return known.replaced(gone, ()) if gone else None

        self._book().change(change, tag=Tag.MODELS_UNLISTED, details={"files": told(wanted)})

    def forget_missing(self) -> tuple[str, ...]:
        """Take files off the list that are not there, as after a restore; returns their names."""
        listed = (self._book().read() or Manifest()).files
        missing = tuple(name for name in listed if not (self._folder / name).is_file())
        self.forget(self._folder / name for name in missing)
        return missing

    def acceptable(self) -> tuple[ListedFile, ...]:
        """What `accept` would list: what is there and consistent in itself.

        Raises: VisionError: the detector in service is not consistent.
        """
        return tuple(self._find(None))

    def accept(self, files: Iterable[ListedFile]) -> Manifest:
        """List these alone, by somebody's decision. Raises: StorageError."""
        kept = list(files)
        names = told(f"{file.name} {file.sha256[:16]}" for file in kept)
        return self._book().replace(kept, details={"files": names})

    def seal(self, path: Path, digest: str) -> str:
        """The seal of a graph that was prepared here.

        Args:
            path: its name counts, its folder does not.
            digest: SHA-256 of its content.
        """
        return self._book().seal(f"prepared:{path.name}:{digest}")

    def _begin(self) -> Manifest:
        found = list(self._find(self._book().promoted_sha256() or ""))
        if not found:
            return Manifest()
        names = told(file.name for file in found)
        _log.warning("models folder listed for the first time, as it is now: %s", names)
        self._book().change(
            lambda before: Manifest().replaced((), found) if before is None else None,
            tag=Tag.MODELS_ADOPTED,
            details={"files": names},
        )
        return self._book().read() or Manifest()

    def _names(self, paths: Iterable[Path]) -> list[str]:
        return [name for path in paths if (name := self._name(path)) is not None]

    def _name(self, path: Path) -> str | None:
        """Of a file below the models folder; None of another. Nothing is resolved but `..`."""
        try:
            return _plain(path).relative_to(_plain(self._folder)).as_posix()
        except ValueError:
            return None


def told(names: Iterable[str]) -> str:
    """Names in one line for the audit trail, cut where it is too long."""
    text = ", ".join(names)
    return text if len(text) <= MAX_TOLD else f"{text[:MAX_TOLD]}..."


def _plain(path: Path) -> Path:
    return Path(*(part for part in path.absolute().parts if part != "."))


def _is_below(name: str, folder: str) -> bool:
    return name == folder or name.startswith(f"{folder}/")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _altered(path: Path, listed: ListedFile) -> ModelAlteredError:
    return ModelAlteredError(
        f"The model {path} has been altered: its SHA-256 is not the one in the manifest.",
        remedy=_way_back(listed.name, listed),
    )


def _way_back(name: str, listed: ListedFile | None = None) -> str:
    if name.startswith("pad/"):
        return (
            "Run: countenance pad demote, which takes the shipped detector, and promote yours "
            f"again. {_ACCEPT}"
        )
    pack = listed.belongs_to if listed else "PACK"
    return f"Run: countenance models install {pack}, or countenance models remove {pack}. {_ACCEPT}"
