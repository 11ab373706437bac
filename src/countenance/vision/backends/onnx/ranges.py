"""How far the activations of a network reach: what eight-bit arithmetic has to know of it.

The files beside the weights hold, for each network, the lowest and highest value of every tensor
between two convolutions, measured by `tools/measure_ranges.py`. They fit a network whose kernels
are those that were measured, to within a fraction; so they serve a detector that was trained
again with other heads, and refuse one with another backbone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import numpy_helper

from countenance.vision.errors import ModelInvalidError
from countenance.vision.pins import SHIPPED, check_pin

FOLDER: Final = SHIPPED / "ranges"
_LEVELS: Final = 255
_TOLERANCE: Final = 0.02
"""Largest relative difference of a kernel's mean square; rounding to int8 moves it by 0.001."""


@dataclass(frozen=True, slots=True)
class Range:
    """Lowest and highest value of a tensor; zero lies inside."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= 0 < self.high:
            raise ValueError(f"a range from {self.low} to {self.high} leaves zero out")

    def as_levels(self) -> tuple[np.float32, np.uint8]:
        """The step between two of 256 levels, and the level that means zero."""
        step = (self.high - self.low) / _LEVELS
        return np.float32(step), np.uint8(round(-self.low / step))


@dataclass(frozen=True, slots=True)
class Ranges:
    """Of all tensors of one network."""

    tensors: Mapping[str, Range]
    kernels: tuple[float, ...]
    """Root mean square of each kernel, in the order of the convolutions."""

    def fit(self, kernels: Sequence[float]) -> bool:
        """Whether a network has the kernels that these ranges were measured with."""
        if len(kernels) != len(self.kernels):
            return False
        return bool(np.allclose(kernels, self.kernels, rtol=_TOLERANCE, atol=0))


def read_ranges(path: Path) -> Ranges:
    """Read a file of ranges.

    Raises:
        ModelInvalidError: it cannot be read or is none.
        ModelAlteredError: it comes with the product and is not as it came.
    """
    try:
        told = path.read_bytes()
        check_pin(path, told)
        content = json.loads(told)
        tensors = {name: Range(*map(float, pair)) for name, pair in content["tensors"].items()}
        return Ranges(tensors, tuple(map(float, content["kernels"])))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelInvalidError(
            f"The activation ranges {path} are not usable: {type(error).__name__}.",
            remedy="Install the package again.",
        ) from error


def ranges_for(model: bytes, *, folder: Path = FOLDER) -> Ranges | None:
    """The ranges that were measured with the kernels of this graph; None when none were.

    Raises: ModelInvalidError: a file of ranges is damaged.
    """
    kernels = kernels_of(onnx.load_model_from_string(model).graph)
    known = (read_ranges(path) for path in sorted(folder.glob("*.json")))
    return next((ranges for ranges in known if ranges.fit(kernels)), None)


def kernels_of(graph: onnx.GraphProto) -> tuple[float, ...]:
    """Root mean square of each convolution's kernel, in the order of the graph."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    rounded = {
        node.output[0]: node.input for node in graph.node if node.op_type == "DequantizeLinear"
    }
    found = []
    for node in graph.node:
        if node.op_type != "Conv":
            continue
        if node.input[1] in constants:
            kernel = numpy_helper.to_array(constants[node.input[1]]).astype(np.float64)
        else:
            levels, scale = (
                numpy_helper.to_array(constants[name]).astype(np.float64)
                for name in list(rounded[node.input[1]])[:2]
            )
            kernel = levels * scale.reshape(-1, *[1] * (levels.ndim - 1))
        found.append(float(np.sqrt(np.square(kernel).mean())))
    return tuple(found)
