"""Frozen networks whose features a recogniser's head is trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray

from countenance.images.image import Image
from countenance.training import backbones_mobilenet, backbones_resnet, cards, lite0
from countenance.training.errors import CheckpointError
from countenance.training.graphs import GraphBuilder
from countenance.vision.backends.onnx.recogniser import face_picture
from countenance.vision.backends.onnx.session import open_session
from countenance.vision.engine import StillAnalysis
from countenance.vision.packs import FACE_EMBEDDING, shipped_pack
from countenance.vision.recogniser_card import RecogniserInput, RecogniserView
from countenance.vision.torch_weights import read_state_dict

NAMES: Final = ("embedding", "lite0", "mobilenet", "resnet50")
BRING_WEIGHTS: Final = ("mobilenet", "resnet50")
"""Those whose weights the user gives."""
BOX_SCALE: Final = 1.25
SIDE_PX: Final = 224

Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Whose work a backbone is."""

    licence: str
    origin: str
    attribution: str


class Backbone(Protocol):
    """A frozen network; safe to share by threads."""

    @property
    def key(self) -> str:
        """Changes whenever the features would."""

    @property
    def taken(self) -> RecogniserInput:
        """What it looks at."""

    @property
    def provenance(self) -> Provenance:
        """For the card."""

    @property
    def is_quantised(self) -> bool:
        """Whether its kernels are stored as int8 levels."""

    def features(self, image: Image, *, still: StillAnalysis) -> Features:
        """Return (d,) float32 of the most prominent face; `still` has one."""

    def add_to(self, graph: GraphBuilder, *, dimension: int) -> str:
        """Add input and network to a graph; returns the name of the (n, dimension) features."""


class EmbeddingBackbone:
    """The engine's own embedding: the head alone is exported."""

    def __init__(self, *, pack: str) -> None:
        self.key = f"embedding {pack}"
        self.is_quantised = False
        self.taken = RecogniserInput(RecogniserView.EMBEDDING, pack=pack)
        card = shipped_pack(pack.partition("/")[0]).card(FACE_EMBEDDING)
        self.provenance = Provenance(card.licence, card.origin, card.attribution)

    def features(self, image: Image, *, still: StillAnalysis) -> Features:
        assert still.embedding is not None  # noqa: S101 # nosec B101 # a face has one
        return still.embedding.values

    def add_to(self, graph: GraphBuilder, *, dimension: int) -> str:
        return graph.input("embeddings", onnx.TensorProto.FLOAT, ["n", dimension])


class PictureBackbone:
    """A network that looks at the picture of the face; exported with the head."""

    def __init__(
        self,
        add: Callable[[GraphBuilder], str],
        provenance: Provenance,
        *,
        is_quantised: bool = False,
    ) -> None:
        """Load the network.

        Args:
            add: adds input ``images`` and network to a graph; returns the name of the features.
            provenance: of its weights.
            is_quantised: whether kernels are rounded to int8 levels.
        """
        self.is_quantised = is_quantised
        self.taken = RecogniserInput(RecogniserView.FACE, side_px=SIDE_PX, box_scale=BOX_SCALE)
        self.provenance = provenance
        self._add = add
        graph = GraphBuilder(quantise=is_quantised)
        graph.output("features", add(graph), ["n", "d"])
        content = graph.model("features").SerializeToString(deterministic=True)
        self.key = hashlib.sha256(content).hexdigest()
        self._session = open_session(content)

    def features(self, image: Image, *, still: StillAnalysis) -> Features:
        assert still.face is not None  # noqa: S101 # nosec B101 # promised by the caller
        picture = face_picture(image, box=still.face.box, side_px=SIDE_PX, box_scale=BOX_SCALE)
        return np.asarray(self._session.run({"images": picture[None]})[0][0], np.float32)

    def add_to(self, graph: GraphBuilder, *, dimension: int) -> str:
        return self._add(graph)


def open_backbone(name: str, *, weights: Path | None, pack: str) -> Backbone:
    """Load a backbone.

    Args:
        name: one of `NAMES`.
        weights: a PyTorch state dict; for those of `BRING_WEIGHTS` alone.
        pack: of the engine.

    Raises:
        MissingExtraError: the carrier of EfficientNet-Lite0 is not installed.
        CheckpointError: the weights cannot be read, or are those of another architecture.
        ModelInvalidError: they are no plain PyTorch checkpoint.
    """
    if name == "embedding":
        return EmbeddingBackbone(pack=pack)
    if name == "lite0":
        provenance = Provenance(cards.LITE0_LICENCE, cards.LITE0_ORIGIN, cards.LITE0_ATTRIBUTION)
        return PictureBackbone(_add_lite0, provenance, is_quantised=True)
    network = backbones_mobilenet if name == "mobilenet" else backbones_resnet
    content = _read(weights)
    tensors = read_state_dict(content)
    network.check(tensors)
    origin = f"{name} from a file of the user's, SHA-256 {hashlib.sha256(content).hexdigest()}"
    return PictureBackbone(
        lambda graph: network.add_features(graph, tensors),
        Provenance(cards.OWN_LICENCE, origin, "That of the weights that were given."),
    )


def _add_lite0(graph: GraphBuilder) -> str:
    size = (lite0.SIZE_PX, lite0.SIZE_PX)
    images = lite0.add_normalised_input(graph, size_px=size, mean=lite0.MEAN, std=lite0.STD)
    ends, head = lite0.add_backbone(graph, images, lite0.load_weights())
    return lite0.add_features(graph, ends, head)


def _read(path: Path | None) -> bytes:
    if path is None:
        raise CheckpointError(
            "This backbone needs weights.", remedy="Give torchvision's .pth file with --weights."
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"The weights {path} cannot be read: {error.strerror or error}.",
            remedy="Check the path given with --weights.",
        ) from error
