"""The backbone computes what EfficientNet-Lite0 computes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from countenance.training import lite0
from countenance.training.errors import CheckpointError, MissingExtraError
from countenance.vision.backends.onnx.session import open_session

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec(lite0.CARRIER) is None, reason="needs the extra 'train'"
)


@pytest.fixture(scope="module")
def weights() -> lite0.Weights:
    return lite0.load_weights()


def picture(name: str) -> NDArray[np.uint8]:
    """A picture of scikit-image's package, (224, 224, 3) RGB."""
    spec = importlib.util.find_spec("skimage")
    assert spec is not None
    assert spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0]) / "data" / name
    pixels = cv2.resize(cv2.imread(str(path)), (224, 224), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(pixels[:, :, ::-1])


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("chelsea.png", {281, 282, 285}),  # a cat: tabby, tiger cat, Egyptian cat
        ("coffee.png", {967, 504, 968}),  # espresso, coffee mug, cup
    ],
)
def test_imagenet_classes_are_recognised(
    weights: lite0.Weights, name: str, classes: set[int]
) -> None:
    session = open_session(lite0.classifier(weights).SerializeToString())
    planes = picture(name).transpose(2, 0, 1)[None].astype(np.float32)
    logits = session.run({"images": (planes - lite0.MEAN) / lite0.STD})[0]
    assert int(logits.argmax()) in classes


def test_a_frame_gives_2848_finite_features(weights: lite0.Weights) -> None:
    session = open_session(lite0.feature_extractor(weights).SerializeToString())
    features = session.run({"images": picture("chelsea.png")[None]})[0]
    assert features.shape == (1, lite0.FEATURES) == (1, 2848)
    assert np.isfinite(features).all()


def test_folding_a_normalisation_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    kernel = rng.normal(size=(4, 2, 1, 1))
    values = {
        "n.weight": rng.uniform(0.5, 2, 4),
        "n.bias": rng.normal(size=4),
        "n.running_mean": rng.normal(size=4),
        "n.running_var": rng.uniform(0.1, 3, 4),
    }
    pixel = rng.normal(size=2)
    plain = kernel[:, :, 0, 0] @ pixel
    spread = np.sqrt(values["n.running_var"] + lite0.EPSILON)
    expected = (plain - values["n.running_mean"]) / spread * values["n.weight"] + values["n.bias"]
    folded, bias = lite0.fold_norm(kernel, "n", values)
    assert folded[:, :, 0, 0] @ pixel + bias == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pads"),
    [
        (224, 3, 2, [0, 0, 1, 1]),  # TensorFlow puts the odd pixel last
        (112, 3, 1, [1, 1, 1, 1]),
        (56, 5, 2, [1, 1, 2, 2]),
        (7, 1, 1, [0, 0, 0, 0]),
    ],
)
def test_padding_is_tensorflows_same(size: int, kernel: int, stride: int, pads: list[int]) -> None:
    assert lite0.same_padding(size, kernel, stride) == pads


def test_another_file_in_the_carrier_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lite0, "SHA256", "0" * 64)
    with pytest.raises(CheckpointError, match="not the pinned file"):
        lite0.load_weights()


def test_a_missing_carrier_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lite0, "CARRIER", "no_such_package_at_all")
    with pytest.raises(MissingExtraError) as caught:
        lite0.load_weights()
    assert "tools/bootstrap train" in caught.value.remedy
