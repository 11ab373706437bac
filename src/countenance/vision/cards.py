"""Model cards: what a model is, where it comes from, how it is fed, when it says yes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from countenance.images.image import ColourOrder
from countenance.vision.errors import ModelInvalidError, ModelMissingError
from countenance.vision.pins import SHIPPED, check_pin

SHIPPED_CARDS: Final = SHIPPED
"""Folder of the cards that come with the product."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """An installed package that carries the file; it is looked into, never imported."""

    package: str
    version: str
    """The pinned version that the digest was taken from."""
    path: str
    """Of the file inside the package, with forward slashes."""
    distribution: str = ""
    """What to ask pip for when it has another name than the package."""
    extra: str = ""
    """Extra of ours that installs it; empty when it always comes along."""

    @property
    def wheel(self) -> str:
        """What pip calls it."""
        return self.distribution or self.package


@dataclass(frozen=True, slots=True)
class Download:
    """Where the publisher offers the file."""

    url: str
    """https, pinned to one state of the publisher's repository where that is possible."""
    size_bytes: int
    """Of the file as it is kept; more is never read."""
    packing: str = ""
    """`bz2` when the publisher offers it compressed; the digest is always that of the content."""

    @property
    def name(self) -> str:
        """File name as the publisher offers it."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class ModelInput:
    """How pixels become the input tensor: ((value - mean) / std) in `value_range`."""

    width_px: int | None
    """None when any width is taken."""
    height_px: int | None
    colour_order: ColourOrder
    value_range: tuple[float, float] = (0.0, 255.0)
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    multiple_of_px: int = 1
    """Width and height must be multiples of this."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model, as its JSON card describes it."""

    name: str
    version: str
    task: str
    """`face_detection`, `face_embedding`, else `presentation_attack_detection` or a part of it."""
    file: str
    """File name; beside the card when there is no `carrier`."""
    sha256: str
    """64 lowercase hex digits of the file as published."""
    licence: str
    """SPDX identifier."""
    attribution: str
    origin: str
    """Where the publisher offers it, or how it was made."""
    input: ModelInput | None
    """None when the card's `parameters` describe several inputs."""
    threshold: float | None
    """From this score on the model says yes; None when it has no single one."""
    threshold_data: str
    """The data that the threshold was fixed on."""
    folder: Path
    """Where the card was read from."""
    pack: str = ""
    """Pack and version that its embeddings carry, or that installs it; empty for the default."""
    format: str = "onnx"
    """`onnx`, `dlib` for the serialisation of that library, `minifasnet` for a PyTorch checkpoint
    of that network."""
    publisher: str = ""
    licence_url: str = ""
    """Where the licence, or the publisher's word on it, can be read."""
    carrier: Carrier | None = None
    download: Download | None = None
    """None when the file comes with the product."""
    alternatives: Mapping[str, str] = field(default_factory=dict)
    """File name to SHA-256 of files that may stand in, such as the float32 original."""
    papers: tuple[str, ...] = ()
    notes: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What only this kind of model knows; every key of the JSON that has no field is here too."""

    def needed_threshold(self) -> float:
        """The threshold of a model that cannot decide without one.

        Raises: ModelInvalidError: the card has none.
        """
        if self.threshold is None:
            raise ModelInvalidError(
                f"The card of {self.name} has no threshold.", remedy="Complete the model card."
            )
        return self.threshold


def read_card(path: Path) -> ModelCard:
    """Read a card.

    Raises:
        ModelMissingError: there is no such file.
        ModelInvalidError: it is no JSON object or lacks a field.
        ModelAlteredError: it comes with the product and is not as it came.
    """
    try:
        content = path.read_bytes()
        check_pin(path, content)
        return _card(json.loads(content), folder=path.parent)
    except OSError as error:
        raise ModelMissingError(
            f"The model card {path} cannot be read: {error.strerror or error}.",
            remedy="Check the path, or install the package again.",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelInvalidError(
            f"The model card {path} is not valid: {type(error).__name__} {error}.",
            remedy="Mend the card, or install the package again.",
        ) from error


def shipped_card(name: str) -> ModelCard:
    """The card `name` among those that come with the product."""
    return read_card(SHIPPED_CARDS / f"{name}.json")


def shipped_cards() -> tuple[ModelCard, ...]:
    """All cards that come with the product, by name."""
    return tuple(read_card(path) for path in sorted(SHIPPED_CARDS.glob("*.json")))


_NAMES: Final = frozenset(entry.name for entry in fields(ModelCard))


def _card(content: dict[str, Any], *, folder: Path) -> ModelCard:
    known = {name: value for name, value in content.items() if name in _NAMES}
    extra = {name: value for name, value in content.items() if name not in _NAMES}
    digest = str(content["sha256"])
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise ValueError("sha256 is not 64 lowercase hex digits")
    known |= {
        "folder": folder,
        "task": content.get("task", "presentation_attack_detection"),
        "origin": content.get("origin", ""),
        "input": _input(content.get("input")),
        "threshold": _number(content.get("threshold")),
        "threshold_data": str(content.get("threshold_data", "")),
        "carrier": Carrier(**content["carrier"]) if content.get("carrier") else None,
        "download": Download(**content["download"]) if content.get("download") else None,
        "alternatives": MappingProxyType(dict(content.get("alternatives", {}))),
        "papers": tuple(content.get("papers", ())),
        "parameters": MappingProxyType({**extra, **content.get("parameters", {})}),
    }
    return ModelCard(**known)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _input(content: object) -> ModelInput | None:
    if not isinstance(content, dict) or "colour_order" not in content:
        return None
    low, high = content.get("value_range", (0, 255))
    return ModelInput(
        width_px=content.get("width_px"),
        height_px=content.get("height_px"),
        colour_order=ColourOrder(content["colour_order"]),
        value_range=(float(low), float(high)),
        mean=_per_channel(content.get("mean", 0)),
        std=_per_channel(content.get("std", 1)),
        multiple_of_px=int(content.get("multiple_of_px", 1)),
    )


def _per_channel(value: float | list[float]) -> tuple[float, ...]:
    return (float(value),) * 3 if isinstance(value, int | float) else tuple(map(float, value))
