"""Networks whose weights the user brings: the graphs compute what torchvision computes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from countenance.training import backbones_mobilenet, backbones_resnet
from countenance.training.errors import CheckpointError
from countenance.training.graphs import GraphBuilder
from countenance.vision.backends.onnx.session import open_session
from countenance.vision.torch_weights import read_state_dict
from tests.fixtures.torchvision_weights import (
    Tensors,
    mobilenet_tensors,
    picture,
    resnet_tensors,
    write_checkpoint,
)

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "torchvision.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def mobilenet() -> Tensors:
    return mobilenet_tensors()


@pytest.mark.parametrize(
    ("name", "network", "tensors"),
    [
        ("mobilenet", backbones_mobilenet, mobilenet_tensors),
        ("resnet50", backbones_resnet, resnet_tensors),
    ],
)
def test_features_are_those_of_torchvision(
    name: str, network: ModuleType, tensors: Callable[[], Tensors], tmp_path: Path
) -> None:
    content = write_checkpoint(tmp_path / "weights.pth", tensors()).read_bytes()
    weights = read_state_dict(content)
    network.check(weights)
    graph = GraphBuilder()
    graph.output("features", network.add_features(graph, weights), ["n", network.FEATURES])
    session = open_session(graph.model(name).SerializeToString())
    features = session.run({"images": picture()[None]})[0][0]
    vector = VECTORS[name]
    assert features.shape == (network.FEATURES,)
    assert np.abs(features[::64] - vector["every_64th"]).max() < 1e-4
    assert features.mean() == pytest.approx(vector["mean"], abs=1e-4)
    assert features.std() == pytest.approx(vector["deviation"], abs=1e-4)


def test_weights_of_another_architecture_are_refused_by_their_first_mismatch(
    mobilenet: Tensors,
) -> None:
    with pytest.raises(CheckpointError, match=r"not those of ResNet-50: it has no tensor conv1"):
        backbones_resnet.check(mobilenet)


def test_another_width_is_refused_by_the_first_shape_that_differs(mobilenet: Tensors) -> None:
    narrow = mobilenet | {"features.1.conv.0.0.weight": np.zeros((16, 1, 3, 3), np.float32)}
    with pytest.raises(
        CheckpointError, match=r"conv\.0\.0\.weight is \(16, 1, 3, 3\), not \(32, 1, 3, 3\)"
    ):
        backbones_mobilenet.check(narrow)


def test_a_deeper_network_is_refused_by_the_first_layer_that_is_too_much() -> None:
    deeper = resnet_tensors() | {"layer3.6.conv1.weight": np.zeros((256, 1024, 1, 1), np.float32)}
    with pytest.raises(CheckpointError, match=r"layer3\.6\.conv1\.weight, which belongs to no"):
        backbones_resnet.check(deeper)


def test_numbers_that_are_none_are_refused(mobilenet: Tensors) -> None:
    broken = mobilenet | {"features.18.1.bias": np.full(1280, np.nan, np.float32)}
    with pytest.raises(CheckpointError, match=r"features\.18\.1\.bias .* make no sense"):
        backbones_mobilenet.check(broken)


def test_another_number_of_classes_does_not_matter(mobilenet: Tensors) -> None:
    own = mobilenet | {"classifier.1.weight": np.zeros((5, 1280), np.float32)}
    backbones_mobilenet.check(own)
