"""Our graph of MiniFASNet against plain numpy, the publisher's crop, and files that are none."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from countenance.geometry.boxes import Box
from countenance.images.image import ColourOrder, Image
from countenance.vision.backends.onnx.minifasnet import (
    MiniFasNet,
    MiniFasNetPair,
    cut_surroundings,
    drawn_crop,
)
from countenance.vision.backends.onnx.minifasnet_graph import prepare_minifasnet
from countenance.vision.backends.onnx.session import open_session
from countenance.vision.cards import ModelCard, shipped_card
from countenance.vision.errors import ModelAlteredError, ModelInvalidError
from countenance.vision.model_store import ModelStore
from tests.fixtures.minifasnet_files import reference, tensors
from tests.fixtures.torchvision_weights import Tensors, write_checkpoint

CROP = drawn_crop("test")


def checkpoint(folder: Path, values: Tensors) -> bytes:
    return write_checkpoint(folder / "net.pth", values).read_bytes()


@pytest.mark.parametrize("weighs_channels", [False, True])
def test_the_graph_computes_what_its_layers_say(weighs_channels: bool, tmp_path: Path) -> None:
    values = tensors(weighs_channels=weighs_channels)
    graph = prepare_minifasnet(checkpoint(tmp_path, values))
    found = MiniFasNet(open_session(graph), 2.7).logits(CROP)
    expected = reference(values, CROP.pixels)
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def changed(name: str, shape: tuple[int, ...] | None) -> Tensors:
    values = tensors(weighs_channels=False)
    if shape is None:
        del values[name]
    else:
        values[name] = np.ones(shape, np.float32)
    return values


@pytest.mark.parametrize(
    ("name", "shape", "told"),
    [
        ("module.conv1.conv.weight", None, "no tensor conv1.conv.weight"),
        ("module.conv1.conv.weight", (32, 4, 3, 3), "another number of channels in conv1"),
        ("module.conv1.conv.weight", (32, 27), "no kernel in conv1"),
        ("module.conv_3.model.2.project.bn.bias", (63,), "bn.bias of"),
        ("module.linear.weight", (128, 511), "no matrix for 512 numbers"),
        ("module.prob.weight", (4, 128), "knows 4 classes"),
        ("module.conv_7.conv.weight", (1,), "conv_7.conv.weight, which belongs to no layer"),
    ],
)
def test_the_checkpoint_of_another_network_is_refused(
    name: str, shape: tuple[int, ...] | None, told: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelInvalidError, match=told):
        prepare_minifasnet(checkpoint(tmp_path, changed(name, shape)))


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04" + bytes(40)])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(ModelInvalidError):
        prepare_minifasnet(content)


# The frame is 640 x 480. Each case: face, scale, first and last column and row of the crop.
@pytest.mark.parametrize(
    ("face", "scale", "columns", "rows"),
    [
        (Box(300, 200, 340, 260), 2.7, (266, 374), (149, 311)),
        (Box(10, 200, 50, 260), 2.7, (0, 108), (149, 311)),  # pushed in from the left
        (Box(600, 440, 640, 480), 2.7, (531, 639), (371, 479)),  # and from right and below
        (Box(200, 100, 400, 400), 4.0, (140, 459), (0, 479)),  # as high as the frame, no higher
        (Box(-80, -60, 20, 40), 2.0, (0, 200), (0, 200)),
        (Box(700, 500, 740, 540), 1.0, (599, 639), (439, 479)),  # past the frame: its corner
    ],
)
def test_the_crop_grows_around_the_face_and_stays_inside_the_frame(
    face: Box, scale: float, columns: tuple[int, int], rows: tuple[int, int]
) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (480, 640, 3)).astype(np.uint8)
    part = noise[rows[0] : rows[1] + 1, columns[0] : columns[1] + 1]
    expected = cv2.resize(part, (80, 80), interpolation=cv2.INTER_LINEAR)
    found = cut_surroundings(Image(noise), face=face, scale=scale)
    np.testing.assert_array_equal(found.pixels, expected)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (3, 2)])
def test_the_smallest_pictures_give_a_crop(size: tuple[int, int]) -> None:
    image = Image(np.full((*size, 3), 9, np.uint8))
    whole = Box(0, 0, image.width_px, image.height_px)
    assert (cut_surroundings(image, face=whole, scale=2.7).pixels == 9).all()


@pytest.fixture
def card(tmp_path: Path) -> ModelCard:
    """Of a network of drawn numbers that lies beside it."""
    content = checkpoint(tmp_path, tensors(weighs_channels=False))
    logits = MiniFasNet(open_session(prepare_minifasnet(content)), 2.7).logits(drawn_crop("a"))
    return dataclasses.replace(
        shipped_card("minifasnet-v2"),
        file="net.pth",
        folder=tmp_path,
        sha256=hashlib.sha256(content).hexdigest(),
        parameters={
            "box_scale": 2.7,
            "golden": [{"seed": "a", "logits": [float(v) for v in logits]}],
        },
    )


def test_a_pair_is_the_mean_of_its_probabilities_in_any_colour_order(
    card: ModelCard, tmp_path: Path
) -> None:
    store = ModelStore(tmp_path / "home")
    wide = dataclasses.replace(card, parameters={**card.parameters, "box_scale": 4.0})
    one, other, pair = (
        MiniFasNetPair.load(store, cards, name="net/1") for cards in ([card], [wide], [card, wide])
    )
    frame = Image(np.random.default_rng(5).integers(0, 256, (480, 640, 3)).astype(np.uint8))
    face = Box(200, 100, 320, 260)
    shares = [1 / (1 + np.exp(-net.log_odds(frame, face=face))) for net in (one, other)]
    together = pair.log_odds(frame, face=face)
    assert 1 / (1 + np.exp(-together)) == pytest.approx(np.mean(shares), abs=2e-6)
    assert pair.log_odds(frame.to(ColourOrder.RGB), face=face) == pytest.approx(together)
    assert pair.name == "net/1"


def test_a_network_that_gives_other_numbers_than_its_card_is_not_used(
    card: ModelCard, tmp_path: Path
) -> None:
    golden = [{"seed": "b", "logits": card.parameters["golden"][0]["logits"]}]
    other = dataclasses.replace(card, parameters={**card.parameters, "golden": golden})
    with pytest.raises(ModelInvalidError, match="does not compute here what its card says"):
        MiniFasNetPair.load(ModelStore(tmp_path / "home"), [other], name="net/1")


def test_an_altered_checkpoint_is_not_used(card: ModelCard, tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelAlteredError) as caught:
        MiniFasNetPair.load(ModelStore(tmp_path / "home"), [card], name="net/1")
    assert "countenance models install minifasnet" in caught.value.remedy


@pytest.mark.parametrize("name", ["minifasnet-v2", "minifasnet-v1se"])
def test_the_shipped_cards_pin_vectors_and_the_width_that_the_file_is_named_by(name: str) -> None:
    card = shipped_card(name)
    assert card.file.startswith(str(card.parameters["box_scale"]).replace(".0", "_0_0"))
    assert len(card.parameters["golden"]) == 2
    assert all(len(vector["logits"]) == 3 for vector in card.parameters["golden"])
    assert json.dumps(card.parameters["classes"]) == '["attack", "bona_fide", "attack"]'
