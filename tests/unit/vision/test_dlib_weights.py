from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.vision.backends.onnx.dlib_graph import INPUT, prepare_dlib
from countenance.vision.backends.onnx.dlib_weights import (
    Affine,
    Convolution,
    Dense,
    ImageInput,
    Pool,
    Rectifier,
    Sum,
    read_layers,
)
from countenance.vision.backends.onnx.session import open_session
from countenance.vision.errors import ModelInvalidError
from tests.fixtures.dlib_files import (
    ADD,
    RELU,
    SIDE_PX,
    START,
    affine,
    convolution,
    dense,
    image,
    integers,
    named,
    pool,
    small_network,
    tensor,
)

NETWORK = small_network()
ONES = np.ones(4, np.float32)
KERNEL = np.ones((4, 3, 5, 5), np.float32)
FIRST = START + image() + convolution(KERNEL, ONES)


def test_layers_are_read_in_order_with_their_sizes() -> None:
    layers = read_layers(NETWORK)
    block = [Convolution, Affine, Rectifier, Convolution, Affine]
    expected = [ImageInput, Convolution, Affine, Rectifier, Pool]
    expected += [*block, Sum, Rectifier, *block, Pool, Sum, Rectifier, Pool, Dense]
    assert [type(layer) for layer in layers] == expected
    first, convolution = layers[0], layers[1]
    assert isinstance(first, ImageInput)
    assert first.mean_rgb == pytest.approx((122.782, 117.001, 104.298))
    assert isinstance(convolution, Convolution)
    assert convolution.weights.shape == (4, 3, 5, 5)
    assert convolution.window.stride == (2, 2)


def by_hand(pixels: np.ndarray) -> np.ndarray:
    """The small network in plain numpy, layer by layer."""
    layers = list(read_layers(NETWORK)[1:])
    x = (pixels - np.array([122.782, 117.001, 104.298]).reshape(3, 1, 1)) / 256
    entry, aside, after_sum = x, None, False
    for layer in layers:
        is_sum = isinstance(layer, Sum)
        match layer:
            case Convolution():
                x = convolve(x, layer)
            case Affine():
                x = x * layer.gamma.reshape(-1, 1, 1) + layer.beta.reshape(-1, 1, 1)
            case Rectifier():
                x = np.maximum(x, 0)
                entry = x if after_sum else entry
            case Pool() if layer.is_global:
                x = x.mean((1, 2), keepdims=True)
            case Pool():
                aside = x if layer.is_mean else aside
                x = slide(entry if layer.is_mean else x, layer)
                entry = entry if layer.is_mean else x
            case Sum():
                other = entry if aside is None else aside
                total = np.zeros(np.maximum(x.shape, other.shape))
                for part in (x, other):
                    total[tuple(map(slice, part.shape))] += part
                x, aside = total, None
            case Dense():
                return x.ravel() @ layer.weights
        after_sum = is_sum
    raise AssertionError("the last layer is missing")


def convolve(x: np.ndarray, layer: Convolution) -> np.ndarray:
    pad, step = layer.window.padding[0], layer.window.stride[0]
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    views = np.lib.stride_tricks.sliding_window_view(padded, layer.window.size, (1, 2))
    views = views[:, ::step, ::step]
    return np.einsum("ihwkl,oikl->ohw", views, layer.weights) + layer.biases.reshape(-1, 1, 1)


def slide(x: np.ndarray, layer: Pool) -> np.ndarray:
    views = np.lib.stride_tricks.sliding_window_view(x, layer.window.size, (1, 2))
    views = views[:, :: layer.window.stride[0], :: layer.window.stride[1]]
    return views.mean((3, 4)) if layer.is_mean else views.max((3, 4))


def test_the_graph_computes_what_the_layers_say() -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (3, SIDE_PX, SIDE_PX)).astype(np.float32)
    (found,) = open_session(prepare_dlib(NETWORK)).run({INPUT: pixels[None]})
    np.testing.assert_allclose(found[0], by_hand(pixels), atol=1e-4, rtol=1e-4)


