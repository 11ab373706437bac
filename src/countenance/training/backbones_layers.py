"""Convolutions as torchvision names them: their tensors' shapes, and their place in a graph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from countenance.training.errors import CheckpointError
from countenance.training.graphs import GraphBuilder

Weights = dict[str, NDArray[Any]]
Shapes = dict[str, tuple[int, ...]]

EPSILON = 1e-5
SIZE_PX = 224
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Of red, green and blue in 0..1; what torchvision's ImageNet weights were trained with."""


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution without bias and the batch normalisation after it."""

    name: str
    norm: str
    inputs: int
    outputs: int
    kernel: int = 1
    stride: int = 1
    groups: int = 1
    limit: float | None = np.inf
    """What follows: a ReLU up to this value; None for nothing."""

    def shapes(self) -> Shapes:
        """Name and shape of every tensor it needs."""
        kernel = (self.outputs, self.inputs // self.groups, self.kernel, self.kernel)
        parts = ("weight", "bias", "running_mean", "running_var")
        return {
            f"{self.name}.weight": kernel,
            **{f"{self.norm}.{part}": (self.outputs,) for part in parts},
        }

    def add_to(self, graph: GraphBuilder, value: str, weights: Weights) -> str:
        """Add it after `value`, the normalisation folded into the kernel."""
        kernel, bias = self._folded(weights)
        value = graph.add(
            "Conv",
            [value, graph.weight(kernel), graph.constant(bias)],
            strides=[self.stride] * 2,
            pads=[self.kernel // 2] * 4,
            group=self.groups,
        )
        if self.limit is None:
            return value
        if np.isinf(self.limit):
            return graph.add("Relu", [value])
        bounds = [graph.constant(np.float32(bound)) for bound in (0, self.limit)]
        return graph.add("Clip", [value, *bounds])

    def _folded(self, weights: Weights) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        variance = weights[f"{self.norm}.running_var"].astype(np.float64)
        scale = weights[f"{self.norm}.weight"] / np.sqrt(variance + EPSILON)
        kernel = weights[f"{self.name}.weight"] * scale[:, None, None, None]
        bias = weights[f"{self.norm}.bias"] - weights[f"{self.norm}.running_mean"] * scale
        return kernel.astype(np.float32), bias.astype(np.float32)


def check_tensors(
    weights: Weights, layers: Iterable[Convolution], *, architecture: str, classifier: str
) -> None:
    """Refuse weights of another architecture; those of its classifier are not looked at.

    Args:
        weights: tensors by name.
        layers: all convolutions, in the order of the network.
        architecture: its name, for the message.
        classifier: prefix of the tensors that are left out.

    Raises: CheckpointError: names the first tensor that is missing, has another shape, holds
        numbers that are not finite, or belongs to no layer.
    """
    wanted: Shapes = {}
    for layer in layers:
        wanted |= layer.shapes()
    for name, shape in wanted.items():
        found = weights.get(name)
        if found is None:
            raise _other(architecture, f"it has no tensor {name}")
        if found.shape != shape:
            raise _other(architecture, f"{name} is {found.shape}, not {shape}")
        if not np.isfinite(found).all() or (name.endswith("running_var") and found.min() < 0):
            raise CheckpointError(
                f"The tensor {name} of the weights holds numbers that make no sense.",
                remedy="Fetch the weights again.",
            )
    for name in weights:
        counts = name.endswith("num_batches_tracked")
        if name not in wanted and not counts and not name.startswith(classifier):
            raise _other(architecture, f"it has a tensor {name}, which belongs to no layer")


def _other(architecture: str, why: str) -> CheckpointError:
    return CheckpointError(
        f"The weights are not those of {architecture}: {why}.",
        remedy="Give the file of torchvision's weights for this architecture with --weights.",
    )


def add_picture_input(graph: GraphBuilder) -> str:
    """Add ``images`` (n, 224, 224, 3) uint8 RGB, normalised as torchvision does, as NCHW."""
    images = graph.input("images", onnx.TensorProto.UINT8, ["n", SIZE_PX, SIZE_PX, 3])
    real = graph.add("Cast", [images], to=onnx.TensorProto.FLOAT)
    mean = np.array(MEAN, np.float32) * np.float32(255)
    centred = graph.add("Sub", [real, graph.constant(mean)])
    factor = np.float32(1) / (np.array(STD, np.float32) * np.float32(255))
    scaled = graph.add("Mul", [centred, graph.constant(factor)])
    return graph.add("Transpose", [scaled], perm=[0, 3, 1, 2])


def add_spatial_mean(graph: GraphBuilder, value: str) -> str:
    """Add the mean of each channel over the picture: (n, channels)."""
    return graph.add("ReduceMean", [value, graph.constant(np.array([2, 3]))], keepdims=0)
