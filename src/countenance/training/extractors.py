"""The frozen network that turns pictures into features."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from countenance.training import lite0
from countenance.vision.backends.onnx.session import open_session


class Lite0Extractor:
    """EfficientNet-Lite0 with its kernels as they are shipped; safe to share by threads."""

    def __init__(self, *, threads: int = 1) -> None:
        """Load the weights.

        Raises: MissingExtraError, CheckpointError: see `lite0.load_weights`.
        """
        graph = lite0.feature_extractor(lite0.load_weights()).SerializeToString(deterministic=True)
        self._key = hashlib.sha256(graph).hexdigest()
        self._session = open_session(graph, threads=threads)

    @property
    def key(self) -> str:
        return self._key

    @property
    def size_px(self) -> int:
        return lite0.SIZE_PX

    def extract(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (n, 2848) float32 of (n, 224, 224, 3) uint8 RGB."""
        # One at a time: a batch is no faster on a processor and needs more memory.
        rows = [self._session.run({"images": picture[None]})[0] for picture in pictures]
        return np.concatenate(rows)