def test_preparing_twice_gives_the_same_bytes() -> None:
    assert prepare_dlib(NETWORK) == prepare_dlib(NETWORK)


@pytest.mark.parametrize("content", [b"", b"not a network", bytes(100_000), START, START + image()])
def test_foreign_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ModelInvalidError, match="dlib"):
        prepare_dlib(content)


@given(st.integers(0, len(NETWORK) - 1))
def test_a_file_that_is_cut_short_anywhere_is_refused(length: int) -> None:
    cut = NETWORK[:length]
    if read_ends_with_dense(cut):
        return  # only what dlib writes behind the last layer is missing
    with pytest.raises(ModelInvalidError):
        read_layers(cut)


def read_ends_with_dense(content: bytes) -> bool:
    tail = len(NETWORK) - NETWORK.rfind(b"fc_2") - len("fc_2") - len(integers(5, 6))
    return len(content) >= len(NETWORK) - tail + len(tensor(np.zeros((6, 5), np.float32),
                                                            sizes=(6, 5, 1, 1)))  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, len(NETWORK) - 1), st.integers(0, 255)), max_size=8))
def test_altered_bytes_give_a_network_or_an_error_of_ours(
    changes: list[tuple[int, int]],
) -> None:
    content = bytearray(NETWORK)
    for place, value in changes:
        content[place] = value
    try:
        layers = read_layers(bytes(content))
    except ModelInvalidError:
        return
    held = sum(
        array.nbytes
        for layer in layers
        for array in vars_of(layer)
        if isinstance(array, np.ndarray)
    )
    assert held <= len(content)  # nothing is made of a size that is only claimed
    try:
        prepare_dlib(bytes(content))
    except ModelInvalidError:
        return


def vars_of(layer: object) -> list[object]:
    return [getattr(layer, name) for name in getattr(type(layer), "__slots__", ())]


@given(st.binary(max_size=400))
def test_noise_behind_a_right_beginning_is_refused(noise: bytes) -> None:
    with pytest.raises(ModelInvalidError):
        read_layers(START + image() + noise)


HUGE = integers(2, 1 << 20, 1 << 20, 1 << 20, 1 << 20)


@pytest.mark.parametrize(
    "content",
    [
        START + image() + named("con_4", HUGE),
        START + image() + named("con_4", integers(2, -1, 1, 1, 1)),
        START + image() + named("con_4", b"\x09" + bytes(9)),  # an integer of nine bytes
        START + image() + named("fc_2", integers(1 << 20, 1 << 20), HUGE),
        START + image() + convolution(KERNEL, ONES, stride=0) + dense(KERNEL.reshape(4, -1)),
        FIRST + affine(ONES[:3], ONES[:3]) + dense(np.ones((4, 2), np.float32)),
        FIRST + pool("max", size=99, stride=1) + dense(np.ones((4, 2), np.float32)),
        FIRST + dense(np.ones((7, 2), np.float32)),
        FIRST + convolution(KERNEL, ONES) + dense(np.ones((4, 2), np.float32)),
        FIRST + pool("avg", size=2, stride=2) * 2 + dense(np.ones((4, 2), np.float32)),
        START + image(1 << 19) + RELU + dense(np.ones((3, 2), np.float32)),
        START + RELU + ADD + dense(np.ones((3, 2), np.float32)),
        START + image() + image() + dense(np.ones((3, 2), np.float32)),
        START + image() + convolution(KERNEL * np.nan, ONES) + dense(ONES.reshape(4, 1)),
        START + image() + convolution(KERNEL * 1e38, ONES) + affine(ONES * 1e38, ONES)
        + dense(ONES.reshape(4, 1)),
    ],
)  # fmt: skip
def test_sizes_that_make_no_sense_are_refused(content: bytes) -> None:
    with pytest.raises(ModelInvalidError):
        prepare_dlib(content)
