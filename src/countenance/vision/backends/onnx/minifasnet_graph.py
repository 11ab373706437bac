"""Rebuild the MiniFASNet networks of Silent-Face-Anti-Spoofing as ONNX graphs.

Each is three rows of blocks: a convolution that widens, one that looks at every channel by itself,
one that narrows again. Before each row a block halves the picture. In one of the two networks the
last block of a row also weighs its channels (Hu et al., "Squeeze-and-Excitation Networks", CVPR
2018). How wide every block is, the weights themselves say.

Source: names and order of the layers after `src/model_lib/MiniFASNet.py` of the publisher.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from countenance.vision.backends.onnx.prepare import prepare
from countenance.vision.errors import ModelInvalidError
from countenance.vision.torch_weights import read_state_dict

INPUT: Final = "crop"
OUTPUT: Final = "logits"
SIDE_PX: Final = 80
CLASSES: Final = 3
_ROWS: Final = (("conv_23", "conv_3", 4), ("conv_34", "conv_4", 6), ("conv_45", "conv_5", 2))
"""The block that halves, the row after it and its blocks."""
_NORM_PARTS: Final = ("weight", "bias", "running_mean", "running_var")
_LANES: Final = 16
"""Numbers that the widest instructions of x86 and the blocked layout of the runtime hold."""
_OPSET: Final = 17
_IR_VERSION: Final = 8


def prepare_minifasnet(content: bytes) -> bytes:
    """Turn a checkpoint into an ONNX file.

    Args:
        content: a `.pth` file of MiniFASNetV2 or MiniFASNetV1SE for pictures of 80 x 80; it is
            read as data, nothing in it is run.

    Returns: a graph from `crop` (1, 3, 80, 80) float32 BGR 0..255 to `logits` (1, 3) float32,
        normalisations folded.
    Raises: ModelInvalidError: the content is no such checkpoint.
    """
    network = _Network(read_state_dict(content))
    network.layer("conv1", stride=2)
    network.layer("conv2_dw")
    for halving, row, count in _ROWS:
        network.block(halving, stride=2)
        for index in range(count):
            network.residual(f"{row}.model.{index}")
    network.layer("conv_6_sep")
    network.layer("conv_6_dw", pads=False)
    network.classify()
    return prepare(network.finish())


class _Network:
    """A graph that grows by one layer at a time and uses up the tensors of a checkpoint."""

    def __init__(self, tensors: dict[str, NDArray[Any]]) -> None:
        self._tensors = {
            name.removeprefix("module."): value
            for name, value in tensors.items()
            if not name.endswith("num_batches_tracked")
        }
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._current = INPUT
        self._channels = 3

    def layer(self, name: str, *, stride: int = 1, pads: bool = True) -> None:
        """A convolution, its normalisation and, where it has one, its slope below zero."""
        self._convolve(f"{name}.conv", f"{name}.bn", stride=stride, pads=pads)
        if f"{name}.prelu.weight" in self._tensors:
            slope = self._take(f"{name}.prelu.weight", (self._channels,))
            self._emit("PRelu", [self._constant(slope.reshape(-1, 1, 1))])

    def block(self, name: str, *, stride: int = 1) -> None:
        """Widen, look, narrow."""
        self._fill_up(name)
        self.layer(f"{name}.conv")
        self.layer(f"{name}.conv_dw", stride=stride)
        self.layer(f"{name}.project")

    def residual(self, name: str) -> None:
        """A block that adds to what it was given."""
        given = self._current
        self.block(name)
        if f"{name}.se_module.fc1.weight" in self._tensors:
            self._weigh_channels(f"{name}.se_module")
        self._emit("Add", [given])

    def classify(self) -> None:
        """From 512 numbers to one logit for each class."""
        self._emit("Flatten")
        self._multiply("linear", width=self._channels)
        self._normalise("bn")
        self._multiply("prob", width=self._channels, name=OUTPUT)

    def finish(self) -> bytes:
        """The whole as an ONNX file. Raises: ModelInvalidError: tensors are left over."""
        if self._tensors:
            raise _strange(f"holds {min(self._tensors)}, which belongs to no layer")
        if self._channels != CLASSES:
            raise _strange(f"knows {self._channels} classes, not {CLASSES}")
        graph = helper.make_graph(
            self._nodes,
            "minifasnet",
            [_described(INPUT, [1, 3, SIDE_PX, SIDE_PX])],
            [_described(OUTPUT, [1, CLASSES])],
            self._constants,
        )
        opset = [helper.make_opsetid("", _OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION)
        return bytes(model.SerializeToString(deterministic=True))

    def _weigh_channels(self, name: str) -> None:
        whole = self._current
        self._emit("GlobalAveragePool")
        self._convolve(f"{name}.fc1", f"{name}.bn1")
        self._emit("Relu")
        self._convolve(f"{name}.fc2", f"{name}.bn2")
        self._emit("Sigmoid")
        self._emit("Mul", [whole])

    def _fill_up(self, name: str) -> None:
        """Give the wide middle of a block channels of zeros, up to a full number of lanes.

        They change no result. Widths such as 13 or 103 keep the runtime from its blocked layout.
        """
        for part in ("conv", "conv_dw"):
            for tensor in ("conv.weight", *(f"bn.{p}" for p in _NORM_PARTS), "prelu.weight"):
                self._pad(f"{name}.{part}.{tensor}", axis=0)
        self._pad(f"{name}.project.conv.weight", axis=1)

    def _pad(self, name: str, *, axis: int) -> None:
        value = self._tensors.get(name)
        if value is None or value.ndim <= axis:
            return  # told when the layer is built
        ends = [(0, 0)] * value.ndim
        ends[axis] = (0, -value.shape[axis] % _LANES)
        self._tensors[name] = np.pad(value, ends)

    def _convolve(self, name: str, norm: str, *, stride: int = 1, pads: bool = True) -> None:
        kernel = self._take(f"{name}.weight", None)
        if kernel.ndim != 4:
            raise _strange(f"has no kernel in {name}")
        groups = self._channels if kernel.shape[1] == 1 else 1
        if kernel.shape[1] * groups != self._channels:
            raise _strange(f"has a kernel for another number of channels in {name}")
        self._channels = len(kernel)
        self._emit(
            "Conv",
            [self._constant(kernel)],
            group=groups,
            kernel_shape=kernel.shape[2:],
            strides=[stride, stride],
            pads=[kernel.shape[2] // 2 if pads else 0] * 4,
        )
        self._normalise(norm)

    def _normalise(self, name: str) -> None:
        """As trained: mean and variance of the training data, epsilon 1e-5."""
        values = [self._take(f"{name}.{part}", (self._channels,)) for part in _NORM_PARTS]
        self._emit("BatchNormalization", [self._constant(value) for value in values])

    def _multiply(self, layer: str, *, width: int, name: str = "") -> None:
        weights = self._take(f"{layer}.weight", None)
        if weights.ndim != 2 or weights.shape[1] != width:
            raise _strange(f"has no matrix for {width} numbers in {layer}")
        self._channels = len(weights)
        self._emit("Gemm", [self._constant(weights)], name=name, transB=1)

    def _take(self, name: str, shape: tuple[int, ...] | None) -> NDArray[np.float32]:
        value = self._tensors.pop(name, None)
        if value is None:
            raise _strange(f"has no tensor {name}")
        if value.dtype != np.float32 or (shape is not None and value.shape != shape):
            raise _strange(f"has a tensor {name} of {value.shape} {value.dtype}")
        return value

    def _emit(
        self, kind: str, others: tuple[str, ...] | list[str] = (), *, name: str = "", **how: Any
    ) -> None:
        """Add a node whose first input is the current value; its result becomes the current one."""
        name = name or f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, [self._current, *others], [name], **how))
        self._current = name

    def _constant(self, values: NDArray[np.float32]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name


def _described(name: str, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _strange(how: str) -> ModelInvalidError:
    return ModelInvalidError(
        f"The checkpoint is no MiniFASNet: it {how}.", remedy="Run: countenance models verify"
    )
