"""Rewrite a float32 graph so that its convolutions compute with eight-bit integers.

Kernels become int8 with a scale per output channel, activations uint8 with one scale per tensor,
sums stay int32. ONNX Runtime recognises the pairs of QuantizeLinear and DequantizeLinear written
here and runs integer operators in their place, which processors with dot product instructions
finish in less than half the time. The pixels go in as they are, uint8, with a fourth channel that
counts for nothing: the runtime's direct convolution takes channels by four, and what it does to
three costs more than twice the time of the first layer.

Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", CVPR 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from countenance.vision.backends.onnx.ranges import Range, Ranges, kernels_of
from countenance.vision.errors import ModelInvalidError

Array = NDArray[Any]

_ENTRY: Final = frozenset({"Cast", "Transpose", "Sub", "Mul"})
"""Operators that turn pixels into the input of the first convolution."""
_ON_LEVELS: Final = {"Relu": "Clip", "Flatten": "Flatten"}
"""Operators that need no real values, and what they are on levels."""
_BY_FOUR: Final = 4
"""Channels of a pixel as the integer graph takes it."""


def in_integers(model: bytes, *, ranges: Ranges) -> bytes:
    """The same network in eight-bit arithmetic.

    Args:
        model: an ONNX graph from three-channel pixels to float32, whose pixels are only scaled
            before the first convolution.
        ranges: of its activations; a convolution whose input has none stays float32.

    Returns: an ONNX graph from (n, height, width, 4) uint8 to the same outputs; whatever the fourth
        channel holds.
    Raises: ModelInvalidError: the graph is none, or the ranges are of another one.
    """
    try:
        proto = onnx.load_model_from_string(model)
        _check(proto.graph, ranges)
        content = _Rewriting(proto.graph, ranges.tensors).model(proto)
        onnx.checker.check_model(content)
    except ModelInvalidError:
        raise
    except Exception as error:  # protobuf and onnx share no narrower root
        raise ModelInvalidError(
            f"The model cannot be brought to integers: {type(error).__name__}.",
            remedy="Set COUNTENANCE_ENGINE_PRECISION to float32.",
        ) from error
    return bytes(content.SerializeToString(deterministic=True))


def _check(graph: onnx.GraphProto, ranges: Ranges) -> None:
    if not ranges.fit(kernels_of(graph)):
        raise ModelInvalidError("The activation ranges belong to another network.")


@dataclass(frozen=True, slots=True)
class _Levels:
    """A tensor of uint8 levels, by names of the new graph, and what a level is worth."""

    tensor: str
    scale: str
    zero: str
    step: np.float32


class _Rewriting:
    """One pass over a graph in its order; nodes and constants of the new one pile up."""

    def __init__(self, graph: onnx.GraphProto, ranges: Mapping[str, Range]) -> None:
        self._graph = graph
        self._ranges = ranges
        self._old = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, Array] = {}
        self._renamed: dict[str, str] = {}
        self._levels: dict[str, _Levels] = {}
        """Tensors that have integer values, by their old name."""
        self._kernels: dict[str, tuple[Array, NDArray[np.float32]]] = {}
        """Kernels that were int8 already: levels and scales."""

    def model(self, proto: onnx.ModelProto) -> onnx.ModelProto:
        source, entry, mean, factor = self._entry()
        self._shift = self._write_entry(source, entry, mean=mean, factor=factor)
        for node in self._graph.node:
            if node.output[0] not in self._renamed and node.output[0] not in entry:
                self._rewrite(node)
        nodes = _needed(self._nodes, {value.name for value in self._graph.output})
        used = {name for node in nodes for name in node.input}
        constants = {**self._old, **self._constants}
        graph = helper.make_graph(
            nodes,
            self._graph.name,
            [_pixels(source)],
            list(self._graph.output),
            [_tensor(name, value) for name, value in constants.items() if name in used],
        )
        opset = list(proto.opset_import)
        return helper.make_model(graph, opset_imports=opset, ir_version=proto.ir_version)

    def _entry(self) -> tuple[onnx.ValueInfoProto, list[str], float, float]:
        """The input, the tensors up to the first convolution, and ((x - mean) * factor)."""
        source = next(value for value in self._graph.input if value.name not in self._old)
        tensors, mean, factor = [source.name], 0.0, 1.0
        for node in self._graph.node:
            if node.op_type not in _ENTRY or node.input[0] != tensors[-1]:
                break
            if node.op_type == "Sub":
                mean += float(self._old[node.input[1]].item()) / factor
            elif node.op_type == "Mul":
                factor *= float(self._old[node.input[1]].item())
            tensors.append(node.output[0])
        return source, tensors, mean, factor

    def _write_entry(
        self, source: onnx.ValueInfoProto, entry: list[str], *, mean: float, factor: float
    ) -> float:
        """Pixels are integers already; what rounding their mean leaves goes into the bias."""
        zero = round(mean)
        planes = self._add("Transpose", [source.name], f"{source.name}/planes", perm=[0, 3, 1, 2])
        self._first = entry[-1]
        self._take(self._first, self._scaled(planes, np.float32(factor), np.uint8(zero)))
        return (zero - mean) * factor

    def _rewrite(self, node: onnx.NodeProto) -> None:
        if node.op_type == "DequantizeLinear" and node.input[0] in self._old:
            self._kernels[node.output[0]] = (self._old[node.input[0]], self._old[node.input[1]])
        elif node.op_type == "Conv" and node.input[0] in self._levels:
            self._convolve(node)
        elif node.op_type in _ON_LEVELS and self._stays_whole(node):
            self._follow(node)
        elif node.op_type == "Gemm":
            self._multiply(node)
        else:
            self._copy(node)
        if node.output[0] in self._ranges and node.output[0] not in self._levels:
            self._quantise(node.output[0])

    def _stays_whole(self, node: onnx.NodeProto) -> bool:
        is_output = any(value.name == node.output[0] for value in self._graph.output)
        return node.input[0] in self._levels and not is_output

    def _follow(self, node: onnx.NodeProto) -> None:
        """On levels as they are, so that nothing is rounded again: below zero is its level."""
        source, out = self._levels[node.input[0]], node.output[0]
        limits = [source.zero] if node.op_type == "Relu" else []
        tensor = self._add(_ON_LEVELS[node.op_type], [source.tensor, *limits], f"{out}/levels")
        self._take(out, replace(source, tensor=tensor))

    def _copy(self, node: onnx.NodeProto) -> None:
        kept = onnx.NodeProto()
        kept.CopyFrom(node)
        for index, name in enumerate(node.input):
            if name in self._kernels:
                kept.input[index] = self._int8(name, *self._kernels[name], axis=0)
            else:
                kept.input[index] = self._renamed.get(name, name)
        self._nodes.append(kept)

    def _convolve(self, node: onnx.NodeProto) -> None:
        levels, scale = self._kernel(node.input[1])
        if node.input[0] == self._first:
            unused = np.zeros((len(levels), _BY_FOUR - levels.shape[1], *levels.shape[2:]), np.int8)
            levels = np.concatenate([levels, unused], axis=1)
        inputs = [
            self._renamed[node.input[0]],
            self._int8(f"{node.output[0]}/kernel", levels, scale, axis=0),
        ]
        bias = self._bias(node, levels, scale)
        if bias is not None:
            step = (scale * self._levels[node.input[0]].step).astype(np.float32)
            whole = np.clip(np.rint(bias / step), -(2**31) + 1, 2**31 - 1).astype(np.int32)
            inputs.append(self._int8(f"{node.output[0]}/bias", whole, step, axis=0))
        written = onnx.NodeProto()
        written.CopyFrom(node)
        del written.input[:]
        written.input.extend(inputs)
        self._nodes.append(written)

    def _bias(self, node: onnx.NodeProto, levels: Array, scale: Array) -> Array | None:
        bias = self._old[node.input[2]].astype(np.float64) if len(node.input) > 2 else None
        if node.input[0] != self._first:
            return bias
        sums = levels.astype(np.float64).reshape(len(levels), -1).sum(axis=1) * scale
        return np.asarray(self._shift * sums + (0.0 if bias is None else bias))

    def _multiply(self, node: onnx.NodeProto) -> None:
        """A fully connected layer: its result is float32, its matrix a quarter as large."""
        source, bias, out = node.input[0], node.input[2], node.output[0]
        levels, scale = _rounded(self._old[node.input[1]])
        matrix = np.ascontiguousarray(levels.T)
        if source in self._levels:
            product = self._whole_product(self._levels[source], matrix, scale, name=out)
        else:
            real = self._int8(f"{out}/matrix", matrix, scale, axis=1)
            product = self._add("MatMul", [self._renamed.get(source, source), real], f"{out}/real")
        self._add("Add", [product, bias], out)

    def _whole_product(self, source: _Levels, matrix: Array, scale: Array, *, name: str) -> str:
        """Levels times levels; the runtime would round what goes in once more otherwise."""
        self._constants[f"{name}/matrix"] = matrix
        self._constants[f"{name}/step"] = (scale * source.step).astype(np.float32)
        inputs = [source.tensor, f"{name}/matrix", source.zero]
        whole = self._add("MatMulInteger", inputs, f"{name}/whole")
        real = self._add("Cast", [whole], f"{name}/cast", to=onnx.TensorProto.FLOAT)
        return self._add("Mul", [real, f"{name}/step"], f"{name}/product")

    def _kernel(self, name: str) -> tuple[Array, NDArray[np.float32]]:
        return self._kernels[name] if name in self._kernels else _rounded(self._old[name])

    def _quantise(self, name: str) -> None:
        step, zero = self._ranges[name].as_levels()
        levels = self._scaled(f"{name}/levels", step, zero)
        self._add("QuantizeLinear", [name, levels.scale, levels.zero], levels.tensor)
        self._take(name, levels)

    def _scaled(self, tensor: str, step: np.float32, zero: np.uint8) -> _Levels:
        scale_name, zero_name = f"{tensor}/scale", f"{tensor}/zero"
        self._constants[scale_name], self._constants[zero_name] = np.array(step), np.array(zero)
        return _Levels(tensor, scale_name, zero_name, step)

    def _take(self, name: str, levels: _Levels) -> None:
        """From here on these levels stand for a tensor of the old graph."""
        self._levels[name] = levels
        inputs = [levels.tensor, levels.scale, levels.zero]
        self._renamed[name] = self._add("DequantizeLinear", inputs, f"{name}/rounded")

    def _int8(self, name: str, levels: Array, scale: Array, *, axis: int) -> str:
        self._constants[f"{name}/levels"] = levels
        self._constants[f"{name}/scale"] = scale
        self._constants[f"{name}/zero"] = np.zeros(scale.shape, levels.dtype)
        inputs = [f"{name}/{part}" for part in ("levels", "scale", "zero")]
        return self._add("DequantizeLinear", inputs, f"{name}/real", axis=axis)

    def _add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output


def _needed(nodes: list[onnx.NodeProto], outputs: set[str]) -> list[onnx.NodeProto]:
    """The nodes, in order, that something of the outputs depends on."""
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if not wanted.isdisjoint(node.output):
            wanted.update(node.input)
            kept.append(node)
    return kept[::-1]


def _rounded(weight: Array) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Levels -127..127 and a scale per output channel, the first axis."""
    flat = weight.reshape(len(weight), -1)
    scale = np.maximum(np.abs(flat).max(axis=1) / 127, 1e-12).astype(np.float32)
    levels = np.clip(np.rint(flat / scale[:, None]), -127, 127).astype(np.int8)
    return levels.reshape(weight.shape), scale


def _pixels(source: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    sizes = [axis.dim_value for axis in source.type.tensor_type.shape.dim]
    height, width = sizes[1:3] if sizes[-1] == 3 else sizes[2:4]
    return helper.make_tensor_value_info(
        source.name, onnx.TensorProto.UINT8, ["n", height, width, _BY_FOUR]
    )


def _tensor(name: str, value: Array) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(value, order="C"), name)
