"""The shipped detector with a second opinion: how they are mixed, and when they are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from countenance.errors import ConfigurationError
from countenance.geometry.boxes import Box
from countenance.images.image import Image
from countenance.settings import EngineSettings
from countenance.vision.backends.onnx.pad import shipped_pad_card
from countenance.vision.interfaces import CROP_THRESHOLD, BonaFideScore, CueReader, CueScore, PadCue
from countenance.vision.model_store import ModelStore
from countenance.vision.packs import shipped_pack
from countenance.vision.pad_card import read_pad_card
from countenance.vision.pad_fusion import (
    FUSION_PACK,
    FusedPadModel,
    Mixture,
    PadFusion,
    fusion_of,
    usable_fusion,
)

FRAME = Image(np.zeros((48, 64, 3), np.uint8))
FACE = Box(10, 10, 30, 30)
FUSION = PadFusion(
    detector_sha256="0" * 64,
    full_frame=Mixture(own=1.0, second=0.5, offset=0.25),
    tight_crop=Mixture(own=0.5, second=1.0, offset=0.0),
    threshold=0.6,
    figures={},
)


@dataclass
class Own:
    """A detector whose crop rests in every second frame, as the shipped one's does."""

    value: float = 0.5
    has_crop: bool = True
    name: str = "own/1"
    threshold: float = 0.5

    def score(
        self, image: Image, *, face: Box, before: BonaFideScore | None = None
    ) -> BonaFideScore:
        rests = before is not None and before.crop_logit is not None
        crop = 1.0 if self.has_crop and not rests else None
        return BonaFideScore(self.value, self.threshold, crop)

    def score_crop(self, image: Image) -> BonaFideScore:
        return BonaFideScore(self.value, CROP_THRESHOLD)


@dataclass
class Second:
    """Says what it is told, and remembers what it was asked."""

    says: float = 0.0
    name: str = "second/1"
    asked: list[Box] = field(default_factory=list)

    def log_odds(self, image: Image, *, face: Box) -> float:
        self.asked.append(face)
        return self.says


def log_odds(score: float) -> float:
    return float(np.log(score / (1 - score)))


def test_log_odds_are_mixed_and_judged_by_a_threshold_of_their_own() -> None:
    fused = FusedPadModel(Own(value=0.8), Second(says=-2.0), FUSION)
    found = fused.score(FRAME, face=FACE)
    assert log_odds(found.value) == pytest.approx(log_odds(0.8) + 0.5 * -2.0 + 0.25)
    assert (found.threshold, fused.threshold) == (0.6, 0.6)
    assert fused.name == "own/1+second/1"


@pytest.mark.parametrize("sure", [0.0, 1.0])
def test_a_detector_that_is_wholly_sure_is_still_outvoted_by_none_and_stays_finite(
    sure: float,
) -> None:
    found = FusedPadModel(Own(value=sure), Second(), FUSION).score(FRAME, face=FACE)
    assert 0 <= found.value <= 1
    assert found.is_bona_fide is bool(sure)


def test_what_is_no_number_is_refused() -> None:
    found = FusedPadModel(Own(), Second(says=float("nan")), FUSION).score(FRAME, face=FACE)
    assert not found.is_bona_fide


def test_a_crop_alone_is_shown_whole_and_judged_at_the_even_chance() -> None:
    second = Second(says=1.0)
    found = FusedPadModel(Own(value=0.5), second, FUSION).score_crop(FRAME)
    assert second.asked == [Box(0, 0, 64, 48)]
    assert log_odds(found.value) == pytest.approx(1.0)
    assert found.threshold == CROP_THRESHOLD


@pytest.mark.parametrize(
    ("has_crop", "asked"),
    [
        (True, [True, True, False, True, False, True, False]),  # in turn with the crop
        (False, [True, False, True, False, True, False, True]),
    ],
)
def test_the_second_opinion_is_asked_in_every_second_frame(
    has_crop: bool, asked: list[bool]
) -> None:
    second = Second()
    fused, before, seen = FusedPadModel(Own(has_crop=has_crop), second, FUSION), None, []
    for _ in asked:
        second.says += 1.0
        count = len(second.asked)
        found = fused.score(FRAME, face=FACE, before=before)
        seen.append(len(second.asked) > count)
        if not seen[-1]:  # what it said in the frame before still counts
            assert log_odds(found.value) == pytest.approx(0.5 * (second.says - 1) + 0.25)
        before = found
    assert seen == asked


def test_without_the_frame_before_it_is_asked_every_time() -> None:
    second = Second()
    fused = FusedPadModel(Own(), second, FUSION)
    for _ in range(3):
        fused.score(FRAME, face=FACE)
    assert len(second.asked) == 3


def test_the_pack_belongs_to_the_shipped_detector_and_says_what_both_are_worth() -> None:
    """A new detector needs new weights: tools/fit_pad_fusion.py."""
    fusion = fusion_of(shipped_pack(FUSION_PACK))
    assert fusion.detector_sha256 == read_pad_card(shipped_pad_card()).sha256
    assert 0 < fusion.threshold < 1
    assert fusion.full_frame.own > 0
    assert fusion.full_frame.second > 0
    assert fusion.figures["eer"] < fusion.figures["pair_alone"]["eer"]
    assert fusion.figures["n_bona_fide"] > 200


def test_it_is_used_only_when_all_of_it_is_there_and_beside_the_detector_it_was_fitted_with(
    tmp_path: Path,
) -> None:
    pack, store = shipped_pack(FUSION_PACK), ModelStore(tmp_path)
    digest = fusion_of(pack).detector_sha256
    assert usable_fusion(store, detector_sha256=digest) is None
    first, second = (tmp_path / card.file for card in pack.cards)
    first.write_bytes(b"any")
    assert usable_fusion(store, detector_sha256=digest) is None
    second.write_bytes(b"any")
    assert usable_fusion(store, detector_sha256=digest) == pack
    assert usable_fusion(store, detector_sha256="f" * 64) is None


def test_a_setting_that_is_neither_auto_nor_off_is_told() -> None:
    assert replace(EngineSettings(), pad_fusion="off").pad_fusion == "off"
    with pytest.raises(ConfigurationError, match="COUNTENANCE_ENGINE_PAD_FUSION is 'on'"):
        EngineSettings(pad_fusion="on")


@dataclass
class OwnWithCues(Own):
    """One that can tell its cues apart."""

    def cues(self, image: Image, *, face: Box) -> tuple[CueScore, ...]:
        return (
            CueScore(PadCue.WHOLE_FRAME, 0.9, 0.5),
            CueScore(PadCue.DETECTOR, self.value, self.threshold),
        )


@pytest.mark.parametrize("own", [Own(value=0.8), OwnWithCues(value=0.8)])
def test_the_fused_cue_is_the_score_of_the_same_frame(own: Own) -> None:
    fused = FusedPadModel(own, Second(says=-2.0), FUSION)
    told = {cue.cue: cue for cue in fused.cues(FRAME, face=FACE)}
    assert told[PadCue.FUSED].value == fused.score(FRAME, face=FACE).value
    assert told[PadCue.FUSED].threshold == FUSION.threshold
    assert told[PadCue.SECOND_OPINION].value == pytest.approx(1 / (1 + np.exp(2.0)))
    assert (PadCue.WHOLE_FRAME in told) is isinstance(own, OwnWithCues)
    assert isinstance(fused, CueReader)
