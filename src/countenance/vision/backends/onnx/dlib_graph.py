"""Rebuild dlib's face network as an ONNX graph.

The network is a row of residual blocks. A block's input goes past two convolutions and is added to
their result; where a block halves the picture, the shortcut is a mean pool. dlib adds pictures of
different size and depth as if the smaller had zeros below, to the right and behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from countenance.vision.backends.onnx.dlib_weights import (
    Affine,
    Convolution,
    Dense,
    ImageInput,
    Layer,
    Pool,
    Rectifier,
    Sum,
    Window,
    read_layers,
)
from countenance.vision.errors import ModelInvalidError

Array = NDArray[Any]

INPUT: Final = "chip"
OUTPUT: Final = "embedding"
_OPSET: Final = 17
_IR_VERSION: Final = 8
_SCALE: Final = 256.0
"""dlib divides colours by this, whatever the network."""


def prepare_dlib(content: bytes) -> bytes:
    """Turn a face network of dlib into an ONNX file.

    Args:
        content: `dlib_face_recognition_resnet_model_v1.dat`, or a network of the same kind.

    Returns: a graph from `chip` (1, 3, height, width) float32 RGB 0..255 to `embedding`
        (1, d) float32, not normalised.
    Raises: ModelInvalidError: the content is no such network.
    """
    first, *others = read_layers(content)
    graph = _Graph(first)
    for layer in _folded(others):
        graph.append(layer)
    return graph.finish()


def _folded(layers: Iterable[Layer]) -> Iterator[Layer]:
    """The layers with each normalisation drawn into the convolution before it."""
    waiting: Convolution | None = None
    for layer in layers:
        if isinstance(layer, Affine):
            yield _fold(waiting, layer)
            waiting = None
            continue
        if waiting is not None:
            yield waiting
        waiting = layer if isinstance(layer, Convolution) else None
        if waiting is None:
            yield layer


def _fold(before: Convolution | None, affine: Affine) -> Convolution:
    if before is None or before.biases.shape != affine.gamma.shape:
        raise _strange("has a normalisation that follows no convolution of its size")
    gamma = affine.gamma.astype(np.float64)
    with np.errstate(over="ignore"):
        weights = (before.weights * gamma.reshape(-1, 1, 1, 1)).astype(np.float32)
        biases = (before.biases * gamma + affine.beta).astype(np.float32)
    if not (np.isfinite(weights).all() and np.isfinite(biases).all()):
        raise _strange("has a normalisation that leaves the range of its numbers")
    return Convolution(weights, biases, before.window)


@dataclass(frozen=True, slots=True)
class _Value:
    """What flows between two layers."""

    name: str
    channels: int
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width


class _Graph:
    """An ONNX graph that grows by one layer of dlib at a time."""

    def __init__(self, first: Layer) -> None:
        if not isinstance(first, ImageInput) or not 0 < first.height_px * first.width_px < 1 << 20:
            raise _strange("does not begin with an image")
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._image = _Value(INPUT, 3, first.height_px, first.width_px)
        self._current = self._image
        self._emit("Sub", [self._constant(np.reshape(first.mean_rgb, (1, 3, 1, 1)))])
        self._emit("Mul", [self._constant(np.array(1 / _SCALE))])
        self._entry = self._current
        """What the next shortcut carries past its block."""
        self._aside: _Value | None = None
        """The result of a block while its shortcut is being pooled."""
        self._is_block_done = False

    def append(self, layer: Layer) -> None:
        match layer:
            case Convolution():
                self._convolve(layer)
            case Rectifier():
                self._emit("Relu")
            case Pool(is_global=True):
                self._emit("GlobalAveragePool", shape=(self._current.channels, 1, 1))
            case Pool():
                self._pool(layer)
            case Sum():
                self._add_shortcut()
            case Dense():
                self._multiply(layer)
            case _:
                raise _strange("has two images")
        if isinstance(layer, Rectifier) and self._is_block_done:
            self._entry = self._current
        self._is_block_done = isinstance(layer, Sum)

    def finish(self) -> bytes:
        """The whole as an ONNX file."""
        graph = helper.make_graph(
            self._nodes,
            "dlib_face_recognition",
            [_described(INPUT, [1, *self._image.shape])],
            [_described(self._current.name, [1, self._current.channels])],
            self._constants,
        )
        opset = [helper.make_opsetid("", _OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION)
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))

    def _convolve(self, layer: Convolution) -> None:
        if layer.weights.shape[1] != self._current.channels:
            raise _strange("has a convolution for another number of channels")
        constants = [self._constant(layer.weights), self._constant(layer.biases)]
        self._emit(
            "Conv",
            constants,
            shape=_moved(self._current, layer.window, channels=len(layer.biases)),
            kernel_shape=layer.window.size,
            **_steps(layer.window),
        )

    def _pool(self, layer: Pool) -> None:
        if layer.is_mean:  # of a shortcut: the block's result waits for it
            if self._aside is not None:
                raise _strange("pools a shortcut twice")
            self._aside, self._current = self._current, self._entry
        window = layer.window
        self._emit(
            "AveragePool" if layer.is_mean else "MaxPool",
            shape=_moved(self._current, window, channels=self._current.channels),
            kernel_shape=window.size,
            **_steps(window),
        )
        if not layer.is_mean:
            self._entry = self._current

    def _add_shortcut(self) -> None:
        other = self._aside or self._entry
        self._aside = None
        shapes = zip(self._current.shape, other.shape, strict=True)
        wanted = tuple(max(pair) for pair in shapes)
        here, there = self._filled(self._current, wanted), self._filled(other, wanted)
        self._current = here
        self._emit("Add", [there.name], shape=here.shape)

    def _filled(self, value: _Value, wanted: tuple[int, ...]) -> _Value:
        """A picture with zeros after its end on every axis, until it has the wanted shape."""
        if value.shape == wanted:
            return value
        missing = [large - small for large, small in zip(wanted, value.shape, strict=True)]
        self._current = value
        ends = np.array([0, 0, 0, 0, 0, *missing], np.int64)
        self._emit("Pad", [self._constant(ends)], shape=wanted, mode="constant")
        return self._current

    def _multiply(self, layer: Dense) -> None:
        inputs, outputs = layer.weights.shape
        if self._current.shape != (inputs, 1, 1):
            raise _strange("has a last layer for another number of inputs")
        self._emit("Flatten")
        self._emit("MatMul", [self._constant(layer.weights)], shape=(outputs, 1, 1), name=OUTPUT)

    def _emit(
        self,
        kind: str,
        others: Sequence[str] = (),
        *,
        shape: tuple[int, ...] | None = None,
        name: str = "",
        **attributes: Any,
    ) -> None:
        """Add a node whose first input is the current value; its result becomes the current one."""
        name = name or f"{kind.lower()}_{len(self._nodes)}"
        inputs = [self._current.name, *others]
        self._nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        channels, height, width = shape or self._current.shape
        self._current = _Value(name, channels, height, width)

    def _constant(self, values: Array) -> str:
        name = f"constant_{len(self._constants)}"
        kept = values if values.dtype == np.int64 else values.astype(np.float32)
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(kept), name))
        return name


def _moved(value: _Value, window: Window, *, channels: int) -> tuple[int, int, int]:
    """The shape of what a window leaves, dlib rounding down as ONNX does."""
    sides = [
        (side + 2 * padding - size) // stride + 1
        for side, size, stride, padding in zip(
            value.shape[1:], window.size, window.stride, window.padding, strict=True
        )
    ]
    if min(sides) < 1:
        raise _strange("has a window that is larger than its picture")
    return channels, sides[0], sides[1]


def _steps(window: Window) -> dict[str, Any]:
    return {"strides": window.stride, "pads": window.padding * 2}


def _described(name: str, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _strange(how: str) -> ModelInvalidError:
    return ModelInvalidError(f"The network of dlib {how}.", remedy="Run: countenance models verify")
