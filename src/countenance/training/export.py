"""Write a trained detector: one ONNX file and its card, both or neither."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

from countenance.images.image import ColourOrder
from countenance.training import lite0
from countenance.training.errors import TrainingError
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
    features = lite0.add_features(graph, ends, head)
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


def write_detector(folder: Path, model: onnx.ModelProto, card: PadCard) -> Path:
    """Write graph and card into a folder, replacing an older pair of the same name.

    The files are complete before they appear; the card goes last, so that a stop between the two
    leaves a card that refuses the new file, never one that trusts half of it.

    Args:
        folder: made when missing.
        model: the graph.
        card: its `sha256` is filled in here.

    Returns: path of the card.
    Raises: TrainingError: the folder cannot be written.
    """
    content = model.SerializeToString(deterministic=True)
    card = replace(card, sha256=hashlib.sha256(content).hexdigest())
    path = folder / f"{Path(card.file).stem}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(dir=folder, prefix=".writing-"))
        try:
            _write(stage / card.file, content)
            _write(stage / path.name, (card.as_json() + "\n").encode())
            (stage / card.file).replace(folder / card.file)
            (stage / path.name).replace(path)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    except OSError as error:
        raise TrainingError(
            f"The detector cannot be written to {folder}: {error.strerror or error}.",
            remedy="Choose a folder that can be written and has room, with --output.",
        ) from error
    return path


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        with contextlib.suppress(OSError):  # some file systems know no fsync
            os.fsync(file.fileno())
    path.chmod(0o644)
