"""What the engine and a frozen network see in each picture, kept so that a stopped run goes on.

The rows are as sensitive as the faces: they lie in the run's own folder, for its owner only, and
go with it when the run is done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from countenance.images.codec import FILE_LIMITS, decode_image
from countenance.images.errors import ImageError, ImageUnreadableError
from countenance.images.image import Image
from countenance.training.backbones import Backbone
from countenance.training.fingerprints import fingerprint
from countenance.training.recogniser_pictures import Picture
from countenance.training.work_folder import Arrays, load_arrays, save_arrays
from countenance.vision.engine import Engine

RECIPE = "recogniser/1"


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One picture with a face."""

    picture: Picture
    digest: str
    """SHA-256 of the file."""
    features: NDArray[np.float32]
    """(d,) of the backbone."""
    embedding: NDArray[np.float32]
    """(e,) of the engine, length 1."""
    quality: float
    """0..1."""
    fingerprint: NDArray[np.uint8]
    """(32,) uint8: 256 bits that change little when the picture does."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """A picture that cannot be used."""

    picture: Picture
    reason: str
    """`no_face` or `unreadable`."""
    detail: str


def look_at(
    pictures: Sequence[Picture],
    *,
    engine: Engine,
    backbone: Backbone,
    store: Path,
    on_done: Callable[[], None] = lambda: None,
    workers: int = 2,
) -> list[Seen | Unseen]:
    """Look at every picture, in the order given.

    Args:
        pictures: any number.
        engine: finds and embeds the most prominent face.
        backbone: gives the features.
        store: folder where rows are kept; those that are there already are not computed again.
        on_done: called after each picture, from any thread.
        workers: threads.

    Raises: TrainingError: the store cannot be written.
    """

    def look(picture: Picture) -> Seen | Unseen:
        found = _look(picture, engine, backbone, store)
        on_done()
        return found

    pool = ThreadPoolExecutor(max_workers=workers)
    try:
        return list(pool.map(look, pictures))
    finally:
        # Ctrl-C and errors do not wait for what has not begun.
        pool.shutdown(wait=True, cancel_futures=True)


def _look(picture: Picture, engine: Engine, backbone: Backbone, store: Path) -> Seen | Unseen:
    try:
        content = _read(picture.path)
        digest = hashlib.sha256(content).hexdigest()
        key = hashlib.sha256(f"{RECIPE} {backbone.key} {engine.pack} {digest}".encode())
        path = store / f"{key.hexdigest()}.npz"
        kept = load_arrays(path)
        if kept is None:
            kept = _rows(decode_image(content, limits=FILE_LIMITS), engine, backbone)
            save_arrays(path, kept)
    except ImageError as error:
        return Unseen(picture, "unreadable", f"{picture.path}: {error.message}")
    if not len(kept["embedding"]):
        return Unseen(picture, "no_face", f"no face in {picture.path}")
    return Seen(
        picture=picture,
        digest=digest,
        features=kept["features"],
        embedding=kept["embedding"],
        quality=float(kept["quality"][0]),
        fingerprint=kept["fingerprint"],
    )


def _rows(image: Image, engine: Engine, backbone: Backbone) -> Arrays:
    still = engine.analyse_still(image)
    nothing = np.zeros(0, np.float32)
    has_face = still.face is not None and still.embedding is not None
    return {
        "features": backbone.features(image, still=still) if has_face else nothing,
        "embedding": still.embedding.values if still.embedding is not None else nothing,
        "quality": np.array([still.quality]),
        "fingerprint": fingerprint(image),
    }


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(FILE_LIMITS.max_bytes + 1)
    except OSError as error:
        raise ImageUnreadableError(f"{error.strerror or error}.") from error
