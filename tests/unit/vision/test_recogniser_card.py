"""A recogniser is loaded only as its card describes it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from countenance.training.graphs import GraphBuilder
from countenance.vision.backends.onnx.recogniser import OnnxRecogniser, drawn_input
from countenance.vision.errors import ModelAlteredError, ModelInvalidError, ModelMissingError
from countenance.vision.recogniser_card import (
    UNKNOWN,
    RecogniserCard,
    RecogniserInput,
    RecogniserView,
    read_recogniser_card,
)

PACK = "opencv-zoo/1"
CARD = RecogniserCard(
    name="team",
    backbone="embedding",
    file="recogniser.onnx",
    sha256="0" * 64,
    input=RecogniserInput(RecogniserView.EMBEDDING, pack=PACK),
    classes=("ada", "ben", UNKNOWN),
    threshold=0.7,
    threshold_data="nothing",
    licence="MIT",
    origin="drawn",
    attribution="none",
    data={"features": 4},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A graph whose probabilities are the softmax of the first three numbers, with its card."""
    onnx = pytest.importorskip("onnx")
    graph = GraphBuilder()
    value = graph.input("embeddings", onnx.TensorProto.FLOAT, ["n", 4])
    logits = graph.add("MatMul", [value, graph.constant(np.eye(4, 3, dtype=np.float32) * 9)])
    graph.output("probabilities", graph.add("Softmax", [logits], axis=1), ["n", 3])
    content = graph.model("x").SerializeToString()
    (tmp_path / "recogniser.onnx").write_bytes(content)
    powers = np.exp(9 * drawn_input(CARD, seed=1)[:3].astype(np.float64))
    golden = ({"seed": 1, "probabilities": (powers / powers.sum()).tolist()},)
    write(tmp_path, replace(CARD, sha256=hashlib.sha256(content).hexdigest(), golden=golden))
    return tmp_path


def write(folder: Path, card: RecogniserCard) -> Path:
    (folder / "recogniser.json").write_text(card.as_json())
    return folder / "recogniser.json"


def change(folder: Path, **values: Any) -> Path:
    path = folder / "recogniser.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
    return path


def test_a_card_reads_back_as_it_was(tmp_path: Path) -> None:
    assert read_recogniser_card(write(tmp_path, CARD)) == CARD
    face = replace(
        CARD,
        input=RecogniserInput(RecogniserView.FACE, side_px=224, box_scale=1.25),
        classes=("ada", "ben"),
    )
    found = read_recogniser_card(write(tmp_path, face))
    assert found == face
    assert (found.people, found.input.name) == (("ada", "ben"), "images")


def test_a_person_is_named_from_the_threshold_on(folder: Path) -> None:
    recogniser = OnnxRecogniser.load(folder / "recogniser.json", pack=PACK)
    assert recogniser.decide(np.array([0.1, 0.7, 0.2])).name == "ben"
    assert recogniser.decide(np.array([0.1, 0.69, 0.21])).name is None
    # However sure it is that this is nobody of the list.
    assert recogniser.decide(np.array([0.02, 0.03, 0.95])).name is None


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"format": "other/1"}, "format"),
        ({"file": "../recogniser.onnx"}, "plain name"),
        ({"threshold": 1.5}, "between 0 and 1"),
        ({"classes": ["ada", UNKNOWN]}, "at least two people"),
        ({"classes": ["ada", "ada", "ben"]}, "each once"),
        ({"classes": ["ada", "b\x1b[2J"]}, "cannot be printed"),
        ({"input": {"view": "embedding"}}, "whose embeddings"),
        ({"input": {"view": "face", "side_px": 0}}, "makes no sense"),
        ({"input": {"view": "voice"}}, "voice"),
        ({"threshold": None}, "not usable"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(
    values: dict[str, Any], told: str, folder: Path
) -> None:
    with pytest.raises(ModelInvalidError, match=told):
        read_recogniser_card(change(folder, **values))


def test_text_that_is_no_card_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "recogniser.json"
    with pytest.raises(ModelMissingError, match="cannot be read"):
        read_recogniser_card(path)
    for content in (b"", b"[]", b"\xff\xfe", b"{" * 100):
        path.write_bytes(content)
        with pytest.raises(ModelInvalidError, match="not usable"):
            read_recogniser_card(path)


def test_an_altered_or_missing_model_is_not_loaded(folder: Path) -> None:
    model = folder / "recogniser.onnx"
    model.write_bytes(model.read_bytes() + b"x")
    with pytest.raises(ModelAlteredError):
        OnnxRecogniser.load(folder / "recogniser.json", pack=PACK)
    model.unlink()
    with pytest.raises(ModelMissingError):
        OnnxRecogniser.load(folder / "recogniser.json", pack=PACK)


def test_embeddings_of_another_pack_ask_for_training_again(folder: Path) -> None:
    with pytest.raises(ModelInvalidError, match=r"opencv-zoo/1.*dlib/1.*faces train"):
        OnnxRecogniser.load(folder / "recogniser.json", pack="dlib/1")


def test_a_model_that_does_not_give_its_vectors_is_refused(folder: Path) -> None:
    wrong = [{"seed": 1, "probabilities": [0.2, 0.3, 0.5]}]
    with pytest.raises(ModelInvalidError, match="does not take or give"):
        OnnxRecogniser.load(change(folder, golden=wrong), pack=PACK)
    with pytest.raises(ModelInvalidError, match="does not take or give"):
        OnnxRecogniser.load(change(folder, data={"features": 5}), pack=PACK)
