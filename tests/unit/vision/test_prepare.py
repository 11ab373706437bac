from __future__ import annotations

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from countenance.vision.backends.onnx.prepare import prepare
from countenance.vision.backends.onnx.session import open_session
from countenance.vision.errors import ModelInvalidError

RNG = np.random.default_rng(11)


def floats(*shape: int) -> NDArray[np.float32]:
    return RNG.normal(size=shape).astype(np.float32)


def model_of(
    nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray], *, listed: bool = False
) -> bytes:
    """A graph from `x` (1, 4, 6, 6) to `y`; `listed` names its weights as inputs too."""
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 6, 6])]
    if listed:
        inputs += [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
            )
            for name, value in constants.items()
        ]
    graph = helper.make_graph(
        nodes,
        "test",
        inputs,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = [helper.make_opsetid("", 21)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()


def run(model: bytes, x: NDArray[np.float32]) -> NDArray[np.float32]:
    return open_session(model).run({"x": x})[0]


def kinds(model: bytes) -> list[str]:
    return [node.op_type for node in onnx.load_model_from_string(model).graph.node]


@pytest.mark.parametrize("largest_slope", [0.3, 1.0, 1.7])
def test_slopes_written_out_compute_what_prelu_does(largest_slope: float) -> None:
    slopes = np.linspace(-0.2, largest_slope, 4, dtype=np.float32).reshape(4, 1, 1)
    model = model_of([helper.make_node("PRelu", ["x", "a"], ["y"])], {"a": slopes})
    prepared, x = prepare(model), floats(1, 4, 6, 6)
    assert "PRelu" not in kinds(prepared)
    assert kinds(prepared).count("Conv") == (1 if largest_slope <= 1 else 2)
    np.testing.assert_allclose(run(prepared, x), np.where(x > 0, x, x * slopes), atol=1e-6)


@pytest.mark.parametrize("groups", [1, 6])
@pytest.mark.parametrize("is_read_twice", [False, True])
def test_steep_slopes_between_convolutions_are_turned_about(
    groups: int, is_read_twice: bool
) -> None:
    constants = {
        "w": floats(6, 4, 3, 3),
        "wb": floats(6),
        "a": np.linspace(-0.3, 1.6, 6, dtype=np.float32).reshape(6, 1, 1),
        "v": floats(6, 6 // groups, 1, 1),
        "vb": floats(6),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w", "wb"], ["c"]),
        helper.make_node("PRelu", ["c", "a"], ["p"]),
        helper.make_node("Conv", ["p", "v", "vb"], ["d"], group=groups),
        # A sum with what was before the slopes leaves no sign free.
        helper.make_node("Add", ["d", "c" if is_read_twice else "d"], ["y"]),
    ]
    model, x = model_of(nodes, constants), floats(1, 4, 6, 6)
    prepared = prepare(model)
    assert kinds(prepared).count("Conv") == (4 if is_read_twice else 3)
    np.testing.assert_allclose(run(prepared, x), run(model, x), atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "axis", "block"),
    [
        ((8, 4, 1, 1), 1, 4),
        ((8, 4, 1, 1), 1, 3),  # the last block is cut short
        ((8, 4, 1, 1), 0, 0),  # one scale per output channel
    ],
)
def test_quantised_weights_are_expanded_as_onnx_defines_it(
    shape: tuple[int, ...], axis: int, block: int
) -> None:
    quantised = RNG.integers(-128, 128, shape).astype(np.int8)
    blocks = -(-shape[axis] // block) if block else shape[axis]
    scale_shape = [blocks if i == axis else n for i, n in enumerate(shape)] if block else [blocks]
    scales = RNG.uniform(0.01, 0.1, scale_shape).astype(np.float32)
    zeros = RNG.integers(-5, 5, scale_shape).astype(np.int8)
    dequantise = helper.make_node(
        "DequantizeLinear", ["q", "s", "z"], ["w"], axis=axis, block_size=block
    )
    model = model_of(
        [dequantise, helper.make_node("Conv", ["x", "w"], ["y"])],
        {"q": quantised, "s": scales, "z": zeros},
        listed=True,
    )
    if block:
        spread = [np.repeat(v, block, axis)[tuple(map(slice, shape))] for v in (scales, zeros)]
    else:
        spread = [v.reshape(-1, 1, 1, 1) for v in (scales, zeros)]
    weights = (quantised.astype(np.float32) - spread[1]) * spread[0]
    x, prepared = floats(1, 4, 6, 6), prepare(model)
    assert kinds(prepared) == ["Conv"]
    assert [v.name for v in onnx.load_model_from_string(prepared).graph.input] == ["x"]
    expected = np.einsum("oi,nihw->nohw", weights[:, :, 0, 0], x)
    np.testing.assert_allclose(run(prepared, x), expected, atol=1e-4)


def test_a_normalisation_is_folded_into_the_convolution_before_it() -> None:
    names = ("gamma", "beta", "mean")
    constants = {name: floats(8) for name in names} | {
        "variance": RNG.uniform(0.5, 2, 8).astype(np.float32),
        "w": floats(8, 4, 3, 3),
        "ratio": np.array(0.5, np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Dropout", ["c", "ratio"], ["d"]),
        helper.make_node("BatchNormalization", ["d", *names, "variance"], ["y"], epsilon=1e-3),
    ]
    model, x = model_of(nodes, constants), floats(1, 4, 6, 6)
    prepared = prepare(model)
    assert kinds(prepared) == ["Conv"]
    np.testing.assert_allclose(run(prepared, x), run(model, x), atol=1e-4)


def test_a_normalisation_of_a_shared_convolution_is_left_in_place() -> None:
    names = ("gamma", "beta", "mean", "variance")
    constants = {name: np.abs(floats(4)) for name in names} | {"w": floats(4, 4, 1, 1)}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("BatchNormalization", ["c", *names], ["n"]),
        helper.make_node("Add", ["c", "n"], ["y"]),
    ]
    model, x = model_of(nodes, constants), floats(1, 4, 6, 6)
    np.testing.assert_allclose(run(prepare(model), x), run(model, x), atol=1e-5)


def test_a_convolutional_graph_takes_any_size_afterwards() -> None:
    model = model_of([helper.make_node("Conv", ["x", "w"], ["y"])], {"w": floats(2, 4, 1, 1)})
    assert run(prepare(model), floats(1, 4, 9, 13)).shape == (1, 2, 9, 13)


def test_preparing_twice_gives_the_same_bytes() -> None:
    model = model_of([helper.make_node("PRelu", ["x", "a"], ["y"])], {"a": floats(4, 1, 1)})
    assert prepare(model) == prepare(model)


@pytest.mark.parametrize("content", [b"", b"not a model", bytes(1000)])
def test_bytes_that_are_no_model_are_refused(content: bytes) -> None:
    with pytest.raises(ModelInvalidError):
        prepare(content)


def test_the_runtime_refuses_noise_with_an_error_of_ours() -> None:
    with pytest.raises(ModelInvalidError, match="cannot be run"):
        open_session(b"noise")


def test_heads_over_one_input_are_joined_and_give_what_they_gave_alone() -> None:
    constants = {"w": floats(8, 4, 1, 1), "wb": floats(8)}
    nodes = [helper.make_node("Conv", ["x", "w", "wb"], ["c"])]
    for name, channels in (("p", 1), ("q", 4)):
        constants |= {
            f"{name}1": floats(channels, 8, 1, 1),
            f"{name}2": floats(channels),
            f"{name}3": floats(channels, 1, 3, 3),
            f"{name}4": floats(channels),
        }
        before, after = [f"{name}{i}" for i in (1, 2)], [f"{name}{i}" for i in (3, 4)]
        nodes += [
            helper.make_node("Conv", ["c", *before], [f"{name}m"]),
            helper.make_node(
                "Conv", [f"{name}m", *after], [f"{name}o"], group=channels, pads=[1, 1, 1, 1]
            ),
        ]
    nodes.append(helper.make_node("Concat", ["po", "qo"], ["y"], axis=1))
    model, x = model_of(nodes, constants), floats(1, 4, 6, 6)
    prepared = prepare(model)
    assert kinds(prepared) == ["Conv", "Conv", "Conv", "Split", "Concat"]
    np.testing.assert_allclose(run(prepared, x), run(model, x), atol=1e-5)


def test_a_normalisation_before_a_full_connection_is_folded_into_it() -> None:
    names = ("gamma", "beta", "mean")
    constants = {name: floats(4) for name in names} | {
        "variance": RNG.uniform(0.5, 2, 4).astype(np.float32),
        "w": floats(8, 4 * 36),
        "b": floats(8),
        "axes": np.array([2, 3], np.int64),
    }
    nodes = [
        helper.make_node("BatchNormalization", ["x", *names, "variance"], ["n"], epsilon=1e-3),
        helper.make_node("Flatten", ["n"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "b"], ["g"], transB=1),
        helper.make_node("Unsqueeze", ["g", "axes"], ["y"]),
    ]
    model, x = model_of(nodes, constants), floats(1, 4, 6, 6)
    prepared = prepare(model)
    assert kinds(prepared) == ["Flatten", "Gemm", "Unsqueeze"]
    np.testing.assert_allclose(run(prepared, x), run(model, x), atol=1e-4)
