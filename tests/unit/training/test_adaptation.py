"""A linear detector's head is taken out of its graph, corrected, and put back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from countenance.images.image import ColourOrder
from countenance.training.adaptation import LARGEST_SHIFT, SHIFT_COST, STRENGTH, adapt
from countenance.training.cards import new_card
from countenance.training.errors import CheckpointError
from countenance.training.export import OUTPUTS, _add_head, view_uses
from countenance.training.graphs import GraphBuilder
from countenance.training.linear_graph import LinearGraph
from countenance.training.logistic import LinearHead
from countenance.vision.backends.onnx.session import open_session
from countenance.vision.pad_card import PadInput, PadView

HEAD = LinearHead(
    np.array([100.0, 120.0, 90.0]), np.array([20.0, 30.0, 25.0]), np.array([1.0, -2.0, 0.5]), 0.25
)
CARD = new_card(
    name="tiny",
    architecture="lite0-linear",
    input_=PadInput(4, 4, ColourOrder.RGB, 0, 1),
    views=view_uses({PadView.TIGHT_CROP: 1.0}),
    threshold=0.5,
    expected_log_odds=2.5,
    provenance=("CC0-1.0", "made by a test", ""),
    data={},
    figures={},
)
PICTURES = np.random.default_rng(4).integers(0, 256, (5, 4, 4, 3)).astype(np.uint8)


def tiny_graph(*, is_linear: bool = True) -> bytes:
    """A head on the mean colour of a picture."""
    graph = GraphBuilder()
    images = graph.input("images", onnx.TensorProto.UINT8, ["n", 4, 4, 3])
    real = graph.add("Cast", [images], to=onnx.TensorProto.FLOAT)
    means = graph.add("ReduceMean", [real, graph.constant(np.array([1, 2]))], keepdims=0)
    logit = _add_head(graph, means, HEAD)
    if not is_linear:
        logit = graph.add("Relu", [logit])
    graph.output(OUTPUTS[PadView.TIGHT_CROP], logit, ["n"])
    return graph.model("tiny").SerializeToString()


def computed(model: onnx.ModelProto) -> NDArray[np.float32]:
    found = open_session(model.SerializeToString()).run({"images": PICTURES})[0]
    return np.asarray(found, np.float32)


def test_the_head_that_was_put_in_is_found_and_the_features_below_it() -> None:
    graph = LinearGraph(tiny_graph(), CARD)
    head = graph.heads()[PadView.TIGHT_CROP]
    features = graph.extractor().extract(PICTURES)
    assert features == pytest.approx(PICTURES.mean(axis=(1, 2)), abs=1e-3)
    assert head.logits(features) == pytest.approx(HEAD.logits(features), abs=1e-3)
    assert graph.extractor().size_px == 4


def test_a_graph_with_another_head_computes_that_head() -> None:
    graph = LinearGraph(tiny_graph(), CARD)
    other = LinearHead(HEAD.mean, HEAD.deviation, np.array([0.0, 3.0, 1.0]), -2.0)
    features = graph.extractor().extract(PICTURES)
    changed = graph.with_heads({PadView.TIGHT_CROP: other})
    assert computed(changed) == pytest.approx(other.logits(features), abs=1e-3)
    same = graph.with_heads(graph.heads())
    assert computed(same) == pytest.approx(HEAD.logits(features), abs=1e-3)


@pytest.mark.parametrize("content", [b"no graph", tiny_graph(is_linear=False)])
def test_what_is_no_linear_head_is_refused(content: bytes) -> None:
    with pytest.raises(CheckpointError, match="architecture") as caught:
        LinearGraph(content, CARD)
    assert "shipped" in caught.value.remedy


def site(*, shift: float, count: int = 6) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Frames of a camera that moves every logit by `shift`, two classes apart by the head."""
    rng = np.random.default_rng(3)
    labels = np.arange(count) % 2 == 0
    along = HEAD.coefficients / (HEAD.coefficients @ HEAD.coefficients)
    wanted = np.where(labels, 3.0, -3.0) + shift - HEAD.bias
    standard = wanted[:, None] * along + rng.normal(0, 0.01, (count, 3))
    return (standard * HEAD.deviation + HEAD.mean).astype(np.float32), labels


def weights(labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.where(labels, 1 / labels.sum(), 1 / (~labels).sum())


def test_a_camera_that_moves_the_logits_is_followed() -> None:
    features, labels = site(shift=-4.0)
    assert not (HEAD.logits(features) > 0).any()
    moved = adapt(HEAD, features, labels, weights(labels))
    assert ((moved.logits(features) > 0) == labels).all()


@pytest.mark.parametrize("count", [2, 40])  # fewer and more rows than features
def test_the_correction_is_the_best_one_however_many_rows_there_are(count: int) -> None:
    features, labels = site(shift=-4.0, count=count)
    moved = adapt(HEAD, features, labels, weights(labels))

    def cost(head: LinearHead) -> float:
        margins = np.where(labels, 1, -1) * head.logits(features)
        change, shift = head.coefficients - HEAD.coefficients, head.bias - HEAD.bias
        return float(
            (change @ change + SHIFT_COST * shift**2) / 2
            + STRENGTH * weights(labels) @ np.logaddexp(0, -margins)
        )

    best = cost(moved)
    for step in np.eye(4) * 0.01:
        for sign in (1, -1):
            coefficients = moved.coefficients + sign * step[:3]
            bias = moved.bias + sign * step[3]
            assert cost(replace(moved, coefficients=coefficients, bias=bias)) > best - 1e-6


def test_a_site_that_the_head_judges_well_changes_it_little() -> None:
    features, labels = site(shift=0.0)
    moved = adapt(HEAD, features, labels, weights(labels))
    assert np.abs(moved.logits(features) - HEAD.logits(features)).max() < 1.0


def test_no_site_moves_the_bias_further_than_the_bound() -> None:
    features, labels = site(shift=-40.0)
    moved = adapt(HEAD, features, labels, weights(labels), strength=1e-9)
    assert moved.bias - HEAD.bias <= LARGEST_SHIFT + 1e-9
    assert moved.coefficients == pytest.approx(HEAD.coefficients, abs=1e-3)
