"""The files of a trained detector: one ONNX graph and its card."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

from countenance.images.image import ColourOrder
from countenance.training import lite0
from countenance.training.graphs import GraphBuilder
from countenance.training.logistic import LinearHead
from countenance.vision.pad_card import PadCard, PadInput, PadView, ViewUse

OUTPUTS = {PadView.FULL_FRAME: "frame_logit", PadView.TIGHT_CROP: "crop_logit"}
LITE0_INPUT = PadInput(lite0.SIZE_PX, lite0.SIZE_PX, ColourOrder.RGB, lite0.MEAN, lite0.STD)


def linear_graph(heads: Mapping[PadView, LinearHead]) -> onnx.ModelProto:
    """Return the detector: backbone, standardisation and one logit per view.

    Inputs and outputs are those a `PadCard` describes.
    """
    graph = GraphBuilder(quantise=True)
    images = lite0.add_normalised_input(
        graph, size_px=(lite0.SIZE_PX, lite0.SIZE_PX), mean=lite0.MEAN, std=lite0.STD
    )
    ends, head = lite0.add_backbone(graph, images, lite0.load_weights())
    features = lite0.add_pad_features(graph, ends, head)
    for view, linear in heads.items():
        graph.output(OUTPUTS[view], _add_head(graph, features, linear), ["n"])
    return graph.model("pad-lite0-linear")


def _add_head(graph: GraphBuilder, features: str, head: LinearHead) -> str:
    centred = graph.add("Sub", [features, graph.constant(head.mean.astype(np.float32))])
    standard = graph.add("Mul", [centred, graph.constant((1 / head.deviation).astype(np.float32))])
    column = graph.constant(head.coefficients.astype(np.float32)[:, None])
    product = graph.add("MatMul", [standard, column])
    logit = graph.add("Add", [product, graph.constant(np.float32(head.bias))])
    return graph.add("Squeeze", [logit, graph.constant(np.array([1]))])


def view_uses(shares: Mapping[PadView, float]) -> dict[PadView, ViewUse]:
    """The card's views for these shares of the fused logit."""
    return {view: ViewUse(OUTPUTS[view], share) for view, share in shares.items()}


def detector_files(model: onnx.ModelProto, card: PadCard) -> tuple[str, dict[str, bytes]]:
    """Return the name of the card, and graph and card by file name.

    Args:
        model: the graph.
        card: its `sha256` is filled in here.
    """
    content = model.SerializeToString(deterministic=True)
    card = replace(card, sha256=hashlib.sha256(content).hexdigest())
    name = f"{Path(card.file).stem}.json"
    return name, {card.file: content, name: (card.as_json() + "\n").encode()}
