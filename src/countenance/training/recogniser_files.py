"""The files of a trained recogniser: graph, card, learning curves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from countenance.training.backbones import Backbone
from countenance.training.curves import learning_curves
from countenance.training.graphs import GraphBuilder
from countenance.training.heads import SoftmaxHead
from countenance.training.recogniser import TrainedRecogniser
from countenance.vision.backends.onnx.recogniser import drawn_input
from countenance.vision.backends.onnx.session import open_session
from countenance.vision.recogniser_card import RecogniserCard

GRAPH = "recogniser.onnx"
CARD = "recogniser.json"
CURVES = "curves.png"
GOLDEN_SEEDS = (1, 2)


def recogniser_graph(backbone: Backbone, head: SoftmaxHead) -> onnx.ModelProto:
    """Return the graph that a `RecogniserCard` describes."""
    graph = GraphBuilder(quantise=backbone.is_quantised)
    features = backbone.add_to(graph, dimension=head.mean.size)
    centred = graph.add("Sub", [features, _constant(graph, head.mean)])
    value = graph.add("Mul", [centred, _constant(graph, 1 / head.deviation)])
    for index, (kernel, bias) in enumerate(head.layers):
        if index:
            value = graph.add("Relu", [value])
        product = graph.add("MatMul", [value, _constant(graph, kernel)])
        value = graph.add("Add", [product, _constant(graph, bias)])
    classes = int(head.layers[-1][1].size)
    graph.output("probabilities", graph.add("Softmax", [value], axis=1), ["n", classes])
    return graph.model("recogniser")


def recogniser_files(
    trained: TrainedRecogniser,
    *,
    name: str,
    backbone: Backbone,
    backbone_name: str,
    data: Mapping[str, Any],
    figures: Mapping[str, Any],
) -> dict[str, bytes]:
    """Return graph, card and curves by file name.

    Args:
        trained: what was trained.
        name: of the recogniser.
        backbone: that gave the features.
        backbone_name: one of `backbones.NAMES`.
        data: counts of pictures.
        figures: what was measured.
    """
    graph = recogniser_graph(backbone, trained.head).SerializeToString(deterministic=True)
    origin = backbone.provenance
    card = RecogniserCard(
        name=name,
        backbone=backbone_name,
        file=GRAPH,
        sha256=hashlib.sha256(graph).hexdigest(),
        input=backbone.taken,
        classes=trained.classes,
        threshold=trained.threshold,
        threshold_data=trained.threshold_data,
        licence=origin.licence,
        origin=f"Head trained by 'countenance faces train'; backbone: {origin.origin}",
        attribution=origin.attribution,
        data={**data, "features": trained.head.mean.size},
        figures=figures,
    )
    card = replace(card, golden=_golden(graph, card))
    return {
        GRAPH: graph,
        CARD: (card.as_json() + "\n").encode(),
        CURVES: learning_curves([trained.progress.history], best_epoch=trained.progress.best_epoch),
    }


def _golden(graph: bytes, card: RecogniserCard) -> tuple[dict[str, Any], ...]:
    session = open_session(graph)
    return tuple(
        {
            "seed": seed,
            "probabilities": [
                round(float(value), 6)
                for value in session.run({card.input.name: drawn_input(card, seed=seed)[None]})[0][
                    0
                ]
            ],
        }
        for seed in GOLDEN_SEEDS
    )


def _constant(graph: GraphBuilder, values: NDArray[np.float64]) -> str:
    return graph.constant(values.astype(np.float32))
