"""A trained recogniser with ONNX Runtime: who of a closed list a face is, or nobody of them.

For files on this machine. Logins never use it: they compare with the one template of the user
who logs in.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countenance.geometry.boxes import Box
from countenance.images.image import ColourOrder, Image
from countenance.images.views import cut, stretch
from countenance.vision.backends.onnx.session import Session, open_session
from countenance.vision.carded_files import read_carded_model
from countenance.vision.engine import StillAnalysis
from countenance.vision.errors import ModelInvalidError
from countenance.vision.recogniser_card import (
    RecogniserCard,
    RecogniserView,
    read_recogniser_card,
)

Probabilities = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recognition:
    """What the recogniser says of faces of one person."""

    name: str | None
    """None when nobody of the list reaches the threshold."""
    probability: float
    """Of the likeliest person, whether named or not; 0..1."""


class OnnxRecogniser:
    """A recogniser. Safe to share by threads."""

    def __init__(self, card: RecogniserCard, session: Session) -> None:
        self.card = card
        """What it is and what it is worth."""
        self._session = session

    @classmethod
    def load(cls, card_path: Path, *, pack: str, threads: int = 1) -> OnnxRecogniser:
        """Load the recogniser of a card.

        Args:
            card_path: the JSON file; the model lies beside it.
            pack: of the engine whose embeddings it will be given.
            threads: of one inference.

        Raises:
            ModelMissingError: card or model cannot be read.
            ModelAlteredError: the model is not the one its card describes.
            ModelInvalidError: card or model make no sense, or it was trained on another pack.
        """
        card = read_recogniser_card(card_path)
        if card.input.view is RecogniserView.EMBEDDING and card.input.pack != pack:
            raise ModelInvalidError(
                f"{card_path} was trained on embeddings of {card.input.pack}; "
                f"this engine makes those of {pack}.",
                remedy="Train it again with 'countenance faces train', or set the pack back.",
            )
        content = read_carded_model(
            card_path.with_name(card.file),
            sha256=card.sha256,
            kind="recogniser",
            source="train it again",
        )
        recogniser = cls(card, open_session(content, threads=threads))
        recogniser.check_vectors()
        return recogniser

    def probabilities(self, image: Image, *, still: StillAnalysis) -> Probabilities | None:
        """How likely each class is for the most prominent face.

        Args:
            image: the whole photograph or frame.
            still: what the engine found in it.

        Returns: (classes,) summing to 1; None without a face.
        """
        if still.face is None or still.embedding is None:
            return None
        if self.card.input.view is RecogniserView.EMBEDDING:
            return self._run(still.embedding.values)
        taken = self.card.input
        picture = face_picture(
            image, box=still.face.box, side_px=taken.side_px, box_scale=taken.box_scale
        )
        return self._run(picture)

    def decide(self, probabilities: Probabilities) -> Recognition:
        """Name the likeliest person, or nobody.

        Args:
            probabilities: (classes,), of one face or the mean over faces of one person.
        """
        known = probabilities[: len(self.card.people)]
        best = int(np.argmax(known))
        value = float(known[best])
        return Recognition(self.card.people[best] if value >= self.card.threshold else None, value)

    def check_vectors(self) -> None:
        """Raises: ModelInvalidError: the graph does not give what its card promises."""
        for vector in self.card.golden:
            found = self._run(drawn_input(self.card, seed=int(vector["seed"])))
            if np.abs(found - np.array(vector["probabilities"])).max() > 1e-3:
                raise _unlike(self.card)

    def _run(self, one: NDArray[Any]) -> Probabilities:
        try:
            rows = self._session.run({self.card.input.name: one[None]})[0]
        except Exception as error:  # the runtime's errors share no narrower public root
            raise _unlike(self.card) from error
        if rows.shape != (1, len(self.card.classes)):
            raise _unlike(self.card)
        return np.asarray(rows[0], np.float64)


def face_picture(image: Image, *, box: Box, side_px: int, box_scale: float) -> NDArray[np.uint8]:
    """(side, side, 3) uint8 RGB: the box of a face, grown and stretched."""
    view = cut(image, box.grown(box_scale)).to(ColourOrder.RGB)
    return stretch(view, width_px=side_px, height_px=side_px)


def drawn_input(card: RecogniserCard, *, seed: int) -> NDArray[Any]:
    """An input that shows nobody, for golden vectors: the same for a seed on every machine."""
    rng = np.random.default_rng(seed)
    if card.input.view is RecogniserView.FACE:
        side_px = card.input.side_px
        return rng.integers(0, 256, (side_px, side_px, 3), dtype=np.uint8)
    values = rng.standard_normal(int(card.data["features"]))
    return (values / np.linalg.norm(values)).astype(np.float32)


def _unlike(card: RecogniserCard) -> ModelInvalidError:
    return ModelInvalidError(
        f"The recogniser {card.file} does not take or give what its card describes.",
        remedy="Train it again with 'countenance faces train'.",
    )
