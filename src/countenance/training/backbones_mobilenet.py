"""MobileNetV2 up to its pooled features, from weights in torchvision's names.

Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from countenance.training.backbones_layers import (
    Convolution,
    Weights,
    add_picture_input,
    add_spatial_mean,
    check_tensors,
)
from countenance.training.graphs import GraphBuilder

FEATURES = 1280
RUNS = (
    # expansion, channels, repeats, stride of the first
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
STEM = Convolution("features.0.0", "features.0.1", 3, 32, kernel=3, stride=2, limit=6)
HEAD = Convolution("features.18.0", "features.18.1", 320, FEATURES, limit=6)


@dataclass(frozen=True, slots=True)
class Block:
    """An inverted residual: expand, filter each channel, project."""

    layers: tuple[Convolution, ...]
    is_residual: bool
    """Whether its input is added to its output."""


def blocks() -> Iterator[Block]:
    """The seventeen blocks between stem and head."""
    inputs, index = 32, 1
    for expansion, channels, repeats, first_stride in RUNS:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            yield _block(f"features.{index}.conv", inputs, channels, expansion, stride)
            inputs, index = channels, index + 1


def _block(at: str, inputs: int, outputs: int, expansion: int, stride: int) -> Block:
    wide, layers = inputs * expansion, []
    if expansion > 1:
        layers.append(Convolution(f"{at}.0.0", f"{at}.0.1", inputs, wide, limit=6))
    here = len(layers)
    layers.append(
        Convolution(
            f"{at}.{here}.0",
            f"{at}.{here}.1",
            wide,
            wide,
            kernel=3,
            stride=stride,
            groups=wide,
            limit=6,
        )
    )
    layers.append(Convolution(f"{at}.{here + 1}", f"{at}.{here + 2}", wide, outputs, limit=None))
    return Block(tuple(layers), stride == 1 and inputs == outputs)


def check(weights: Weights) -> None:
    """Raises: CheckpointError: these are not the weights of a MobileNetV2 of width 1."""
    layers = [STEM, *(layer for block in blocks() for layer in block.layers), HEAD]
    check_tensors(weights, layers, architecture="MobileNetV2", classifier="classifier.")


def add_features(graph: GraphBuilder, weights: Weights) -> str:
    """Add input and network; returns the name of the (n, 1280) features."""
    value = STEM.add_to(graph, add_picture_input(graph), weights)
    for block in blocks():
        entry = value
        for layer in block.layers:
            value = layer.add_to(graph, value, weights)
        if block.is_residual:
            value = graph.add("Add", [value, entry])
    return add_spatial_mean(graph, HEAD.add_to(graph, value, weights))
