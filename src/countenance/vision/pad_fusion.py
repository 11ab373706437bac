"""Two passive detectors as one: the one in use and a second opinion from an installed pack.

They were trained on other data and fail on other attacks. Their log-odds are mixed with weights
that were found on development data, by scores of pictures whose source the first detector had not
seen; so the weights belong to that detector alone, and the pack names it by its digest.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, Protocol

from countenance.geometry.boxes import Box
from countenance.images.image import Image
from countenance.pad.calibration import NO_SHIFT, ShiftBounds
from countenance.vision.interfaces import (
    CROP_THRESHOLD,
    BonaFideScore,
    CueReader,
    CueScore,
    PadCue,
    PadModel,
)
from countenance.vision.model_store import ModelStore, Place
from countenance.vision.packs import Pack, shipped_pack
from countenance.vision.pad_card import read_bounds

FUSION_PACK: Final = "minifasnet"
_EVEN: Final = 0.5
_LEAST: Final = 1e-9
"""Scores nearer to 0 or 1 count as this."""


class SecondOpinionState(Enum):
    """How it stands with the pack that gives a second opinion."""

    USED = auto()
    MISSING = auto()
    """It would fit, and is not installed or not whole."""
    OFF = auto()
    """COUNTENANCE_ENGINE_PAD_FUSION says so."""
    UNFIT = auto()
    """Its weights belong to another detector than the one in use."""


class SecondOpinion(Protocol):
    """Another passive detector, for the face with its surroundings."""

    @property
    def name(self) -> str:
        """Name and version."""

    def log_odds(self, image: Image, *, face: Box) -> float:
        """Log-odds of bona fide, not calibrated; positive is bona fide."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """How two log-odds become calibrated ones."""

    own: float
    """Weight of the detector in use."""
    second: float
    """Weight of the second opinion."""
    offset: float

    def score(self, own: float, second: float) -> float:
        """0..1, higher is surer of a bona fide presentation; NaN where one of them is."""
        mixed = self.own * own + self.second * second + self.offset
        # In this order what is no number stays none, and reaches no threshold.
        return 1 / (1 + math.exp(-max(min(mixed, 60.0), -60.0)))


@dataclass(frozen=True, slots=True)
class PadFusion:
    """What a pack says of how its networks and a detector go together."""

    detector_sha256: str
    """Of the model file that the weights were found with."""
    full_frame: Mixture
    tight_crop: Mixture
    """Of a face without surroundings; its scores have `CROP_THRESHOLD`."""
    threshold: float
    """Bona fide at or above; full frames."""
    figures: Mapping[str, Any]
    """Measured on sources held out."""
    expected_log_odds: float | None = None
    """As on a detector's card, of the mixed score of full frames."""
    shift_bounds: ShiftBounds = NO_SHIFT
    """As on a detector's card."""


def fusion_of(pack: Pack) -> PadFusion:
    """How the networks of a pack are mixed with the shipped detector."""
    values = pack.parameters["pad_fusion"]
    return PadFusion(
        detector_sha256=str(values["detector_sha256"]),
        full_frame=Mixture(**values["full_frame"]),
        tight_crop=Mixture(**values["tight_crop"]),
        threshold=float(values["threshold"]),
        figures=values["figures"],
        expected_log_odds=values.get("expected_log_odds"),
        shift_bounds=read_bounds(values.get("shift_bounds", {})),
    )


def usable_fusion(store: ModelStore, *, detector_sha256: str) -> Pack | None:
    """The pack to be fused with a detector; None when it is not installed whole or not for it."""
    pack = shipped_pack(FUSION_PACK)
    fits = fusion_of(pack).detector_sha256 == detector_sha256
    return pack if fits and is_installed(pack, store) else None


