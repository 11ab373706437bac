"""ResNet-50 up to its pooled features, from weights in torchvision's names.

Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, table 1; the stride
sits in the middle convolution of a block, as torchvision has it.
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

FEATURES = 2048
EXPANSION = 4
RUNS = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
"""Channels in the middle of a block, repeats, stride of the first."""
STEM = Convolution("conv1", "bn1", 3, 64, kernel=7, stride=2)


@dataclass(frozen=True, slots=True)
class Block:
    """A bottleneck: narrow, filter, widen, and add what came in."""

    layers: tuple[Convolution, Convolution, Convolution]
    shortcut: Convolution | None
    """Brings the input to the shape of the output; None when it has it."""

    def all_layers(self) -> tuple[Convolution, ...]:
        """In the order of torchvision's names."""
        return (*self.layers, self.shortcut) if self.shortcut else self.layers


def blocks() -> Iterator[Block]:
    """The sixteen blocks after the stem."""
    inputs = STEM.outputs
    for run, (channels, repeats, first_stride) in enumerate(RUNS, 1):
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            yield _block(f"layer{run}.{repeat}", inputs, channels, stride)
            inputs = channels * EXPANSION


def _block(at: str, inputs: int, channels: int, stride: int) -> Block:
    outputs = channels * EXPANSION
    shortcut = None
    if inputs != outputs:
        names = (f"{at}.downsample.0", f"{at}.downsample.1")
        shortcut = Convolution(*names, inputs, outputs, stride=stride, limit=None)
    return Block(
        (
            Convolution(f"{at}.conv1", f"{at}.bn1", inputs, channels),
            Convolution(f"{at}.conv2", f"{at}.bn2", channels, channels, kernel=3, stride=stride),
            Convolution(f"{at}.conv3", f"{at}.bn3", channels, outputs, limit=None),
        ),
        shortcut,
    )


def check(weights: Weights) -> None:
    """Raises: CheckpointError: these are not the weights of a ResNet-50."""
    layers = [STEM, *(layer for block in blocks() for layer in block.all_layers())]
    check_tensors(weights, layers, architecture="ResNet-50", classifier="fc.")


def add_features(graph: GraphBuilder, weights: Weights) -> str:
    """Add input and network; returns the name of the (n, 2048) features."""
    value = STEM.add_to(graph, add_picture_input(graph), weights)
    value = graph.add("MaxPool", [value], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    for block in blocks():
        entry = value
        for layer in block.layers:
            value = layer.add_to(graph, value, weights)
        if block.shortcut is not None:
            entry = block.shortcut.add_to(graph, entry, weights)
        value = graph.add("Relu", [graph.add("Add", [value, entry])])
    return add_spatial_mean(graph, value)
