"""The SFace embedder: 128 numbers of an aligned face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from countenance.biometrics.embeddings import Embedding, normalised
from countenance.geometry.landmarks import Landmarks5
from countenance.images.crops import align, tensor_of, write_pixels
from countenance.images.image import ColourOrder, Image
from countenance.vision.backends.onnx.session import Session


class SFaceEmbedder:
    """A `FaceEmbedder`."""

    def __init__(self, session: Session, *, pack: str) -> None:
        self._session = session
        self._pack = pack

    @property
    def pack(self) -> str:
        return self._pack

    def embed(self, image: Image, *, landmarks: Landmarks5) -> Embedding:
        return self.embed_aligned(align(image, landmarks=landmarks))

    def embed_aligned(self, face: Image) -> Embedding:
        """Embed a face that is aligned already; `face` is 112 x 112."""
        return normalised(self._session.run({"data": self._feed(face)})[0][0], pack=self._pack)

    def _feed(self, face: Image) -> NDArray[np.uint8] | NDArray[np.float32]:
        if not self._session.takes_pixels:
            return tensor_of(face.to(ColourOrder.RGB).pixels)
        sides = face.height_px, face.width_px
        batch = np.empty((1, *sides, self._session.pixel_channels), np.uint8)
        write_pixels(face, batch[0], order=ColourOrder.RGB)
        return batch
