"""Passive presentation attack detection with ONNX Runtime.

The detector is whatever a card describes: the shipped one, or one that `countenance pad train`
made. The file is loaded only when its SHA-256 is the card's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.geometry.boxes import Box
from countenance.images.crops import write_pixels
from countenance.images.image import Image
from countenance.images.views import cut, stretch, surroundings
from countenance.pad.calibration import ShiftBounds
from countenance.vision.backends.onnx.session import Session, open_either
from countenance.vision.carded_files import read_carded_model
from countenance.vision.errors import ModelInvalidError
from countenance.vision.interfaces import CROP_THRESHOLD, BonaFideScore, CueScore, PadCue
from countenance.vision.pad_card import PadCard, PadView, read_pad_card
from countenance.vision.pins import check_pin

SHIPPED_CARD: Final = "pad-lite0-linear.json"
_EVEN: Final = 0.5
_CUES: Final = {PadView.FULL_FRAME: PadCue.WHOLE_FRAME, PadView.TIGHT_CROP: PadCue.TIGHT_CROP}


def shipped_pad_card() -> Path:
    """Path of the card of the detector that comes with the package."""
    return Path(str(resources.files("countenance.vision") / "weights" / SHIPPED_CARD))


class OnnxPadModel:
    """A passive detector; implements `vision.interfaces.PadModel`. Safe to share by threads."""

    def __init__(self, card: PadCard, session: Session) -> None:
        self._card = card
        self._session = session
        self._views = tuple(card.views.items())

    @classmethod
    def load(
        cls,
        card_path: Path | None = None,
        *,
        threads: int = 1,
        in_integers: Callable[[bytes], bytes | None] | None = None,
        check: Callable[[Path, bytes], None] = check_pin,
    ) -> OnnxPadModel:
        """Load the detector of a card.

        Args:
            card_path: None takes the shipped one.
            threads: of one inference.
            in_integers: brings a graph to eight-bit arithmetic where that is known to be right,
                such as `ModelStore.in_integers`; None computes in float32.
            check: is given path and content of card and model first, such as `ModelLedger.check`.

        Raises:
            ModelMissingError: card or model cannot be read.
            ModelAlteredError: the model is not the one its card describes.
            ModelInvalidError: card or model make no sense.
        """
        path = shipped_pad_card() if card_path is None else card_path
        card = read_pad_card(path, check=check)
        content = read_carded_model(
            path.with_name(card.file),
            sha256=card.sha256,
            kind="detector",
            source="reinstall the package",
        )
        check(path.with_name(card.file), content)
        integers = None if in_integers is None else in_integers(content)
        return cls(card, _checked(open_either(content, integers, threads=threads), card))

    @property
    def card(self) -> PadCard:
        """What the detector is and what it is worth."""
        return self._card

    @property
    def name(self) -> str:
        return f"{self._card.name}/{self._card.version}"

    @property
    def threshold(self) -> float:
        return self._card.threshold

    @property
    def fingerprint(self) -> str:
        return self._card.fingerprint

    @property
    def shift_bounds(self) -> ShiftBounds:
        return self._card.shift_bounds

    @property
    def expected_log_odds(self) -> float | None:
        return self._card.expected_log_odds

    def score(
        self, image: Image, *, face: Box, before: BonaFideScore | None = None
    ) -> BonaFideScore:
        """Judge the presentation of the face in this frame with its surroundings.

        The crop is looked at in every second frame of a face: between two frames it hardly
        changes, and it costs as much as the surroundings, which are always looked at.
        """
        taken_over = before.crop_logit if before is not None and len(self._views) > 1 else None
        if taken_over is None:
            logits = self.logits(image, face=face)
        else:
            logits = self._run(image, face, (PadView.FULL_FRAME,))
            logits[PadView.TIGHT_CROP] = taken_over
        fused = sum(use.weight * logits[view] for view, use in self._views)
        crop = None if taken_over is not None else logits.get(PadView.TIGHT_CROP)
        return BonaFideScore(_sigmoid(fused), self.threshold, crop)

    def score_crop(self, image: Image) -> BonaFideScore:
        """Judge a face without surroundings, by the crop's view alone."""
        if PadView.TIGHT_CROP not in self._card.views:
            raise ModelInvalidError(
                f"The detector {self.name} has no view of a crop.",
                remedy="Give it full frames, or a detector whose card has the view tight_crop.",
            )
        whole = Box(0, 0, image.width_px, image.height_px)
        logit = self.logits(image, face=whole)[PadView.TIGHT_CROP]
        return BonaFideScore(_sigmoid(logit), CROP_THRESHOLD)

    def cues(self, image: Image, *, face: Box) -> tuple[CueScore, ...]:
        """Judge one frame by each view alone and by all together."""
        logits = self.logits(image, face=face)
        alone = [
            CueScore(cue, _sigmoid(logits[view]), _EVEN)
            for view, cue in _CUES.items()
            if view in logits
        ]
        fused = sum(use.weight * logits[view] for view, use in self._views)
        return (*alone, CueScore(PadCue.DETECTOR, _sigmoid(fused), self.threshold))

    def logits(self, image: Image, *, face: Box) -> dict[PadView, float]:
        """Return each view's calibrated logit; positive is bona fide."""
        return self._run(image, face, self._card.views)

    def pictures(self, image: Image, *, face: Box) -> NDArray[np.uint8]:
        """What the network is shown: (views, height, width, 3), in the order of the card."""
        return self._batch(image, face, self._card.views, channels=3)

    def _run(self, image: Image, face: Box, views: Collection[PadView]) -> dict[PadView, float]:
        batch = self._batch(image, face, views, channels=self._session.pixel_channels)
        found = self._session.run({"images": batch})
        outputs = dict(zip(self._session.output_names, found, strict=True))
        uses = self._card.views
        return {view: float(outputs[uses[view].output][i]) for i, view in enumerate(views)}

    def _batch(
        self, image: Image, face: Box, views: Collection[PadView], *, channels: int
    ) -> NDArray[np.uint8]:
        size = self._card.input
        batch = np.empty((len(views), size.height_px, size.width_px, channels), np.uint8)
        for place, view in zip(batch, views, strict=True):
            write_pixels(self._view(image, face, view), place, order=size.colour_order)
        return batch

    def _view(self, image: Image, face: Box, view: PadView) -> Image:
        size = self._card.input
        if view is PadView.TIGHT_CROP:
            image = cut(image, face.grown(self._card.views[view].box_scale))
        else:
            image = surroundings(image, face=face)
        small = stretch(image, width_px=size.width_px, height_px=size.height_px)
        return Image(small, image.order)


def _checked(session: Session, card: PadCard) -> Session:
    """The session after it has judged one black picture as its card says it can."""
    sides = card.input.height_px, card.input.width_px
    black = np.zeros((1, *sides, session.pixel_channels), np.uint8)
    try:
        found = dict(zip(session.output_names, session.run({"images": black}), strict=True))
        fits = all(found[use.output].shape == (1,) for use in card.views.values())
    except Exception:  # noqa: BLE001 - the runtime's errors share no narrower public root
        fits = False
    if not fits:
        raise ModelInvalidError(
            f"The detector {card.file} does not take or give what its card describes.",
            remedy="Train it again with 'countenance pad train'.",
        )
    return session


def _sigmoid(logit: float) -> float:
    # In this order what is no number stays none, and reaches no threshold.
    return 1 / (1 + math.exp(-max(min(logit, 60.0), -60.0)))
