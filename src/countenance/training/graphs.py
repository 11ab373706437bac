"""A small builder of ONNX graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

OPSET = 18
IR_VERSION = 9


class GraphBuilder:
    """Collects nodes and weights under generated names.

    With ``quantise=True`` the arrays given to `weight` are stored as int8 with one scale per
    output channel and restored by a ``DequantizeLinear``: a quarter of the size, float arithmetic.
    """

    def __init__(self, *, quantise: bool = False) -> None:
        self._quantise = quantise
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, element: int, shape: list[int | str]) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, element, shape))
        return name

    def output(self, name: str, value: str, shape: list[int | str]) -> None:
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))

    def constant(self, array: NDArray[Any] | np.generic) -> str:
        name = f"c{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weight(self, array: NDArray[np.float32]) -> str:
        """Add a kernel, output channels first; int8 when the graph is quantised."""
        if not self._quantise:
            return self.constant(array)
        largest = np.abs(array).reshape(len(array), -1).max(axis=1)
        scale = np.maximum(largest / 127, 1e-12).astype(np.float32)
        column = scale.reshape(-1, *[1] * (array.ndim - 1))
        levels = np.clip(np.rint(array / column), -127, 127).astype(np.int8)
        zero = np.zeros(len(array), np.int8)
        inputs = [self.constant(levels), self.constant(scale), self.constant(zero)]
        return self.add("DequantizeLinear", inputs, axis=0)

    def add(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        name = f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def model(self, name: str) -> onnx.ModelProto:
        graph = helper.make_graph(self._nodes, name, self._inputs, self._outputs, self._weights)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], producer_name="countenance")
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        return model