def second_opinion_state(
    store: ModelStore, *, detector_sha256: str, is_on: bool
) -> SecondOpinionState:
    """How it stands in an installation; the files are not read.

    Args:
        store: of the installation.
        detector_sha256: of the detector in use.
        is_on: whether the settings want it.
    """
    if not is_on:
        return SecondOpinionState.OFF
    pack = shipped_pack(FUSION_PACK)
    if fusion_of(pack).detector_sha256 != detector_sha256:
        return SecondOpinionState.UNFIT
    is_there = is_installed(pack, store)
    return SecondOpinionState.USED if is_there else SecondOpinionState.MISSING


def is_installed(pack: Pack, store: ModelStore) -> bool:
    """Whether every file of a pack is there; does not look into them."""
    return all(store.place(card) is not Place.MISSING for card in pack.cards)


class FusedPadModel:
    """Both detectors; implements `vision.interfaces.PadModel`. Safe to share by threads."""

    def __init__(self, own: PadModel, second: SecondOpinion, fusion: PadFusion) -> None:
        self._own = own
        self._second = second
        self._fusion = fusion

    @property
    def name(self) -> str:
        return f"{self._own.name}+{self._second.name}"

    @property
    def threshold(self) -> float:
        return self._fusion.threshold

    @property
    def fingerprint(self) -> str:
        return fused_fingerprint(self._own.fingerprint, self._second.name, self._fusion)

    @property
    def shift_bounds(self) -> ShiftBounds:
        return self._fusion.shift_bounds

    @property
    def expected_log_odds(self) -> float | None:
        return self._fusion.expected_log_odds

    def score(
        self, image: Image, *, face: Box, before: BonaFideScore | None = None
    ) -> BonaFideScore:
        """Judge the presentation of the face in this frame with its surroundings.

        The second opinion is asked in every second frame of a face, in turn with the crop of the
        first detector, so that no frame takes much longer than another.
        """
        own = self._own.score(image, face=face, before=before)
        taken_over = _second_of(before)
        second = taken_over
        if second is None:
            second = self._second.log_odds(image, face=face)
        value = self._fusion.full_frame.score(_log_odds(own.value), second)
        fresh = second if taken_over is None else None
        return BonaFideScore(value, self.threshold, own.crop_logit, fresh)

    def score_crop(self, image: Image) -> BonaFideScore:
        """Judge a face without surroundings; the second opinion takes the picture as it is."""
        own = self._own.score_crop(image)
        second = self._second.log_odds(image, face=Box(0, 0, image.width_px, image.height_px))
        value = self._fusion.tight_crop.score(_log_odds(own.value), second)
        return BonaFideScore(value, CROP_THRESHOLD)

    def cues(self, image: Image, *, face: Box) -> tuple[CueScore, ...]:
        """Judge one frame by each cue of the first detector, by the second, and by both."""
        own = self._own.cues(image, face=face) if isinstance(self._own, CueReader) else ()
        odds = self._second.log_odds(image, face=face)
        second = CueScore(PadCue.SECOND_OPINION, _probability(odds), _EVEN)
        detector = next((cue.value for cue in own if cue.cue is PadCue.DETECTOR), None)
        if detector is None:
            detector = self._own.score(image, face=face).value
        value = self._fusion.full_frame.score(_log_odds(detector), odds)
        return (*own, second, CueScore(PadCue.FUSED, value, self.threshold))


def fused_fingerprint(own: str, second: str, fusion: PadFusion) -> str:
    """The `PadModel.fingerprint` of both together.

    Args:
        own: fingerprint of the detector.
        second: name and version of the second opinion.
        fusion: how they are mixed.
    """
    return hashlib.sha256(repr((own, second, fusion.full_frame)).encode()).hexdigest()


def _second_of(before: BonaFideScore | None) -> float | None:
    """The second opinion of the frame before, unless the crop was looked at then: it rests now."""
    return before.second_logit if before is not None and before.crop_logit is None else None


def _log_odds(score: float) -> float:
    kept = min(max(score, _LEAST), 1 - _LEAST)
    return math.log(kept / (1 - kept))


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(min(log_odds, 60.0), -60.0)))
