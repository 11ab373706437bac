"""The card of a passive detector: all the engine must know to run it, and what it is worth.

A detector is two files side by side: an ONNX graph and this card as JSON. The graph takes
``images`` (n, height, width, 3) uint8, scales them itself, and returns one logit per image for each
view; positive is bona fide. The card names the views, how their logits are joined, and the
threshold.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from countenance.images.image import ColourOrder
from countenance.pad.calibration import NO_SHIFT, OUTER_BOUNDS, ShiftBounds
from countenance.vision.carded_files import read_card_file
from countenance.vision.pins import check_pin

FORMAT: Final = "countenance-pad-card/1"
MAX_SIDE_PX: Final = 1024
MAX_CARD_BYTES: Final = 1_000_000


class PadView(StrEnum):
    """What part of a frame a detector looks at, stretched to its input size."""

    FULL_FRAME = "full_frame"
    TIGHT_CROP = "tight_crop"


@dataclass(frozen=True, slots=True)
class ViewUse:
    """How one view enters the score."""

    output: str
    """Name of the graph's output that holds this view's logits."""
    weight: float
    """Share in the fused logit, above 0; the shares of a card sum to 1."""
    box_scale: float = 1.0
    """Size of the crop over the face box; tight crops only."""


@dataclass(frozen=True, slots=True)
class PadInput:
    """What the graph takes; the graph itself computes (value - mean) / std."""

    width_px: int
    height_px: int
    colour_order: ColourOrder
    mean: float
    """Grey levels, 0..255; for the reader, the graph applies it."""
    std: float
    """Grey levels; for the reader, the graph applies it."""


@dataclass(frozen=True, slots=True)
class PadCard:
    """A passive detector on paper."""

    name: str
    version: str
    architecture: str
    file: str
    """Name of the ONNX file beside the card."""
    sha256: str
    """Of that file, 64 hex digits."""
    input: PadInput
    views: Mapping[PadView, ViewUse]
    threshold: float
    """Bona fide at or above, on the fused score 0..1."""
    licence: str
    origin: str
    attribution: str
    data: Mapping[str, Any] = field(default_factory=dict)
    """Sources and counts it was trained with; no data itself."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """Measured on sources held out of training."""
    golden: tuple[Mapping[str, Any], ...] = ()
    """Public images with the logits they must give."""
    expected_log_odds: float | None = None
    """What bona fide presentations get at a camera that was held out of training: the median over
    sources of their medians, of the fused score. What a known camera is compared with. None: not
    known."""
    shift_bounds: ShiftBounds = NO_SHIFT
    """How far the threshold may be moved for a known camera; see `pad.shift_bounds`."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what a score comes from: model file and use of its views; 64 hex digits."""
        uses = sorted((view.value, use.weight, use.box_scale) for view, use in self.views.items())
        return hashlib.sha256(repr((self.sha256, uses)).encode()).hexdigest()

    def as_json(self) -> str:
        """The card's file content, stable in order."""
        return json.dumps(
            {
                "format": FORMAT,
                "task": "presentation_attack_detection",
                "name": self.name,
                "version": self.version,
                "architecture": self.architecture,
                "file": self.file,
                "sha256": self.sha256,
                "input": {
                    "layout": "n,height,width,3 uint8",
                    "width_px": self.input.width_px,
                    "height_px": self.input.height_px,
                    "colour_order": self.input.colour_order.value,
                    "mean": self.input.mean,
                    "std": self.input.std,
                    "normalised_by": "graph",
                },
                "views": {
                    view.value: {
                        "output": use.output,
                        "weight": use.weight,
                        "box_scale": use.box_scale,
                    }
                    for view, use in self.views.items()
                },
                "threshold": self.threshold,
                "expected_log_odds": self.expected_log_odds,
                "shift_bounds": {"fall": self.shift_bounds.fall, "rise": self.shift_bounds.rise},
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


def read_pad_card(path: Path, *, check: Callable[[Path, bytes], None] = check_pin) -> PadCard:
    """Read and check a card.

    Args:
        path: of the JSON file.
        check: is given path and content first, such as `ModelLedger.check`.

    Raises:
        ModelMissingError: the file cannot be read.
        ModelInvalidError: it is no card of this format, or contradicts itself.
    """
    return read_card_file(
        path,
        parse=parse_pad_card,
        max_bytes=MAX_CARD_BYTES,
        missing_remedy="Check COUNTENANCE_PAD_CARD, or unset it to take the shipped detector.",
        invalid_remedy="Train the detector again with 'countenance pad train'.",
        check=check,
    )


def parse_pad_card(values: Mapping[str, Any]) -> PadCard:
    """Turn a decoded card into a value.

    Raises: ValueError, KeyError, TypeError, AttributeError: something is missing or senseless.
    """
    if values["format"] != FORMAT:
        raise ValueError(f"its format is {values['format']!r}, not {FORMAT!r}")
    card = PadCard(
        name=str(values["name"]),
        version=str(values["version"]),
        architecture=str(values["architecture"]),
        file=str(values["file"]),
        sha256=str(values["sha256"]).lower(),
        input=_input(values["input"]),
        views={PadView(name): _view(use) for name, use in values["views"].items()},
        threshold=float(values["threshold"]),
        licence=str(values["licence"]),
        origin=str(values["origin"]),
        attribution=str(values["attribution"]),
        data=dict(values.get("data", {})),
        figures=dict(values.get("figures", {})),
        golden=tuple(dict(vector) for vector in values.get("golden", [])),
        expected_log_odds=_optional(values.get("expected_log_odds")),
        shift_bounds=read_bounds(values.get("shift_bounds", {})),
    )
    _check(card)
    return card


def read_bounds(values: Mapping[str, Any]) -> ShiftBounds:
    """The bounds on a card, at most `OUTER_BOUNDS`; what it does not say must not move.

    Raises: ValueError, TypeError: they are no bounds.
    """
    told = ShiftBounds(fall=float(values.get("fall", 0)), rise=float(values.get("rise", 0)))
    return ShiftBounds(
        fall=min(OUTER_BOUNDS.fall, told.fall), rise=min(OUTER_BOUNDS.rise, told.rise)
    )


def _optional(value: object) -> float | None:
    return None if value is None else float(str(value))


def _input(values: Mapping[str, Any]) -> PadInput:
    return PadInput(
        width_px=int(values["width_px"]),
        height_px=int(values["height_px"]),
        colour_order=ColourOrder(values["colour_order"]),
        mean=float(values["mean"]),
        std=float(values["std"]),
    )


def _view(values: Mapping[str, Any]) -> ViewUse:
    return ViewUse(
        output=str(values["output"]),
        weight=float(values["weight"]),
        box_scale=float(values.get("box_scale", 1.0)),
    )


def _check(card: PadCard) -> None:
    if Path(card.file).name != card.file or not card.file:
        raise ValueError("its file must be a plain name beside the card")
    if not 0 < card.threshold < 1:
        raise ValueError("its threshold must lie between 0 and 1")
    if card.expected_log_odds is not None and not math.isfinite(card.expected_log_odds):
        raise ValueError("what it expects of bona fide presentations must be a number")
    if not card.views or min(use.weight for use in card.views.values()) <= 0:
        raise ValueError("every view needs a weight above 0")
    if not math.isclose(sum(use.weight for use in card.views.values()), 1, abs_tol=1e-6):
        raise ValueError("the weights of its views must sum to 1")
    if not all(0.2 <= use.box_scale <= 5 for use in card.views.values()):
        raise ValueError("a box scale must lie between 0.2 and 5")
    if not all(1 <= px <= MAX_SIDE_PX for px in (card.input.width_px, card.input.height_px)):
        raise ValueError(f"its input must be 1 to {MAX_SIDE_PX} pixels a side")
