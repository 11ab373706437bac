"""Files on their way in: written beside the data, held by a lock, gone when they were looked at."""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from countenance.web.lab.errors import UploadError
from countenance.web.lab.wish import FileOffer

_LONGEST_SUFFIX: Final = 6


def upload_folder(home: Path) -> Path:
    """Where files lie while they are looked at."""
    return home / "lab" / "uploads"


class Upload:
    """One file; deleted when it is closed. A context manager."""

    def __init__(self, folder: Path, offer: FileOffer) -> None:
        """Make room for a file, for its owner alone; what killed processes left is deleted.

        Raises: UploadError: there is no space or no permission.
        """
        self.offer = offer
        self.received = 0
        """Bytes so far."""
        suffix = Path(offer.name).suffix.lower()
        is_plain = suffix[1:].isalnum() and suffix.isascii() and len(suffix) <= _LONGEST_SUFFIX
        self.path = folder / f"{secrets.token_hex(12)}{suffix if is_plain else ''}"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sweep(folder)
            self._file = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except OSError as error:
            raise _unstored(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_whole(self) -> bool:
        """Whether all that was announced is there."""
        return self.received == self.offer.size_bytes

    def write(self, piece: bytes) -> None:
        """Add the next piece.

        Raises: UploadError: more than was announced, or it cannot be stored.
        """
        if self.received + len(piece) > self.offer.size_bytes:
            raise UploadError(
                f"{self.offer.name} is longer than it was announced.", remedy="Choose it again."
            )
        try:
            view = memoryview(piece)
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as error:
            raise _unstored(error) from error
        self.received += len(piece)

    def close(self) -> None:
        """Delete it; may be called again."""
        self.path.unlink(missing_ok=True)
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _sweep(folder: Path) -> None:
    """Delete what nobody holds: the process that wrote it is gone."""
    for path in folder.iterdir():
        try:
            handle = os.open(path, os.O_RDWR)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
        except BlockingIOError:
            pass
        finally:
            os.close(handle)


def sweep_uploads(folder: Path) -> None:
    """Delete what a killed server left; for the start."""
    if folder.is_dir():
        _sweep(folder)


def _unstored(error: OSError) -> UploadError:
    return UploadError(
        f"The file cannot be stored: {error.strerror or error}.",
        remedy="Free some space on the server, or check the permissions of its home directory.",
    )
