#!/usr/bin/env python3
"""Measure how far the activations of the embedder and of the passive detector's backbone reach.

    tools/measure_ranges.py --faces DIR --frames DIR

Both folders are searched for photographs; a face must be found in each that counts. Writes
src/countenance/vision/weights/ranges/*.json, which hold two numbers a tensor and nothing of any
picture. Run it again after a change of `prepare` or of a backbone.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from countenance.images.codec import read_image
from countenance.images.crops import align, tensor_of
from countenance.images.image import ColourOrder, Image
from countenance.vision.backends.onnx.pad import OnnxPadModel, shipped_pad_card
from countenance.vision.backends.onnx.ranges import FOLDER, kernels_of
from countenance.vision.backends.onnx.session import Session, open_session
from countenance.vision.cards import shipped_card
from countenance.vision.engine import open_recognition
from countenance.vision.interfaces import DetectedFace, FaceDetector
from countenance.vision.model_store import ModelStore

Feed = dict[str, NDArray[np.generic]]
Reach = dict[str, tuple[float, float]]

FUSED = frozenset({"Relu", "Clip"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--frames", type=Path, required=True)
    parser.add_argument("--count", type=int, default=64, help="photographs of each folder")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder)
        detector, _, _ = open_recognition(models)
        faces = list(found(detector, asked.faces, asked.count))
        frames = list(found(detector, asked.frames, asked.count))
        sface = ModelStore(models).prepared(shipped_card("sface"))
    write("sface", sface, (face_feed(image, face) for image, face in faces))
    pad = OnnxPadModel.load()
    content = shipped_pad_card().with_name(pad.card.file).read_bytes()
    feeds = ({"images": pad.pictures(image, face=face.box)} for image, face in frames)
    write("lite0", content, feeds)


def found(detector: FaceDetector, folder: Path, count: int) -> Iterator[tuple[Image, DetectedFace]]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".jpg", ".webp", ".png"))
    for path in paths[:: max(1, len(paths) // count)]:
        image = read_image(path)
        faces = detector.detect(image, max_side_px=640)
        if faces:
            yield image, faces[0]


def face_feed(image: Image, face: DetectedFace) -> Feed:
    aligned = align(image, landmarks=face.landmarks).to(ColourOrder.RGB)
    return {"data": tensor_of(aligned.pixels)}


def write(name: str, model: bytes, feeds: Iterable[Feed]) -> None:
    proto = onnx.load_model_from_string(model)
    kernels = kernels_of(proto.graph)
    tensors = list(measured(proto.graph))
    for tensor in tensors:
        shape = ["n", "channels", "height", "width"]
        proto.graph.output.append(helper.make_tensor_value_info(tensor, TensorProto.FLOAT, shape))
    reach = reaches(open_session(proto.SerializeToString()), tensors, feeds)
    content = {
        "kernels": [float(f"{value:.6g}") for value in kernels],
        "tensors": {key: [float(f"{edge:.5g}") for edge in pair] for key, pair in reach.items()},
    }
    path = FOLDER / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"{path}: {len(tensors)} tensors")


def measured(graph: onnx.GraphProto) -> Iterator[str]:
    """Tensors between convolutions; a convolution and the limit after it are one."""
    planes: set[str] = set()
    for node in graph.node:
        uses = [other for other in graph.node if node.output[0] in other.input]
        if node.op_type == "Conv":
            planes.add(node.output[0])
            if not all(use.op_type in FUSED for use in uses):
                yield node.output[0]
        elif node.op_type in (*FUSED, "Add") and node.input[0] in planes:
            planes.add(node.output[0])
            yield node.output[0]


def reaches(session: Session, tensors: list[str], feeds: Iterable[Feed]) -> Reach:
    reach: Reach = dict.fromkeys(tensors, (0.0, 0.0))
    for feed in feeds:
        values = dict(zip(session.output_names, session.run(feed), strict=True))
        for name in tensors:
            low, high = float(values[name].min()), float(values[name].max())
            reach[name] = min(reach[name][0], low), max(reach[name][1], high)
    return reach


if __name__ == "__main__":
    main()
