"""The detector that comes with the package, as the product loads and runs it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from countenance.geometry.boxes import Box
from countenance.images.codec import read_image
from countenance.images.image import ColourOrder, Image
from countenance.training.golden import public_pictures
from countenance.vision.backends.onnx.pad import OnnxPadModel, shipped_pad_card
from countenance.vision.engine import open_recognition
from countenance.vision.errors import ModelAlteredError, ModelInvalidError, ModelMissingError
from countenance.vision.pad_card import PadView

PICTURES = dict(public_pictures())
FRAMES = 10
"""Consecutive bona fide frames that a login asks for."""


@pytest.fixture(scope="module")
def detector() -> OnnxPadModel:
    return OnnxPadModel.load()


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """Card and model copied out of the package; path of the card."""
    card = shipped_pad_card()
    for path in (card, card.with_suffix(".onnx")):
        shutil.copyfile(path, tmp_path / path.name)
    return tmp_path / card.name


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_golden_vectors_pin_the_preprocessing(detector: OnnxPadModel, name: str) -> None:
    vector = next(v for v in detector.card.golden if v["picture"] == name)
    image = read_image(PICTURES[name])
    logits = detector.logits(image, face=Box(*vector["box_xyxy"]))
    # JPEG decoders may differ by a grey level; a wrong colour order differs by more than 0.1.
    assert logits == pytest.approx({PadView(k): v for k, v in vector["logits"].items()}, abs=0.05)


def test_the_colour_order_of_an_image_does_not_matter_and_that_of_its_pixels_does(
    detector: OnnxPadModel,
) -> None:
    image, face = read_image(PICTURES["skimage/data/astronaut.png"]), Box(178, 63, 268, 176)
    right = detector.logits(image, face=face)
    assert detector.logits(image.to(ColourOrder.RGB), face=face) == pytest.approx(right, abs=1e-4)
    mixed_up = Image(image.pixels, ColourOrder.RGB)
    wrong = detector.logits(mixed_up, face=face)
    assert max(abs(wrong[view] - right[view]) for view in right) > 0.1


@pytest.mark.parametrize(
    "face", [Box(-50, -50, 20, 20), Box(600, 400, 900, 700), Box(1000, 1000, 1010, 1010)]
)
def test_a_face_at_or_past_the_edge_is_still_judged(detector: OnnxPadModel, face: Box) -> None:
    image = Image(np.random.default_rng(0).integers(0, 256, (480, 640, 3)).astype(np.uint8))
    assert 0 <= detector.score(image, face=face).value <= 1


def test_bars_beside_a_picture_change_nothing(detector: OnnxPadModel) -> None:
    """A portrait video in a landscape frame is judged as what it is, not by its black bars."""
    pixels, face = read_image(PICTURES["skimage/data/astronaut.png"]).pixels, (178, 63, 268, 176)
    barred = Image(np.pad(pixels, ((0, 0), (86, 86), (0, 0))))
    moved = Box(face[0] + 86, face[1], face[2] + 86, face[3])
    plain = detector.logits(Image(pixels), face=Box(*face))
    assert detector.logits(barred, face=moved) == pytest.approx(plain, abs=1e-4)


def test_both_files_fit_the_package() -> None:
    card = shipped_pad_card()
    assert card.with_suffix(".onnx").stat().st_size <= 6_000_000


@pytest.mark.parametrize("at", [0, 1_000_000, -1])
def test_a_model_with_one_byte_flipped_is_not_loaded(pair: Path, at: int) -> None:
    model = pair.with_suffix(".onnx")
    content = bytearray(model.read_bytes())
    content[at] ^= 1
    model.write_bytes(content)
    with pytest.raises(ModelAlteredError) as caught:
        OnnxPadModel.load(pair)
    assert caught.value.remedy


def test_a_missing_model_is_told(pair: Path) -> None:
    pair.with_suffix(".onnx").unlink()
    with pytest.raises(ModelMissingError, match="cannot be read"):
        OnnxPadModel.load(pair)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("input", {"width_px": 225}),
        ("views", {"full_frame": {"output": "no_such", "weight": 1}}),
    ],
)
def test_a_card_that_does_not_fit_its_model_is_refused(
    pair: Path, part: str, change: dict[str, object]
) -> None:
    values = json.loads(pair.read_text(encoding="utf-8"))
    values[part] = {**values[part], **change} if part == "input" else change
    pair.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(ModelInvalidError, match="does not take or give"):
        OnnxPadModel.load(pair)


CLIPS = [
    ("liveness/clips/Apfol_real.webm", True),
    ("liveness/clips/Krzysiek354_real.mp4", True),
    ("liveness/clips/tranvanluyt2203_real.mp4", True),
    ("video/lp_d3.mp4", True),  # of no source that the detector was trained with
    ("video/lp_d9.mp4", True),  # the same
    ("video/lp_d10.mp4", True),  # the same
    ("liveness/clips/Apfol_fake.webm", False),
    ("liveness/clips/Manikantha-M_fake.mp4", False),
    ("liveness/clips/adarshk28_fake.mp4", False),
    ("liveness/clips/lestari15_fake.mp4", False),
    ("liveness/clips/tranvanluyt2203_fake.mp4", False),
]


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "is_bona_fide"), CLIPS)
def test_ten_frames_in_a_row_come_from_live_clips_and_not_from_replays(
    shared_data: Path, detector: OnnxPadModel, tmp_path: Path, name: str, is_bona_fide: bool
) -> None:
    """Most clips are of sources that trained the detector: this guards the wiring, not the skill.

    The skill is in the card: every figure there is of sources held out.
    """
    faces, _, _ = open_recognition(tmp_path)
    judged = []
    for image in _ten_per_second(shared_data / name, count=30):
        found = faces.detect(image, max_side_px=320)
        judged.append(bool(found) and detector.score(image, face=found[0].box).is_bona_fide)
    assert (_longest_run(judged) >= FRAMES) is is_bona_fide


def _ten_per_second(path: Path, *, count: int) -> list[Image]:
    video = cv2.VideoCapture(str(path))
    every = max(1, round((video.get(cv2.CAP_PROP_FPS) or 30) / 10))
    images: list[Image] = []
    for index in range(count * every):
        done, pixels = video.read()
        if not done:
            break
        if index % every == 0:
            factor = 640 / max(pixels.shape[:2])
            if factor < 1:
                pixels = cv2.resize(pixels, None, fx=factor, fy=factor)
            images.append(Image(np.asarray(pixels, np.uint8)))
    video.release()
    return images


def _longest_run(judged: list[bool]) -> int:
    best = run = 0
    for is_bona_fide in judged:
        run = run + 1 if is_bona_fide else 0
        best = max(best, run)
    return best
