"""Look into the graph of a linear detector: take features out, put other heads in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from countenance.training.errors import CheckpointError
from countenance.training.logistic import LinearHead
from countenance.vision.backends.onnx.session import open_session
from countenance.vision.pad_card import PadCard, PadView

_FEATURES = "features"


@dataclass(frozen=True, slots=True)
class _HeadNodes:
    """Names of the constants that make up one head, and of what it is applied to."""

    features: str
    mean: str
    scale: str
    column: str
    bias: str


class LinearGraph:
    """The graph of a card whose architecture is lite0-linear."""

    def __init__(self, content: bytes, card: PadCard) -> None:
        """Read it.

        Raises: CheckpointError: it is the graph of another architecture, or no graph.
        """
        try:
            self._model = onnx.load_from_string(content)
            self._constants = {c.name: c for c in self._model.graph.initializer}
            self._nodes = {view: self._trace(use.output) for view, use in card.views.items()}
        except Exception as error:  # what the parser raises has no root of its own
            raise CheckpointError(
                f"The detector {card.name} is no linear head on features: its architecture is "
                f"{card.architecture}.",
                remedy="Give a card that 'countenance pad train --arch lite0-linear' wrote, or "
                "'shipped'.",
            ) from error

    def heads(self) -> dict[PadView, LinearHead]:
        """The head of each view, calibrated."""
        return {
            view: LinearHead(
                self._array(names.mean),
                1 / self._array(names.scale),
                self._array(names.column)[:, 0],
                float(self._array(names.bias)),
            )
            for view, names in self._nodes.items()
        }

    def with_heads(self, heads: Mapping[PadView, LinearHead]) -> onnx.ModelProto:
        """The graph with other coefficients; means and deviations stay."""
        model = onnx.ModelProto()
        model.CopyFrom(self._model)
        constants = {constant.name: constant for constant in model.graph.initializer}
        for view, head in heads.items():
            names = self._nodes[view]
            column = head.coefficients.astype(np.float32)[:, None]
            constants[names.column].CopyFrom(numpy_helper.from_array(column, names.column))
            bias = np.asarray(head.bias, np.float32)
            constants[names.bias].CopyFrom(numpy_helper.from_array(bias, names.bias))
        onnx.checker.check_model(model, full_check=True)
        return model

    def extractor(self) -> GraphExtractor:
        """The frozen network below the heads."""
        return GraphExtractor(self._model, next(iter(self._nodes.values())).features)

    def _trace(self, output: str) -> _HeadNodes:
        """Follow a logit back to the features.

        Raises: KeyError, ValueError: the way is not that of a linear head.
        """
        made_by = {node.output[0]: node for node in self._model.graph.node}
        values, node = [], made_by[output]
        for operator in ("Identity", "Squeeze", "Add", "MatMul", "Mul", "Sub"):
            if node.op_type != operator:
                raise ValueError(operator)
            values.append(list(node.input))
            if operator != "Sub":
                node = made_by[node.input[0]]
        bias, column, scale, (features, mean) = (
            values[2][1],
            values[3][1],
            values[4][1],
            values[5],
        )
        for name in (bias, column, scale, mean):
            self._constants[name]
        return _HeadNodes(features, mean, scale, column, bias)

    def _array(self, name: str) -> NDArray[np.float64]:
        return np.asarray(numpy_helper.to_array(self._constants[name]), np.float64)


class GraphExtractor:
    """Features as a detector's own graph computes them; safe to share by threads."""

    def __init__(self, model: onnx.ModelProto, features: str) -> None:
        """Take the graph apart.

        Args:
            model: with the input ``images`` (n, height, width, 3) uint8.
            features: name of the value to take out.
        """
        part = onnx.ModelProto()
        part.CopyFrom(model)
        del part.graph.output[:]
        part.graph.node.append(helper.make_node("Identity", [features], [_FEATURES]))
        shape = helper.make_tensor_value_info(_FEATURES, onnx.TensorProto.FLOAT, ["n", "f"])
        part.graph.output.append(shape)
        content = part.SerializeToString(deterministic=True)
        self._key = hashlib.sha256(content).hexdigest()
        self._size = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
        self._session = open_session(content, threads=1)

    @property
    def key(self) -> str:
        return self._key

    @property
    def size_px(self) -> int:
        return int(self._size)

    def extract(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (n, features) float32 of (n, size, size, 3) uint8 RGB."""
        rows = [self._session.run({"images": picture[None]})[0] for picture in pictures]
        return np.concatenate(rows)
