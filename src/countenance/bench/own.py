"""Our own lanes: the engine as a login uses it, and its parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from countenance.bench.errors import BenchError
from countenance.bench.footage import Footage
from countenance.bench.timing import Timing, timed
from countenance.biometrics.embeddings import Embedding
from countenance.biometrics.templates import Template, template_of
from countenance.images.codec import CAPTURE_LIMITS, decode_image
from countenance.images.crops import align
from countenance.images.image import Image
from countenance.images.views import stretch
from countenance.vision.engine import Engine
from countenance.vision.interfaces import DetectedFace
from countenance.vision.observer import FrameAnalysis, Observer

SMALL_PX = (320, 256)
"""Width and height of the smaller detector measurement."""


@runtime_checkable
class AlignedEmbedder(Protocol):
    """An embedder that takes a face as it is, so that both sides embed the same pixels."""

    def embed_aligned(self, face: Image) -> Embedding:
        """Embed a face of 112 x 112 pixels."""


class Login:
    """Frames in their order through one observer, as in a login; a clip that ends begins anew."""

    def __init__(self, engine: Engine, template: Template) -> None:
        self._engine = engine
        self._template = template
        self._observer: Observer = engine.observer()
        self._last = -1

    def frame(self, numbered: tuple[int, Image]) -> FrameAnalysis:
        """A decoded frame to evidence; `numbered` is its place in the clip and itself."""
        index, image = numbered
        return self._observer.analyse(
            image, sequence=index, at_s=index / 30, template=self._template
        )

    def jpeg(self, numbered: tuple[int, bytes]) -> FrameAnalysis:
        """An encoded frame to evidence."""
        index, data = numbered
        return self.frame((index, decode_image(data, limits=CAPTURE_LIMITS)))

    def begin_anew_before(self, index: int) -> None:
        """Take another observer when the clip has begun again."""
        if index <= self._last:
            self._observer = self._engine.observer()
        self._last = index


class LoginTurn:
    """The work of a lane: the next frames of a login."""

    def __init__(
        self, login: Login, footage: Footage, jpegs: Sequence[bytes] | None = None
    ) -> None:
        self._login = login
        self._footage = footage
        self._jpegs = jpegs

    def from_jpegs(self, jpegs: Sequence[bytes]) -> LoginTurn:
        """The same, from encoded frames."""
        return LoginTurn(self._login, self._footage, jpegs)

    def __call__(self, frames: Sequence[int]) -> Timing:
        self._login.begin_anew_before(frames[0])
        if self._jpegs is not None:
            return timed(self._login.jpeg, [(index, self._jpegs[index]) for index in frames])
        return timed(self._login.frame, [(index, self._footage.frame(index)) for index in frames])


class Parts:
    """Detector and embedder alone."""

    def __init__(self, engine: Engine, footage: Footage, crops: NDArray[np.uint8]) -> None:
        if not isinstance(engine.embedder, AlignedEmbedder):
            raise BenchError("This embedder takes no aligned face.", remedy="Use the default pack.")
        self._detector, self._embedder = engine.detector, engine.embedder
        self._footage, self._crops = footage, crops

    def detect(self, frames: Sequence[int]) -> Timing:
        """Search frames at their own size."""
        images = [self._footage.frame(index) for index in frames]
        return timed(self._detector.detect, images)

    def detect_small(self, small: NDArray[np.uint8], frames: Sequence[int]) -> Timing:
        """Search frames that were scaled down beforehand."""
        return timed(self._detector.detect, [Image(small[index]) for index in frames])

    def embed(self, frames: Sequence[int]) -> Timing:
        """Embed aligned faces."""
        return timed(self._embedder.embed_aligned, [Image(self._crops[index]) for index in frames])


def largest_faces(engine: Engine, footage: Footage) -> list[DetectedFace]:
    """The largest face of every frame; where there is none, that of the frame before.

    Raises: BenchError: no frame shows a face.
    """
    found = [engine.detector.detect(footage.frame(index))[:1] for index in range(len(footage))]
    known = next((faces[0] for faces in found if faces), None)
    if known is None:
        raise BenchError(
            f"No face is found in the frames of {footage.name}.",
            remedy="Name a video of one face before a webcam with --clip.",
        )
    largest = []
    for faces in found:
        known = faces[0] if faces else known
        largest.append(known)
    return largest


def aligned(footage: Footage, faces: Sequence[DetectedFace]) -> NDArray[np.uint8]:
    """(n, 112, 112, 3) uint8 BGR: the face of every frame."""
    crops = [
        align(footage.frame(index), landmarks=face.landmarks).pixels
        for index, face in enumerate(faces)
    ]
    return np.stack(crops)


def scaled_down(footage: Footage) -> NDArray[np.uint8]:
    """(n, 256, 320, 3) uint8: every frame at `SMALL_PX`."""
    width, height = SMALL_PX
    images = (footage.frame(index) for index in range(len(footage)))
    return np.stack([stretch(image, width_px=width, height_px=height) for image in images])


def template_from(engine: Engine, footage: Footage, faces: Sequence[DetectedFace]) -> Template:
    """A template of the first frame's face: its comparison belongs to a frame."""
    image = footage.frame(0)
    return template_of([engine.embedder.embed(image, landmarks=faces[0].landmarks)])
