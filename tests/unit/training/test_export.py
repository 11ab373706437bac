"""A detector is written whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest

from countenance.images.image import ColourOrder
from countenance.training import export
from countenance.training.cards import new_card
from countenance.training.errors import TrainingError
from countenance.training.export import write_detector
from countenance.training.graphs import GraphBuilder
from countenance.vision.backends.onnx.session import open_session
from countenance.vision.pad_card import PadCard, PadInput, PadView, ViewUse, read_pad_card


def tiny_model(bias: float = 0.0) -> onnx.ModelProto:
    """The mean of a picture less a bias, as a detector of face crops."""
    graph = GraphBuilder()
    images = graph.input("images", onnx.TensorProto.UINT8, ["n", 4, 4, 3])
    real = graph.add("Cast", [images], to=onnx.TensorProto.FLOAT)
    mean = graph.add("ReduceMean", [real, graph.constant(np.array([1, 2, 3]))], keepdims=0)
    graph.output("crop_logit", graph.add("Sub", [mean, graph.constant(np.float32(bias))]), ["n"])
    return graph.model("tiny")


def card() -> PadCard:
    return new_card(
        name="tiny",
        architecture="mean",
        input_=PadInput(4, 4, ColourOrder.RGB, 0, 1),
        views={PadView.TIGHT_CROP: ViewUse("crop_logit", 1.0)},
        threshold=0.5,
        provenance=("CC0-1.0", "made by a test", ""),
        data={},
        figures={},
    )


def test_the_card_describes_the_file_beside_it(tmp_path: Path) -> None:
    path = write_detector(tmp_path / "new" / "folder", tiny_model(), card())
    read = read_pad_card(path)
    content = path.with_name(read.file).read_bytes()
    assert read.sha256 == hashlib.sha256(content).hexdigest()
    assert sorted(p.name for p in path.parent.iterdir()) == ["tiny.json", "tiny.onnx"]


def test_a_failure_while_writing_leaves_the_older_pair_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_detector(tmp_path, tiny_model(), card())
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    write = export._write

    def full_disk(path: Path, content: bytes) -> None:
        if path.suffix == ".json":
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(export, "_write", full_disk)
    with pytest.raises(TrainingError, match="No space left") as caught:
        write_detector(tmp_path, tiny_model(1.0), card())
    assert "--output" in caught.value.remedy
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_an_output_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    with pytest.raises(TrainingError, match="cannot be written"):
        write_detector(tmp_path / "taken", tiny_model(), card())


def test_int8_kernels_restore_to_within_half_a_level() -> None:
    kernel = np.random.default_rng(0).normal(size=(6, 3, 1, 1)).astype(np.float32)
    kernel[2] = 0  # a dead channel must not divide by zero
    graph = GraphBuilder(quantise=True)
    value = graph.input("x", onnx.TensorProto.FLOAT, ["n", 3, 1, 1])
    graph.output("y", graph.add("Conv", [value, graph.weight(kernel)]), ["n", 6, 1, 1])
    eye = np.eye(3, dtype=np.float32)[:, :, None, None]
    restored = open_session(graph.model("q").SerializeToString()).run({"x": eye})[0]
    error = np.abs(restored[:, :, 0, 0].T - kernel[:, :, 0, 0])
    assert (error <= np.abs(kernel).max(axis=(1, 2, 3))[:, None] / 127 / 2 + 1e-6).all()
