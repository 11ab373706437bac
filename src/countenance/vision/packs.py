"""Model packs: models that an installation uses together, one for each task.

Embeddings of two packs do not compare, so a template carries its pack and version. What a model is,
where it comes from and under which licence stands on its card.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from countenance.vision.cards import SHIPPED_CARDS, ModelCard, read_card
from countenance.vision.errors import ModelInvalidError, PackUnknownError
from countenance.vision.pins import check_pin

DEFAULT_PACK: Final = "opencv-zoo"
FACE_DETECTION: Final = "face_detection"
FACE_EMBEDDING: Final = "face_embedding"
_SHIPPED: Final = SHIPPED_CARDS / "packs"


@dataclass(frozen=True, slots=True)
class Pack:
    """Models that belong together."""

    name: str
    version: str
    """Raised when the same faces would get other embeddings."""
    summary: str
    models: Mapping[str, str]
    """Task to name of the card; a pack need not have every task."""
    mirror: str
    """Where a mirror keeps a file: `{base}` is the address given, `{file}` the published name."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What only this kind of pack knows."""

    @property
    def identity(self) -> str:
        """Name and version, as templates carry them: `opencv-zoo/1`."""
        return f"{self.name}/{self.version}"

    @property
    def recognises(self) -> bool:
        """Whether it finds and recognises faces; else it stands beside one that does."""
        return FACE_EMBEDDING in self.models

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """The cards of its models."""
        return tuple(_card(name) for name in self.models.values())

    def card(self, task: str) -> ModelCard:
        """The card of its model for a task.

        Raises: ModelInvalidError: it has none.
        """
        if task not in self.models:
            raise ModelInvalidError(
                f"The pack {self.name} has no model for {task.replace('_', ' ')}.",
                remedy="Choose another pack: countenance models list",
            )
        return _card(self.models[task])

    def mirrored(self, card: ModelCard, *, base: str) -> str:
        """Where the mirror at `base` keeps the file of a card."""
        name = card.download.name if card.download else card.file
        return self.mirror.format(base=base.rstrip("/"), file=name)


def shipped_pack(name: str) -> Pack:
    """The pack of that name.

    Raises: PackUnknownError: there is none.
    """
    known = shipped_packs()
    for pack in known:
        if pack.name == name:
            return pack
    names = ", ".join(pack.name for pack in known)
    raise PackUnknownError(f"There is no model pack {name!r}.", remedy=f"Known packs: {names}.")


def shipped_packs() -> tuple[Pack, ...]:
    """All packs that the product knows, by name; that does not say that they are installed."""
    return tuple(_read(path) for path in sorted(_SHIPPED.glob("*.json")))


def _read(path: Path) -> Pack:
    told = path.read_bytes()
    check_pin(path, told)
    content = json.loads(told)
    return Pack(**{**content, "models": MappingProxyType(dict(content["models"]))})


def _card(name: str) -> ModelCard:
    return read_card(SHIPPED_CARDS / f"{name}.json")
