"""A detector is written whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest

from countenance.images.image import ColourOrder
from countenance.training import work_folder as module
from countenance.training.cards import new_card
from countenance.training.errors import OtherRunError, TrainingError
from countenance.training.export import detector_files
from countenance.training.graphs import GraphBuilder
from countenance.training.work_folder import (
    finish,
    refuse_other_run,
    work_folder,
    work_path,
)
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
        expected_log_odds=2.5,
        provenance=("CC0-1.0", "made by a test", ""),
        data={},
        figures={},
    )


def test_the_card_describes_the_file_beside_it(tmp_path: Path) -> None:
    name, files = detector_files(tiny_model(), card())
    with work_folder(tmp_path / "new" / "folder", resume=False) as work:
        finish(work, tmp_path / "new" / "folder", files, mode=0o755)
    path = tmp_path / "new" / "folder" / name
    read = read_pad_card(path)
    content = path.with_name(read.file).read_bytes()
    assert read.expected_log_odds == 2.5
    assert read.sha256 == hashlib.sha256(content).hexdigest()
    assert sorted(p.name for p in path.parent.iterdir()) == ["tiny.json", "tiny.onnx"]
    assert [p.name for p in path.parent.parent.iterdir()] == ["folder"]


def test_a_failure_while_writing_leaves_nothing_but_the_run_to_go_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = module._write

    def full_disk(path: Path, content: bytes) -> None:
        if path.suffix == ".json":
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(module, "_write", full_disk)
    output = tmp_path / "detector"
    with (
        pytest.raises(TrainingError, match="No space left") as caught,
        work_folder(output, resume=False) as work,
    ):
        finish(work, output, detector_files(tiny_model(), card())[1])
    assert "--output" in caught.value.remedy
    assert not output.exists()


@pytest.mark.parametrize("name", ["file", "folder"])
def test_an_output_that_is_there_already_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    for taken in (tmp_path / "file", tmp_path / "folder" / "inside"):
        taken.write_text("x")
    with (
        pytest.raises(TrainingError, match="exists"),
        work_folder(tmp_path / name, resume=False),
    ):
        pass


def test_a_stopped_run_stays_when_it_is_resumed_as_another(tmp_path: Path) -> None:
    output, first = tmp_path / "detector", {"architecture": "a", "split": "s"}
    with pytest.raises(KeyboardInterrupt), work_folder(output, resume=False) as work:
        refuse_other_run(work, first)
        raise KeyboardInterrupt
    with (
        pytest.raises(OtherRunError, match="another architecture: a, not b") as caught,
        work_folder(output, resume=True) as work,
    ):
        refuse_other_run(work, {**first, "architecture": "b"})
    assert str(work_path(output)) in caught.value.remedy
    with work_folder(output, resume=True) as work:
        refuse_other_run(work, first)


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
