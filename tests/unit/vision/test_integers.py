"""Graphs in eight-bit arithmetic compute what the float32 ones do, to within their steps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from countenance.vision.backends.onnx.integers import in_integers
from countenance.vision.backends.onnx.ranges import (
    FOLDER,
    Range,
    Ranges,
    kernels_of,
    ranges_for,
    read_ranges,
)
from countenance.vision.backends.onnx.session import open_either, open_session
from countenance.vision.errors import ModelInvalidError

RNG = np.random.default_rng(5)
KERNELS = {
    "k1": RNG.normal(0, 0.3, (8, 3, 3, 3)).astype(np.float32),
    "b1": RNG.normal(0, 0.3, 8).astype(np.float32),
    "k2": RNG.normal(0, 0.3, (8, 1, 3, 3)).astype(np.float32),
    "k3": RNG.normal(0, 0.3, (4, 8, 1, 1)).astype(np.float32),
    "b3": RNG.normal(0, 0.3, 4).astype(np.float32),
    "m": RNG.normal(0, 0.1, (5, 4 * 16 * 16)).astype(np.float32),
    "bm": RNG.normal(0, 0.1, 5).astype(np.float32),
}
TENSORS = {"v1": Range(0, 6), "v2": Range(-20, 20), "v3": Range(-40, 40)}


def network(*, mean: float = 127.5, rectifies: bool = False) -> bytes:
    """Scaled pixels, a limited, a depthwise and a pointwise convolution, a full connection.

    Args: rectifies: put a rectifier of levels before the full connection.
    """
    constants: dict[str, NDArray[Any]] = {
        **KERNELS,
        "mean": np.array([mean], np.float32),
        "step": np.array([1 / 64], np.float32),
        "low": np.array(0, np.float32),
        "high": np.array(6, np.float32),
    }
    nodes = [
        helper.make_node("Sub", ["data", "mean"], ["centred"]),
        helper.make_node("Mul", ["centred", "step"], ["scaled"]),
        helper.make_node("Conv", ["scaled", "k1", "b1"], ["c1"], pads=[1, 1, 1, 1]),
        helper.make_node("Clip", ["c1", "low", "high"], ["v1"]),
        helper.make_node("Conv", ["v1", "k2"], ["v2"], pads=[1, 1, 1, 1], group=8),
        helper.make_node("Conv", ["v2", "k3", "b3"], ["v3"]),
        *([helper.make_node("Relu", ["v3"], ["v4"])] if rectifies else []),
        helper.make_node("Flatten", ["v4" if rectifies else "v3"], ["flat"]),
        helper.make_node("Gemm", ["flat", "m", "bm"], ["out"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["n", 3, 16, 16])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 5])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString()


def by_four(pixels: NDArray[np.uint8], *, fourth: int = 255) -> NDArray[np.uint8]:
    """Pixels as the integer graph takes them."""
    unused = np.full((*pixels.shape[:-1], 1), fourth, np.uint8)
    return np.concatenate([pixels, unused], axis=-1)


def ranges_of(model: bytes) -> Ranges:
    return Ranges(TENSORS, kernels_of(onnx.load_model_from_string(model).graph))


@pytest.mark.parametrize("mean", [0.0, 127.5, 127.0])
def test_integers_give_what_float32_gives_to_within_a_few_steps(mean: float) -> None:
    model = network(mean=mean)
    graph = in_integers(model, ranges=ranges_of(model))
    exact, fast = open_session(model), open_either(model, graph, threads=1)
    pixels = RNG.integers(0, 256, (20, 16, 16, 3)).astype(np.uint8)
    rows = [
        (
            exact.run({"data": one.transpose(2, 0, 1)[None].astype(np.float32)})[0][0],
            fast.run({"data": by_four(one[None])})[0][0],
        )
        for one in pixels
    ]
    expected, found = (np.stack(column) for column in zip(*rows, strict=True))
    assert np.corrcoef(expected.ravel(), found.ravel())[0, 1] > 0.99
    assert np.abs(found - expected).max() < 0.15 * np.abs(expected).max()


def test_only_the_integer_graph_takes_pixels_as_they_are() -> None:
    model = network()
    graph = in_integers(model, ranges=ranges_of(model))
    assert not open_session(model).takes_pixels
    assert open_either(model, graph, threads=1).takes_pixels
    assert not open_either(model, None, threads=1).takes_pixels
    assert open_either(model, graph, threads=1).pixel_channels == 4


@pytest.mark.parametrize("mean", [0.0, 127.5])
def test_the_fourth_channel_of_a_pixel_counts_for_nothing(mean: float) -> None:
    model = network(mean=mean)
    session = open_either(model, in_integers(model, ranges=ranges_of(model)), threads=1)
    pixels = RNG.integers(0, 256, (1, 16, 16, 3)).astype(np.uint8)
    found = [session.run({"data": by_four(pixels, fourth=level)})[0] for level in (0, 127, 255)]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_a_rectifier_and_a_full_connection_stay_on_levels() -> None:
    model = network(rectifies=True)
    graph = in_integers(model, ranges=ranges_of(model))
    kinds = [node.op_type for node in onnx.load_model_from_string(graph).graph.node]
    assert "Relu" not in kinds
    assert "MatMulInteger" in kinds
    # Everything that is brought to levels: three convolutions, and not the rectifier once more.
    assert kinds.count("QuantizeLinear") == len(TENSORS)
    exact, fast = open_session(model), open_either(model, graph, threads=1)
    pixels = RNG.integers(0, 256, (20, 16, 16, 3)).astype(np.uint8)
    planes = pixels.transpose(0, 3, 1, 2).astype(np.float32)
    expected = exact.run({"data": planes})[0]
    found = fast.run({"data": by_four(pixels)})[0]
    assert np.corrcoef(expected.ravel(), found.ravel())[0, 1] > 0.99
    assert np.abs(found - expected).max() < 0.15 * np.abs(expected).max()


def test_the_integer_graph_is_the_same_every_time_and_smaller() -> None:
    model = network()
    first, second = (in_integers(model, ranges=ranges_of(model)) for _ in range(2))
    assert first == second
    weights = {
        tensor.data_type
        for tensor in onnx.load_model_from_string(first).graph.initializer
        if tensor.name.endswith("kernel/levels")
    }
    assert weights == {TensorProto.INT8}


def test_ranges_of_another_network_are_refused() -> None:
    model, other = network(), Ranges(TENSORS, (0.1, 0.1, 0.1))
    with pytest.raises(ModelInvalidError, match="another network"):
        in_integers(model, ranges=other)


@pytest.mark.parametrize("content", [b"noise", b"\x00" * 40])
def test_bytes_that_are_no_graph_are_refused(content: bytes) -> None:
    with pytest.raises(ModelInvalidError):
        in_integers(content, ranges=Ranges(TENSORS, (1.0,)))


def test_ranges_are_found_by_the_kernels_that_they_were_measured_with(tmp_path: Path) -> None:
    model = network()
    kernels = kernels_of(onnx.load_model_from_string(model).graph)
    content = {"kernels": kernels, "tensors": {"v1": [0, 6]}}
    (tmp_path / "mine.json").write_text(json.dumps(content))
    (tmp_path / "a-other.json").write_text(
        json.dumps({"kernels": [2 * value for value in kernels], "tensors": {}})
    )
    found = ranges_for(model, folder=tmp_path)
    assert found is not None
    assert found.tensors == {"v1": Range(0.0, 6.0)}
    (tmp_path / "mine.json").unlink()
    assert ranges_for(model, folder=tmp_path) is None


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"kernels": []}', '{"kernels": [1], "tensors": {"v": [1, 2]}}', '{"tensors": 3}'],
)
def test_a_damaged_file_of_ranges_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "ranges.json"
    path.write_text(content)
    with pytest.raises(ModelInvalidError, match=r"ranges\.json"):
        read_ranges(path)


def test_a_range_without_zero_cannot_be_written_in_levels() -> None:
    step, zero = Range(-1.0, 4.1).as_levels()
    assert (round(float(step), 4), int(zero)) == (0.02, 50)
    with pytest.raises(ValueError, match="leaves zero out"):
        Range(0.5, 1.0)


def test_the_shipped_ranges_can_be_read() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {"lite0", "sface"}
    for path in FOLDER.glob("*.json"):
        assert read_ranges(path).tensors
