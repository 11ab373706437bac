"""The MiniFASNet pair: two small networks, each on a crop of its own width around the face."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.geometry.boxes import Box
from countenance.images.crops import tensor_of
from countenance.images.image import ColourOrder, Image
from countenance.vision.backends.onnx.minifasnet_graph import INPUT, SIDE_PX
from countenance.vision.backends.onnx.session import Session, open_session
from countenance.vision.cards import ModelCard
from countenance.vision.errors import ModelInvalidError
from countenance.vision.model_store import ModelStore

BONA_FIDE: Final = 1
"""Class of the networks; 0 and 2 are attacks."""
_LEAST: Final = 1e-6
"""Probabilities nearer to 0 or 1 count as this."""
_GOLDEN_TOLERANCE: Final = 2e-3
"""Of a logit: between processors the last digits differ, a wrong graph differs by whole numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class MiniFasNet:
    """One network and how much of the surroundings it is shown."""

    session: Session
    box_scale: float
    """Edge of the crop over that of the face box."""

    def logits(self, crop: Image) -> NDArray[np.float32]:
        """(3,) of a crop of 80 x 80."""
        pixels = crop.to(ColourOrder.BGR).pixels
        return np.asarray(self.session.run({INPUT: tensor_of(pixels)})[0][0], np.float32)


class MiniFasNetPair:
    """Both networks; implements `vision.pad_fusion.SecondOpinion`. Safe to share by threads."""

    def __init__(self, networks: Sequence[MiniFasNet], *, name: str) -> None:
        self._networks = tuple(networks)
        self._name = name

    @classmethod
    def load(
        cls, store: ModelStore, cards: Sequence[ModelCard], *, name: str, threads: int = 1
    ) -> MiniFasNetPair:
        """Check, prepare and load the networks, and try each on the inputs of its card.

        Args:
            store: where the checkpoints lie.
            cards: one for each network.
            name: and version, for people.
            threads: of one inference.

        Raises: VisionError: a file is missing, altered, no such network, or gives other numbers
            than its card says.
        """
        return cls([_load(store, card, threads=threads) for card in cards], name=name)

    @property
    def name(self) -> str:
        return self._name

    def log_odds(self, image: Image, *, face: Box) -> float:
        """What the two together say of a presentation.

        The probabilities of the class bona fide are averaged, as the publisher does.

        Args:
            image: the whole frame.
            face: pixels of `image`; the whole image where a picture shows a face alone.

        Returns: log-odds of bona fide, positive is bona fide, within about 14.
        """
        return _log_odds(float(np.mean([self._probability(one, image, face)
                                        for one in self._networks])))  # fmt: skip

    def _probability(self, network: MiniFasNet, image: Image, face: Box) -> float:
        logits = network.logits(cut_surroundings(image, face=face, scale=network.box_scale))
        powers = np.exp(logits.astype(np.float64) - float(logits.max()))
        return float(powers[BONA_FIDE] / powers.sum())


def cut_surroundings(image: Image, *, face: Box, scale: float) -> Image:
    """Cut the face with its surroundings and bring it to 80 x 80.

    The box grows around its centre, but never beyond the size of the image, and is then pushed
    back inside: the crop shows no border, and near an edge the face is not in its middle. Both
    networks were trained with crops made in this way, stretched with bilinear interpolation
    whatever their size.

    Args:
        image: any size; colour order is kept.
        face: pixels of `image`.
        scale: edge of the crop over that of `face`.

    Source: the rule of `CropImage` in the publisher's `src/generate_patches.py`.
    """
    right, bottom = image.width_px - 1, image.height_px - 1
    scale = min(scale, right / face.width_px, bottom / face.height_px)
    (x, y) = face.centre
    x0, x1 = _inside(x, face.width_px * scale, right)
    y0, y1 = _inside(y, face.height_px * scale, bottom)
    part = np.ascontiguousarray(image.pixels[y0 : y1 + 1, x0 : x1 + 1])
    small = cv2.resize(part, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_LINEAR)
    return Image(np.asarray(small, np.uint8), image.order)


def _inside(middle: float, length: float, last: int) -> tuple[int, int]:
    """First and last pixel of a stretch that is moved until it lies within 0..last."""
    low, high = middle - length / 2, middle + length / 2
    if low < 0:
        low, high = 0.0, length
    if high > last:
        low, high = max(0.0, last - length), float(last)
    return int(low), int(high)


def drawn_crop(seed: str) -> Image:
    """A crop of noise that is the same everywhere: bytes of SHAKE-256."""
    content = hashlib.shake_256(seed.encode()).digest(SIDE_PX * SIDE_PX * 3)
    return Image(np.frombuffer(content, np.uint8).reshape(SIDE_PX, SIDE_PX, 3))


def _load(store: ModelStore, card: ModelCard, *, threads: int) -> MiniFasNet:
    session = open_session(store.prepared(card), threads=threads)
    network = MiniFasNet(session, float(card.parameters["box_scale"]))
    vectors: Sequence[dict[str, Any]] = card.parameters["golden"]
    for vector in vectors:
        found = network.logits(drawn_crop(vector["seed"]))
        if not np.allclose(found, vector["logits"], rtol=0, atol=_GOLDEN_TOLERANCE):
            raise ModelInvalidError(
                f"The network {card.name} does not compute here what its card says.",
                remedy="Set COUNTENANCE_ENGINE_PAD_FUSION=off, and report it with your processor.",
            )
    return network


def _log_odds(probability: float) -> float:
    kept = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(kept / (1 - kept))
