"""The card of a trained recogniser: whom it knows, what it looks at, when it says a name.

A recogniser is two files side by side: an ONNX graph and this card as JSON. The graph returns
``probabilities`` (n, classes) float32, either of ``embeddings`` (n, d) float32 that the engine
made, or of ``images`` (n, height, width, 3) uint8 RGB of the face, which it scales itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from countenance.vision.carded_files import read_card_file

FORMAT: Final = "countenance-recogniser-card/1"
UNKNOWN: Final = "unknown"
"""Name of the class of people who are none of the others, and of the answer for them."""
MAX_CARD_BYTES: Final = 64_000_000
MAX_SIDE_PX: Final = 1024
_REMEDY: Final = "Train it again with 'countenance faces train'."


class RecogniserView(StrEnum):
    """What a recogniser looks at."""

    EMBEDDING = "embedding"
    """The engine's embedding of the face."""
    FACE = "face"
    """The box of the face, grown and stretched to the input."""


@dataclass(frozen=True, slots=True)
class RecogniserInput:
    """How a face becomes the input of the graph."""

    view: RecogniserView
    pack: str = ""
    """Of the embeddings; empty for a picture."""
    side_px: int = 0
    """Edge of the square picture; 0 for an embedding."""
    box_scale: float = 1.0
    """Size of the picture over the box of the face."""

    @property
    def name(self) -> str:
        """Of the graph's input."""
        return "embeddings" if self.view is RecogniserView.EMBEDDING else "images"


@dataclass(frozen=True, slots=True)
class RecogniserCard:
    """A trained recogniser on paper. It names people: keep it as you keep their pictures."""

    name: str
    backbone: str
    file: str
    """Name of the ONNX file beside the card."""
    sha256: str
    """Of that file, 64 hex digits."""
    input: RecogniserInput
    classes: tuple[str, ...]
    """In the order of the graph's outputs; `UNKNOWN`, where there is one, is the last."""
    threshold: float
    """A person is named whose probability is at or above it."""
    threshold_data: str
    """What the threshold was fixed on."""
    licence: str
    """Of the backbone; the head belongs to whoever trained it."""
    origin: str
    attribution: str
    data: Mapping[str, Any] = field(default_factory=dict)
    """Counts of what it was trained with; no data itself."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """Measured on pictures held out of training."""
    golden: tuple[Mapping[str, Any], ...] = ()
    """Inputs drawn from a seed with the probabilities they must give."""

    @property
    def people(self) -> tuple[str, ...]:
        """Whom it can name."""
        return self.classes[:-1] if self.classes[-1] == UNKNOWN else self.classes

    def as_json(self) -> str:
        """The card's file content, stable in order."""
        used: dict[str, Any] = {"view": self.input.view.value, "tensor": self.input.name}
        if self.input.view is RecogniserView.EMBEDDING:
            used |= {"pack": self.input.pack}
        else:
            used |= {"side_px": self.input.side_px, "box_scale": self.input.box_scale}
            used |= {"colour_order": "rgb", "normalised_by": "graph"}
        return json.dumps(
            {
                "format": FORMAT,
                "task": "closed_set_identification",
                "name": self.name,
                "backbone": self.backbone,
                "file": self.file,
                "sha256": self.sha256,
                "input": used,
                "classes": list(self.classes),
                "threshold": self.threshold,
                "threshold_data": self.threshold_data,
                "licence": self.licence,
                "origin": self.origin,
                "attribution": self.attribution,
                "data": dict(self.data),
                "figures": dict(self.figures),
                "golden": [dict(vector) for vector in self.golden],
            },
            indent=2,
            ensure_ascii=False,
        )


def read_recogniser_card(path: Path) -> RecogniserCard:
    """Read and check a card.

    Raises:
        ModelMissingError: the file cannot be read.
        ModelInvalidError: it is no card of this format, or contradicts itself.
    """
    return read_card_file(
        path,
        parse=_card,
        max_bytes=MAX_CARD_BYTES,
        missing_remedy="Give the recogniser.json that 'countenance faces train' wrote.",
        invalid_remedy=_REMEDY,
    )


def _card(values: Mapping[str, Any]) -> RecogniserCard:
    if values["format"] != FORMAT:
        raise ValueError(f"its format is {values['format']!r}, not {FORMAT!r}")
    taken = values["input"]
    card = RecogniserCard(
        name=str(values["name"]),
        backbone=str(values["backbone"]),
        file=str(values["file"]),
        sha256=str(values["sha256"]).lower(),
        input=RecogniserInput(
            view=RecogniserView(taken["view"]),
            pack=str(taken.get("pack", "")),
            side_px=int(taken.get("side_px", 0)),
            box_scale=float(taken.get("box_scale", 1.0)),
        ),
        classes=tuple(map(str, values["classes"])),
        threshold=float(values["threshold"]),
        threshold_data=str(values["threshold_data"]),
        licence=str(values["licence"]),
        origin=str(values["origin"]),
        attribution=str(values["attribution"]),
        data=dict(values.get("data", {})),
        figures=dict(values.get("figures", {})),
        golden=tuple(dict(vector) for vector in values.get("golden", [])),
    )
    _check(card)
    return card


def _check(card: RecogniserCard) -> None:
    if Path(card.file).name != card.file or not card.file:
        raise ValueError("its file must be a plain name beside the card")
    if not 0 < card.threshold <= 1:
        raise ValueError("its threshold must lie between 0 and 1")
    if len(set(card.classes)) != len(card.classes) or len(card.people) < 2:
        raise ValueError("it must know at least two people, each once")
    if not all(name.isprintable() and name for name in card.classes):
        raise ValueError("a name holds characters that cannot be printed")
    if card.input.view is RecogniserView.EMBEDDING and not card.input.pack:
        raise ValueError("it does not say whose embeddings it takes")
    if card.input.view is RecogniserView.FACE and not (
        1 <= card.input.side_px <= MAX_SIDE_PX and 0.2 <= card.input.box_scale <= 5
    ):
        raise ValueError("the size of its picture makes no sense")
