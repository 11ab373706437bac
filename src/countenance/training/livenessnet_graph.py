"""LivenessNet as an ONNX graph of the form a `PadCard` describes."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from countenance.training.graphs import GraphBuilder
from countenance.training.lite0 import add_normalised_input
from countenance.training.livenessnet import CHANNELS, NORM_EPSILON, Tree

OUTPUT = "crop_logit"
MEAN, STD = 0.0, 255.0


def livenessnet_graph(
    parameters: Tree,
    statistics: Tree,
    *,
    size_px: tuple[int, int],
    calibration: tuple[float, float],
) -> onnx.ModelProto:
    """Return ``images`` (n, height, width, 3) uint8 RGB -> ``crop_logit`` (n,).

    Args:
        parameters: see `livenessnet.new_network`.
        statistics: the running statistics of the trained network.
        size_px: (height, width).
        calibration: slope and offset of the logit.
    """
    graph = GraphBuilder()
    value = add_normalised_input(graph, size_px=size_px, mean=MEAN, std=STD)
    for index in range(len(CHANNELS)):
        layer = parameters[f"conv{index}"]
        kernel = graph.constant(_array(layer["kernel"]).transpose(3, 2, 0, 1))
        bias = graph.constant(_array(layer["bias"]))
        value = graph.add("Conv", [value, kernel, bias], pads=[1, 1, 1, 1])
        name = f"norm{index}"
        value = _normalise(graph, graph.add("Relu", [value]), parameters[name], statistics[name])
        if index % 2:
            value = graph.add("MaxPool", [value], kernel_shape=[2, 2], strides=[2, 2])
    # The dense layer was trained on pixels, channels last.
    flat = graph.add("Flatten", [graph.add("Transpose", [value], perm=[0, 2, 3, 1])])
    value = graph.add("Relu", [_dense(graph, flat, parameters["dense"])])
    value = _normalise(graph, value, parameters["norm_dense"], statistics["norm_dense"])
    graph.output(OUTPUT, _logit(graph, value, parameters["out"], calibration), ["n"])
    return graph.model("pad-livenessnet")


def _logit(graph: GraphBuilder, value: str, layer: Tree, calibration: tuple[float, float]) -> str:
    """The calibrated difference of the two outputs, (n,)."""
    slope, offset = calibration
    kernel, bias = _array(layer["kernel"]), _array(layer["bias"])
    difference = {
        "kernel": (kernel[:, 1:] - kernel[:, :1]) * slope,
        "bias": (bias[1:] - bias[:1]) * slope + offset,
    }
    column = _dense(graph, value, difference)
    return graph.add("Squeeze", [column, graph.constant(np.array([1]))])


def _dense(graph: GraphBuilder, value: str, layer: Tree) -> str:
    kernel, bias = graph.constant(_array(layer["kernel"])), graph.constant(_array(layer["bias"]))
    return graph.add("Gemm", [value, kernel, bias])


def _normalise(graph: GraphBuilder, value: str, layer: Tree, running: Tree) -> str:
    arrays = (layer["scale"], layer["shift"], running["mean"], running["variance"])
    inputs = [value, *[graph.constant(_array(array)) for array in arrays]]
    return graph.add("BatchNormalization", inputs, epsilon=NORM_EPSILON)


def _array(values: Any) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)
