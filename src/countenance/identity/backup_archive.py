"""The file of a backup: a ZIP archive of rows and files, each with its digest.

    manifest.json       format, version, time, schema, which master key, members with SHA-256
    tables/NAME.jsonl   a row a line, every column by name
    files/PATH          files of the home directory

Values that JSON lacks are objects with one key: `{"b64": ...}` bytes, `{"time": ...}` a time in
UTC (RFC 3339). The manifest is written last, so an archive that was cut off has none and is
refused. It holds no master key: templates in it are as encrypted as in the database.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import secrets
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from countenance.identity.errors import BackupError, StorageError
from countenance.identity.keys import sync_folder

FORMAT: Final = "countenance-backup/1"
MANIFEST: Final = "manifest.json"
MAX_MANIFEST_BYTES: Final = 16_000_000
_PIECE: Final = 1 << 20
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the archive."""

    sha256: str
    size: int
    """Bytes, unpacked."""
    rows: int = 0
    """Of a table."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself."""

    format: str
    version: str
    """Of the product that made it."""
    made_at: str
    schema: str
    """Revision of the database's schema."""
    key_check: str
    """Check value of the master key that its templates need; reveals nothing of it."""
    members: dict[str, Member]

    @property
    def tables(self) -> dict[str, Member]:
        """Tables by name."""
        return _below("tables/", self.members, suffix=".jsonl")

    @property
    def files(self) -> dict[str, Member]:
        """Files of the home directory by their path below it."""
        return _below("files/", self.members)


def _below(prefix: str, members: Mapping[str, Member], suffix: str = "") -> dict[str, Member]:
    return {
        name[len(prefix) : len(name) - len(suffix)]: member
        for name, member in members.items()
        if name.startswith(prefix) and name.endswith(suffix)
    }


class ArchiveWriter:
    """An archive that is being written; see `writing`."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.members: dict[str, Member] = {}

    def add_table(self, name: str, rows: Iterable[Mapping[str, Any]]) -> int:
        """Write the rows of a table; returns how many."""
        count = 0

        def lines() -> Iterator[bytes]:
            nonlocal count
            for row in rows:
                count += 1
                yield json.dumps({k: _packed(v) for k, v in row.items()}).encode() + b"\n"

        self._add(f"tables/{name}.jsonl", lines())
        member = self.members[f"tables/{name}.jsonl"]
        self.members[f"tables/{name}.jsonl"] = Member(member.sha256, member.size, count)
        return count

    def add_file(self, name: str, path: Path) -> None:
        """Write a file of the home directory under its path below it."""
        with path.open("rb") as file:
            self._add(f"files/{name}", iter(lambda: file.read(_PIECE), b""))

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, which makes the archive whole."""
        self._archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))

    def _add(self, name: str, pieces: Iterable[bytes]) -> None:
        digest, size = hashlib.sha256(), 0
        with self._archive.open(name, "w", force_zip64=True) as member:
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                member.write(piece)
        self.members[name] = Member(digest.hexdigest(), size)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[ArchiveWriter]:
    """Write an archive, for its owner only; it gets its name when it is whole.

    Raises: StorageError: it cannot be written; then nothing is left behind.
    """
    draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                yield ArchiveWriter(archive)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise StorageError(
            f"The backup {path} cannot be written: {error.strerror or error}.",
            remedy="Free space or name another place.",
        ) from error
    finally:
        draft.unlink(missing_ok=True)


class ArchiveReader:
    """A whole archive, checked when it was opened; see `reading`."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest

    def rows(self, table: str) -> Iterator[Row]:
        """The rows of a table; times are aware."""
        with self._archive.open(f"tables/{table}.jsonl") as lines:
            for line in lines:
                yield {name: _unpacked(value) for name, value in json.loads(line).items()}

    def copy_file(self, name: str, target: IO[bytes]) -> None:
        """Write a file of the archive."""
        with self._archive.open(f"files/{name}") as member:
            while piece := member.read(_PIECE):
                target.write(piece)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[ArchiveReader]:
    """Open an archive after every member was compared with its digest.

    Raises: BackupError: it cannot be read, is no backup, was cut off or was altered.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _manifest(archive, path)
            _check(archive, manifest, path)
            yield ArchiveReader(archive, manifest)
    except OSError as error:
        raise BackupError(
            f"The backup {path} cannot be read: {error.strerror or error}.",
            remedy="Check the path and its permissions.",
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise _damaged(path, "it is no whole archive") from error


def _manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    try:
        with archive.open(MANIFEST) as file:
            return _parsed(file.read(MAX_MANIFEST_BYTES + 1))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, f"its manifest makes no sense ({error})") from error


def _parsed(content: bytes) -> Manifest:
    if len(content) > MAX_MANIFEST_BYTES:
        raise ValueError("it is too large")
    values = json.loads(content)
    if values["format"] != FORMAT:
        raise ValueError(f"its format is {values['format']!r}, not {FORMAT!r}")
    members = {str(name): Member(**member) for name, member in values.pop("members").items()}
    return Manifest(**values, members=members)


def _check(archive: zipfile.ZipFile, manifest: Manifest, path: Path) -> None:
    for name in manifest.files:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\\" in name:
            raise _damaged(path, f"it names a file outside of the home directory, {name!r}")
    if set(archive.namelist()) != {*manifest.members, MANIFEST}:
        raise _damaged(path, "its members are not those of its manifest")
    for name, member in manifest.members.items():
        digest, size = hashlib.sha256(), 0
        with archive.open(name) as file:
            while size <= member.size and (piece := file.read(_PIECE)):
                digest.update(piece)
                size += len(piece)
        if digest.hexdigest() != member.sha256:
            raise _damaged(path, f"{name} was altered")


def _damaged(path: Path, why: str) -> BackupError:
    return BackupError(
        f"{path} is no usable backup: {why}.", remedy="Take another copy; nothing was changed."
    )


def _packed(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return {"b64": base64.b64encode(value).decode()}
        case datetime():
            moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
            return {"time": moment.isoformat()}
    raise TypeError(f"a backup cannot hold a {type(value).__name__}")


def _unpacked(value: Any) -> Any:
    match value:
        case {"b64": text}:
            return base64.b64decode(text)
        case {"time": text}:
            return datetime.fromisoformat(text)
    return value
