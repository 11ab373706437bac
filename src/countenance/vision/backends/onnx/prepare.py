"""Rewrite the OpenCV Zoo graphs so that ONNX Runtime takes them and runs them fast.

As published, the weights are block-quantised int8 that every run would expand again, SFace lists
them as inputs (which ONNX Runtime refuses) and spends most of its time in `PRelu`. Everything
constant is folded here, once. The only home of `onnx`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from countenance.vision.errors import ModelInvalidError

Array = NDArray[Any]

_SPLIT_BY_INPUT: Final = 13
"""Opset since which Split takes its sizes as it is written here."""


def prepare(model: bytes) -> bytes:
    """Fold constants, normalisations and slopes; free the height and width of the input.

    Args:
        model: an ONNX file, as published.

    Returns: an ONNX file that computes the same to within float32 rounding.
    Raises: ModelInvalidError: the bytes are no ONNX model.
    """
    try:
        proto = onnx.load_model_from_string(model)
        graph = _Graph(proto.graph)
        graph.fold_constants()
        graph.drop_dropout()
        graph.fold_normalisations()
        graph.fold_normalisation_ahead()
        graph.write_slopes_out()
        if _opset(proto) >= _SPLIT_BY_INPUT:
            graph.join_heads()
        graph.store()
        _free_sizes(proto.graph)
        onnx.checker.check_model(proto)
    except ModelInvalidError:
        raise
    except Exception as error:  # protobuf and onnx share no narrower root
        raise ModelInvalidError(
            f"The model cannot be prepared: {type(error).__name__}.",
            remedy="Install the package that carries it again.",
        ) from error
    return bytes(proto.SerializeToString(deterministic=True))


class _Graph:
    """A graph whose constants are numpy arrays while it is rewritten."""

    def __init__(self, proto: onnx.GraphProto) -> None:
        self.proto = proto
        self.nodes: list[onnx.NodeProto] = list(proto.node)
        self.constants: dict[str, Array] = {
            tensor.name: numpy_helper.to_array(tensor) for tensor in proto.initializer
        }

    def fold_constants(self) -> None:
        kept = []
        for node in self.nodes:
            fold = _FOLDS.get(node.op_type)
            is_constant = all(name in self.constants for name in node.input if name)
            if fold is None or not is_constant:
                kept.append(node)
                continue
            values = [self.constants[name] for name in node.input if name]
            self.constants[node.output[0]] = fold(node, values)
        self.nodes = kept

    def drop_dropout(self) -> None:
        for node in [node for node in self.nodes if node.op_type == "Dropout"]:
            self.nodes.remove(node)
            self._rename_uses(node.output[0], node.input[0])

    def fold_normalisations(self) -> None:
        for node in [node for node in self.nodes if node.op_type == "BatchNormalization"]:
            before = self._only_source(node.input[0])
            if before is None or before.op_type not in ("Conv", "Gemm"):
                continue
            self._fold_into(before, node)
            self.nodes.remove(node)
            before.output[0] = node.output[0]

    def _fold_into(self, before: onnx.NodeProto, normalisation: onnx.NodeProto) -> None:
        factor, shift = self._factor_and_shift(normalisation)
        if before.op_type == "Gemm" and not _attribute(before, "transB", 0):
            raise ModelInvalidError("The model has a layer that cannot be folded.")
        weight = self.constants[before.input[1]].astype(np.float64)
        bias = self.constants[before.input[2]].astype(np.float64) if len(before.input) > 2 else 0.0
        scaled = weight * factor.reshape(-1, *[1] * (weight.ndim - 1))
        name = normalisation.output[0]
        self._replace_weights(before, scaled, bias * factor + shift, name=name)

    def _factor_and_shift(self, normalisation: onnx.NodeProto) -> tuple[Array, Array]:
        """Per channel, float64: a normalisation computes factor x + shift."""
        gamma, beta, mean, variance = (
            self.constants[name].astype(np.float64) for name in normalisation.input[1:5]
        )
        factor = gamma / np.sqrt(variance + float(_attribute(normalisation, "epsilon", 1e-5)))
        return factor, beta - mean * factor

    def _replace_weights(
        self, layer: onnx.NodeProto, weight: Array, bias: Array, *, name: str
    ) -> None:
        self.constants[f"{name}/weight"] = weight.astype(np.float32)
        self.constants[f"{name}/bias"] = bias.astype(np.float32)
        del layer.input[1:]
        layer.input.extend([f"{name}/weight", f"{name}/bias"])

    def fold_normalisation_ahead(self) -> None:
        """A normalisation of planes into the fully connected layer after it."""
        for node in [node for node in self.nodes if node.op_type == "BatchNormalization"]:
            flatten = self._only_use(node.output[0], "Flatten")
            gemm = flatten and self._only_use(flatten.output[0], "Gemm")
            if flatten is None or gemm is None or not _attribute(gemm, "transB", 0):
                continue
            self._fold_ahead(node, gemm)
            self.nodes.remove(node)
            flatten.input[0] = node.input[0]

    def _fold_ahead(self, normalisation: onnx.NodeProto, gemm: onnx.NodeProto) -> None:
        factor, shift = self._factor_and_shift(normalisation)
        weight = self.constants[gemm.input[1]].astype(np.float64)
        planes = weight.reshape(len(weight), len(factor), -1)
        bias = self.constants[gemm.input[2]] + (planes.sum(axis=2) * shift).sum(axis=1)
        scaled = (planes * factor[:, None]).reshape(weight.shape)
        self._replace_weights(gemm, scaled, bias, name=gemm.output[0])

    def write_slopes_out(self) -> None:
        """`PRelu` as operators that ONNX Runtime keeps in its blocked layout and runs fast."""
        rewritten: list[onnx.NodeProto] = []
        for node in self.nodes:
            rewritten.extend(self._slope_nodes(node) if self._has_slopes(node) else [node])
        self.nodes = rewritten

    def _has_slopes(self, node: onnx.NodeProto) -> bool:
        if node.op_type != "PRelu" or node.input[1] not in self.constants:
            return False
        shape = self.constants[node.input[1]].shape
        return len(shape) == 3 and shape[1:] == (1, 1)

    def _slope_nodes(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        source, out = node.input[0], node.output[0]
        slope = self.constants[node.input[1]].reshape(-1)
        scaled, positive, bent = f"{out}/scaled", f"{out}/positive", f"{out}/bent"
        if float(slope.max()) <= 1.0 or self._turn(node, steep=slope > 1.0):
            # x + relu((a - 1) x) is x above zero and a x below it, exactly while a <= 1; where
            # a > 1 it is a x above zero and x below it, which is the same turned about.
            return [
                self._per_channel(source, slope - 1, scaled),
                helper.make_node("Relu", [scaled], [bent]),
                helper.make_node("Add", [source, bent], [out]),
            ]
        return [
            helper.make_node("Relu", [source], [positive]),
            self._per_channel(positive, 1 - slope, bent),
            self._per_channel(source, slope, scaled),
            helper.make_node("Add", [scaled, bent], [out]),
        ]

    def _turn(self, node: onnx.NodeProto, *, steep: Array) -> bool:
        """Give the steep channels the other sign, from the layer before to the layers after.

        Returns: False, and nothing is changed, where other layers than these are involved.
        """
        before = self._only_source(node.input[0])
        uses = [other for other in self.nodes if node.output[0] in other.input]
        if any(value.name == node.output[0] for value in self.proto.output):
            return False
        if before is None or not all(map(self._is_plain, [before, *uses])):
            return False
        sign = np.where(steep, -1, 1).astype(np.float32)
        weight, bias = (self.constants[name] for name in before.input[1:])
        self._replace_weights(
            before, weight * _along(sign, 0), bias * sign, name=f"{node.output[0]}/before"
        )
        for index, layer in enumerate(uses):
            weight, bias = (self.constants[name] for name in layer.input[1:])
            # A layer of each channel alone has them on its first axis.
            axis = 1 if _attribute(layer, "group", 1) == 1 else 0
            name = f"{node.output[0]}/after{index}"
            self._replace_weights(layer, weight * _along(sign, axis), bias, name=name)
        return True

    def _is_plain(self, layer: onnx.NodeProto) -> bool:
        """A convolution with a bias, of all channels or of each alone."""
        if layer.op_type != "Conv" or not self._has_constants(layer):
            return False
        weight, groups = self.constants[layer.input[1]], _attribute(layer, "group", 1)
        return bool(groups == 1 or (groups == len(weight) and weight.shape[1] == 1))

    def _per_channel(self, source: str, factor: Array, out: str) -> onnx.NodeProto:
        """A product per channel, as a convolution: those are what the blocked layout knows."""
        self.constants[f"{out}/factor"] = factor.reshape(-1, 1, 1, 1).astype(np.float32)
        inputs = [source, f"{out}/factor"]
        return helper.make_node("Conv", inputs, [out], group=len(factor), kernel_shape=[1, 1])

    def join_heads(self) -> None:
        """Heads of few channels over one input as one: the runtime computes 8 or 16 at once."""
        heads: dict[str, list[tuple[onnx.NodeProto, onnx.NodeProto]]] = {}
        for node in self.nodes:
            ahead = self._only_use(node.output[0], "Conv") if self._is_pointwise(node) else None
            if ahead is not None and self._is_depthwise(ahead, len(self.constants[node.input[1]])):
                heads.setdefault(node.input[0], []).append((node, ahead))
        for pairs in heads.values():
            shapes = {self.constants[ahead.input[1]].shape[1:] for _, ahead in pairs}
            if len(pairs) > 1 and len(shapes) == 1:
                self._join(pairs)

    def _is_pointwise(self, node: onnx.NodeProto) -> bool:
        if node.op_type != "Conv" or not self._has_constants(node):
            return False
        return (
            self.constants[node.input[1]].shape[2:] == (1, 1) and _attribute(node, "group", 1) == 1
        )

    def _is_depthwise(self, node: onnx.NodeProto, channels: int) -> bool:
        """With padding that keeps the size, as the heads of a detector have it."""
        if not self._has_constants(node) or _attribute(node, "group", 1) != channels:
            return False
        edge = self.constants[node.input[1]].shape[2]
        pads = list(_attribute(node, "pads", [0, 0, 0, 0]))
        return pads == [edge // 2] * 4 and set(_attribute(node, "strides", [1, 1])) == {1}

    def _has_constants(self, node: onnx.NodeProto) -> bool:
        return len(node.input) == 3 and all(name in self.constants for name in node.input[1:])

    def _join(self, pairs: list[tuple[onnx.NodeProto, onnx.NodeProto]]) -> None:
        (first, second), at = pairs[0], self.nodes.index(pairs[0][0])
        sizes = [len(self.constants[before.input[1]]) for before, _ in pairs]
        name, outputs = f"{first.output[0]}/joined", [ahead.output[0] for _, ahead in pairs]
        self.constants[f"{name}/sizes"] = np.array(sizes, np.int64)
        joined = []
        for index, layer in enumerate((first, second)):
            parts = [pair[index] for pair in pairs]
            made = onnx.NodeProto()
            made.CopyFrom(layer)
            made.output[0] = f"{name}{index}"
            weight, bias = (
                np.concatenate([self.constants[part.input[place]] for part in parts])
                for place in (1, 2)
            )
            self._replace_weights(made, weight, bias, name=made.output[0])
            joined.append(made)
        joined[1].input[0] = joined[0].output[0]
        next(a for a in joined[1].attribute if a.name == "group").i = sum(sizes)
        split = helper.make_node("Split", [joined[1].output[0], f"{name}/sizes"], outputs, axis=1)
        self.nodes[at:at] = [*joined, split]
        for node in (node for pair in pairs for node in pair):
            self.nodes.remove(node)

    def store(self) -> None:
        """Write nodes and the constants still in use back; weights are inputs no longer."""
        used = {name for node in self.nodes for name in node.input}
        inputs = [value for value in self.proto.input if value.name in used - set(self.constants)]
        tensors = [
            numpy_helper.from_array(np.ascontiguousarray(self.constants[name]), name)
            for name in sorted(used & set(self.constants))
        ]
        for field, content in (("node", self.nodes), ("initializer", tensors), ("input", inputs)):
            self.proto.ClearField(field)
            getattr(self.proto, field).extend(content)
        self.proto.ClearField("value_info")

    def _only_source(self, name: str) -> onnx.NodeProto | None:
        uses = sum(list(node.input).count(name) for node in self.nodes)
        is_output = any(value.name == name for value in self.proto.output)
        sources = [node for node in self.nodes if name in node.output]
        return sources[0] if sources and uses == 1 and not is_output else None

    def _only_use(self, name: str, operator: str) -> onnx.NodeProto | None:
        uses = [node for node in self.nodes if name in node.input]
        return uses[0] if len(uses) == 1 and uses[0].op_type == operator else None

    def _rename_uses(self, old: str, new: str) -> None:
        for node in self.nodes:
            for index, name in enumerate(node.input):
                if name == old:
                    node.input[index] = new


def _along(values: Array, axis: int) -> Array:
    """Values for one axis of a kernel."""
    shape = [1, 1, 1, 1]
    shape[axis] = len(values)
    return values.reshape(shape)


def _opset(proto: onnx.ModelProto) -> int:
    own = (entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx"))
    return int(max(own))


def _attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    for attribute in node.attribute:
        if attribute.name == name:
            return helper.get_attribute_value(attribute)
    return default


def _constant(node: onnx.NodeProto, _values: list[Array]) -> Array:
    return numpy_helper.to_array(_attribute(node, "value", None))


def _reshape(_node: onnx.NodeProto, values: list[Array]) -> Array:
    content, wanted = values
    shape = [content.shape[i] if size == 0 else int(size) for i, size in enumerate(wanted)]
    return content.reshape(shape)


def _dequantise(node: onnx.NodeProto, values: list[Array]) -> Array:
    """ONNX operator DequantizeLinear (opset 21): whole, per axis or in blocks along an axis."""
    quantised, scale = values[0], values[1]
    zero = values[2] if len(values) > 2 else np.zeros_like(scale, dtype=quantised.dtype)
    axis, block = int(_attribute(node, "axis", 1)), int(_attribute(node, "block_size", 0))
    difference = quantised.astype(np.int32) - _spread(zero, quantised, axis, block).astype(np.int32)
    return (difference * _spread(scale, quantised, axis, block)).astype(np.float32)


def _spread(factor: Array, over: Array, axis: int, block: int) -> Array:
    if block:
        index: list[slice] = [slice(None)] * over.ndim
        index[axis] = slice(0, over.shape[axis])
        return np.asarray(np.repeat(factor, block, axis=axis)[tuple(index)])
    if factor.size == 1:
        return factor.reshape(())
    shape = [1] * over.ndim
    shape[axis] = -1
    return factor.reshape(shape)


_FOLDS: Final[dict[str, Callable[[onnx.NodeProto, list[Array]], Array]]] = {
    "Constant": _constant,
    "Reshape": _reshape,
    "DequantizeLinear": _dequantise,
}


def _free_sizes(graph: onnx.GraphProto) -> None:
    """Let a fully convolutional graph take any height and width.

    A graph that ends in a fully connected layer keeps its size.
    """
    if any(node.op_type == "Gemm" for node in graph.node):
        return
    for value in graph.input:
        _free(value, {2: "height", 3: "width"})
    for value in graph.output:
        _free(value, {1: f"{value.name}_cells"})


def _free(value: onnx.ValueInfoProto, names: dict[int, str]) -> None:
    dimensions: Iterable[Any] = value.type.tensor_type.shape.dim
    for index, dimension in enumerate(dimensions):
        if index in names:
            dimension.dim_param = names[index]
