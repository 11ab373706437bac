"""Put the files of a pack in place: all of them checked, or none.

Each file is written beside its place under a name of its own, compared with the digest of its
card, and only when every file is right do they take their places, each by one rename.
"""

from __future__ import annotations

import bz2
import contextlib
import errno
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from countenance.vision.cards import ModelCard
from countenance.vision.downloads import BLOCK_BYTES, Patience, Progress, download
from countenance.vision.errors import InstallationError, VisionError
from countenance.vision.ledger import ModelLedger
from countenance.vision.manifest import Came, ListedFile
from countenance.vision.model_store import ModelStore, digest_of
from countenance.vision.packs import DEFAULT_PACK, Pack

MAX_FILE_BYTES: Final = 500_000_000
"""Of a file whose size no card tells."""
PACKED_SLACK_BYTES: Final = 1 << 16
"""With a hundredth of the content: how much longer a compressed file may be at worst."""
_PREFIX: Final = ".installing-"
_STALE_AFTER_S: Final = 86_400.0
"""No transfer takes that long; what is older was left by a process that was killed."""
OpenTemporary = Callable[[Path], tuple[BinaryIO, Path]]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the file of a card is to be taken from."""

    card: ModelCard
    place: str | Path
    """Address or local file."""
    name: str
    """Name under which it is kept; its digest on the card decides what it has to be."""

    @property
    def digest(self) -> str:
        return _digest_on(self.card, self.name)

    @property
    def is_packed(self) -> bool:
        return str(self.place).endswith(".bz2")


def wanted_sources(pack: Pack, store: ModelStore, *, mirror: str = "") -> tuple[Source, ...]:
    """Where the files of a pack are to come from.

    Args:
        pack: any.
        store: of this installation.
        mirror: address of a mirror, from which every file comes; empty takes what is missing or
            altered from the publisher.

    Returns: one for each file; empty when nothing needs to be fetched.
    """
    offered = [card for card in pack.cards if card.download is not None]
    if mirror:
        return tuple(Source(card, pack.mirrored(card, base=mirror), card.file) for card in offered)
    return tuple(
        Source(card, card.download.url, card.file)
        for card in offered
        if card.download is not None and not _is_whole(card, store)
    )


def _is_whole(card: ModelCard, store: ModelStore) -> bool:
    try:
        store.verified(card)
    except VisionError:
        return False
    return True


def install(
    sources: Iterable[Source],
    folder: Path,
    *,
    patience: Patience | None = None,
    progress: Callable[[Source], Progress] = lambda _: lambda _: None,
    open_temporary: OpenTemporary | None = None,
    ledger: ModelLedger | None = None,
) -> tuple[Path, ...]:
    """Fetch, check, place and list the files of a pack.

    Killed between the last two, the next start refuses what is not listed and says so; installing
    again lists it.

    Args:
        sources: one for each file.
        folder: of the installed models; made for its owner alone when it is not there.
        patience: of a download.
        progress: gives for each file what to tell the bytes that are there.
        open_temporary: makes a file in a folder, for its owner alone; None takes a real one.
        ledger: of this installation; None for a folder of one's own.

    Returns: the places.

    Raises:
        InstallationError: one of them could not be fetched, is not what its card says or cannot
            be written. What was there before still is, and nothing else.
        VisionError, StorageError: they could not be listed.
    """
    make = open_temporary or _temporary
    with contextlib.ExitStack() as staged, _disk_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(folder)
        ready = []
        for source in sources:
            file, path = make(folder)
            staged.callback(path.unlink, missing_ok=True)
            with file:
                _fetch(source, file, folder, patience=patience, progress=progress(source))
                file.flush()
                os.fsync(file.fileno())
            ready.append((path, folder / source.name, _listed(source, path)))
        for path, place, _ in ready:
            path.replace(place)
        _sync_folder(folder)
    if ledger is not None and ready:
        ledger.record(listed for _, _, listed in ready)
    return tuple(place for _, place, _ in ready)


def list_whole(pack: Pack, store: ModelStore, ledger: ModelLedger) -> None:
    """List the files of a pack that lie in the models folder and are what their cards say.

    Raises: VisionError, StorageError: they could not be listed.
    """
    files = {path: card for card in pack.cards for path in store.installed(card)}
    ledger.record(
        ListedFile(path.name, digest, path.stat().st_size, _pack_name(card), Came.INSTALLED)
        for path, card in files.items()
        if digest_of(path.read_bytes()) == (digest := _digest_on(card, path.name))
    )


def _listed(source: Source, path: Path) -> ListedFile:
    size, pack = path.stat().st_size, _pack_name(source.card)
    return ListedFile(source.name, source.digest, size, pack, Came.INSTALLED)


def _pack_name(card: ModelCard) -> str:
    return card.pack.partition("/")[0] or DEFAULT_PACK


def _digest_on(card: ModelCard, name: str) -> str:
    return card.alternatives.get(name, card.sha256)


def _fetch(
    source: Source,
    file: BinaryIO,
    folder: Path,
    *,
    patience: Patience | None,
    progress: Progress,
) -> None:
    """Write the checked content of a source into an empty file."""
    if source.is_packed:
        with tempfile.TemporaryFile(dir=folder) as opened:
            packed = cast("BinaryIO", opened)
            _read(source, packed, patience=patience, progress=progress)
            packed.seek(0)
            _unpack(source, packed, file)
    else:
        _read(source, file, patience=patience, progress=progress)
    if _digest(file) != source.digest:
        raise InstallationError(
            f"{source.place} is not the file {source.name} that the pack means: "
            "its SHA-256 is another.",
            remedy="It was not installed. Use the publisher's address or another mirror.",
        )


def _digest(file: BinaryIO) -> str:
    found = hashlib.sha256()
    file.seek(0)
    while block := file.read(BLOCK_BYTES):
        found.update(block)
    return found.hexdigest()


def _read(source: Source, file: BinaryIO, *, patience: Patience | None, progress: Progress) -> None:
    limit = _limit_bytes(source)
    if isinstance(source.place, str):
        download(source.place, file, limit_bytes=limit, patience=patience, progress=progress)
        return
    with _open_local(source.place) as given:
        _copy(iter(lambda: given.read(BLOCK_BYTES), b""), file, limit=limit, source=source)


def _limit_bytes(source: Source) -> int:
    offered = source.card.download
    size = offered.size_bytes if offered and source.name == source.card.file else MAX_FILE_BYTES
    return size + size // 100 + PACKED_SLACK_BYTES if source.is_packed else size


def _unpack(source: Source, packed: BinaryIO, file: BinaryIO) -> None:
    offered = source.card.download
    limit = offered.size_bytes if offered else MAX_FILE_BYTES
    try:
        with bz2.BZ2File(packed) as content:
            _copy(iter(lambda: content.read(BLOCK_BYTES), b""), file, limit=limit, source=source)
    except (OSError, EOFError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the disk; bzip2's own errors have no number
        raise InstallationError(
            f"{source.place} cannot be unpacked: it is damaged or no bzip2 file.",
            remedy="Use the publisher's address or another mirror.",
        ) from error


def _copy(blocks: Iterator[bytes], file: BinaryIO, *, limit: int, source: Source) -> None:
    total = 0
    for block in blocks:
        total += len(block)
        if total > limit:
            raise InstallationError(
                f"{source.place} is larger than {source.name} can be.",
                remedy="It was not installed. Use the publisher's address or another mirror.",
            )
        file.write(block)


def _open_local(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise InstallationError(
            f"{path} cannot be read: {error.strerror or error}.", remedy="Check the path."
        ) from error


def _temporary(folder: Path) -> tuple[BinaryIO, Path]:
    handle, name = tempfile.mkstemp(dir=folder, prefix=_PREFIX)
    return os.fdopen(handle, "w+b"), Path(name)


def _sweep(folder: Path) -> None:
    """Delete what killed processes left."""
    for path in folder.glob(f"{_PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):  # another process may sweep too
            if path.stat().st_mtime < time.time() - _STALE_AFTER_S:
                path.unlink()


@contextlib.contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise InstallationError(
            f"The models cannot be written to {folder}: {error.strerror or error}.",
            remedy="Free some space and try again."
            if is_full
            else "Check the permissions of the folder, or set COUNTENANCE_HOME to another one.",
        ) from error


def _sync_folder(folder: Path) -> None:
    """Make the renames last through a power cut, where folders can be opened."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
