"""A gallery in a folder, memory-mapped: for galleries whose owner chooses to keep them in clear.

The product never does: enrolled faces stay encrypted (`template_vault`) and are searched in memory
(`enrolled_faces`). This form is for the bench and for laboratories.

    gallery.json   format, version, pack, dimension, count, generation, the blocks with their
                   SHA-256, and a SHA-256 of all that
    NAME.block     4,096 bytes of header, rows of little-endian float32, keys as JSON
    .lock          held by the one who writes

A block is written once and never changed. A change writes the blocks that it touches under new
names, then moves a new `gallery.json` into place: whoever opens the folder, or is killed while
saving, finds all of the old generation or all of the new. Old blocks are deleted afterwards;
readers that have mapped them keep them until they let go.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import mmap
import os
import secrets
import struct
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from countenance.biometrics.comparison import PackMismatchError
from countenance.biometrics.identification import Block, Gallery
from countenance.identity.errors import GalleryFilesError

FORMAT: Final = "countenance-gallery"
VERSION: Final = 1
MANIFEST: Final = "gallery.json"
HEADER_BYTES: Final = 4096
"""A page: rows begin at its end, aligned for streaming."""
_HEADER: Final = struct.Struct("<8sHHIQ")
"""Magic, version, dimension, rows, bytes of the keys."""
_MAGIC: Final = b"CTNBLOCK"
_TRIES: Final = 100
"""A reader that is overtaken by writers looks again this often."""


@dataclass(frozen=True, slots=True)
class BlockEntry:
    """A block, as the manifest lists it."""

    file: str
    rows: int
    sha256: str


class GalleryFolder:
    """One folder, as this process last opened or saved it. Not shared between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._generation = 0
        self._written: dict[Block, BlockEntry] = {}

    @property
    def generation(self) -> int:
        """Of what was last opened or saved; 0 before the first save."""
        return self._generation

    def open(self, *, pack: str) -> Gallery:
        """Map the gallery; its rows are read from the disk when they are searched or checked.

        Args:
            pack: that the gallery has to be of.

        Raises:
            GalleryFilesError: there is none, it is of another program, or it is damaged.
            PackMismatchError: it is of another pack.
        """
        manifest = _read_manifest(self._folder)
        if manifest["pack"] != pack:
            raise PackMismatchError(f"{manifest['pack']} does not compare with {pack}")
        for _ in range(_TRIES):
            try:
                return self._mapped(manifest)
            except FileNotFoundError:
                newer = _read_manifest(self._folder)
                if newer["generation"] == manifest["generation"]:
                    break
                manifest = newer
        raise _damaged(self._folder, "a block is missing")

    def _mapped(self, manifest: Mapping[str, Any]) -> Gallery:
        entries = [BlockEntry(**entry) for entry in manifest["blocks"]]
        dimension = manifest["dimension"]
        blocks = [_map_block(self._folder, entry, dimension=dimension) for entry in entries]
        self._written = dict(zip(blocks, entries, strict=True))
        self._generation = manifest["generation"]
        return Gallery(manifest["pack"], tuple(blocks))

    def save(self, gallery: Gallery) -> None:
        """Make the folder hold this gallery; only blocks that it does not have are written.

        Raises: GalleryFilesError: somebody else saved meanwhile, or the disk refuses; the folder
            holds what it held.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _locked(self._folder):
                self._check_generation()
                self._save(gallery)
        except OSError as error:
            raise GalleryFilesError(
                f"The gallery {self._folder} cannot be written: {error.strerror or error}.",
                remedy="Free space or change the permissions of the folder.",
            ) from error

    def _check_generation(self) -> None:
        is_there = (self._folder / MANIFEST).exists()
        present = _read_manifest(self._folder)["generation"] if is_there else 0
        if present != self._generation:
            raise GalleryFilesError(
                f"The gallery {self._folder} was changed by another process.",
                remedy="Open it again and repeat the change.",
            )

    def _save(self, gallery: Gallery) -> None:
        written = {
            block: self._written.get(block) or _write_block(self._folder, block)
            for block in gallery.blocks
        }
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "pack": gallery.pack,
            "dimension": gallery.blocks[0].rows.shape[1] if gallery.blocks else 0,
            "count": len(gallery),
            "generation": self._generation + 1,
            "blocks": [asdict(entry) for entry in written.values()],
        }
        _sync_folder(self._folder)
        signed = {**manifest, "sha256": _digest(manifest)}
        _write_whole(self._folder / MANIFEST, json.dumps(signed, indent=1).encode())
        _sync_folder(self._folder)
        self._written, self._generation = written, self._generation + 1
        self._delete_others({entry.file for entry in written.values()})

    def _delete_others(self, kept: set[str]) -> None:
        """Blocks of the generation before, and drafts of a writer that was killed."""
        for path in (*self._folder.glob("*.block"), *self._folder.glob("*.draft")):
            if path.name not in kept:
                path.unlink(missing_ok=True)


def _write_block(folder: Path, block: Block) -> BlockEntry:
    rows = np.ascontiguousarray(block.rows, "<f4")
    keys = json.dumps(block.keys).encode()
    header = _HEADER.pack(_MAGIC, VERSION, rows.shape[1], len(rows), len(keys))
    content = b"".join((header.ljust(HEADER_BYTES, b"\0"), rows.tobytes(), keys))
    entry = BlockEntry(
        f"{secrets.token_hex(8)}.block", len(rows), hashlib.sha256(content).hexdigest()
    )
    _write_whole(folder / entry.file, content)
    return entry


def _map_block(folder: Path, entry: BlockEntry, *, dimension: int) -> Block:
    """Raises: FileNotFoundError, GalleryFilesError."""
    with (folder / Path(entry.file).name).open("rb") as file:
        try:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # an empty file
            raise _damaged(folder, f"{entry.file} is empty") from None
    if hashlib.sha256(mapped).hexdigest() != entry.sha256:
        raise _damaged(folder, f"{entry.file} is not what was written")
    _, _, d, count, keys_bytes = _HEADER.unpack_from(mapped)
    if (d, count) != (dimension, entry.rows):
        raise _damaged(folder, f"{entry.file} is of another gallery")
    rows = np.frombuffer(mapped, "<f4", count * d, offset=HEADER_BYTES).reshape(count, d)
    keys = json.loads(mapped[HEADER_BYTES + rows.nbytes :][:keys_bytes])
    return Block(tuple(keys), rows)


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise GalleryFilesError(
            f"There is no gallery in {folder}: {error.strerror or error}.",
            remedy="Check the path.",
        ) from error
    except ValueError as error:
        raise _damaged(folder, f"{MANIFEST} cannot be read") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise GalleryFilesError(
            f"{folder / MANIFEST} is no gallery of this product.", remedy="Check the path."
        )
    if manifest.get("version") != VERSION:
        raise GalleryFilesError(
            f"The gallery {folder} has version {manifest.get('version')}; this product reads"
            f" {VERSION}.",
            remedy="Make it anew, or install the version that made it.",
        )
    if manifest.pop("sha256", None) != _digest(manifest):
        raise _damaged(folder, f"{MANIFEST} is not what was written")
    return manifest


def _digest(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _damaged(folder: Path, why: str) -> GalleryFilesError:
    return GalleryFilesError(
        f"The gallery {folder} is damaged: {why}.", remedy="Make it anew, or restore a backup."
    )


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file for its owner alone, whole or not at all."""
    draft = path.with_name(f"{secrets.token_hex(8)}.draft")
    try:
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of the one who writes; the system frees it when the process dies."""
    descriptor = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
