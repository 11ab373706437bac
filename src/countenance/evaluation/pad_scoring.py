"""Scores of a passive detector for the presentations of a manifest, picture by picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from countenance.datasets.manifest import Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.images.codec import read_image
from countenance.images.errors import ImageTooLargeError, NotAnImageError
from countenance.images.image import Image
from countenance.vision.interfaces import FaceDetector, PadModel
from countenance.vision.presented_face import presented_face

Unreadable = Callable[[Path, str], None]
"""Told each file that is no image, and why."""


def score_frames(
    presentations: Iterable[Presentation],
    *,
    detector: FaceDetector,
    pad: PadModel,
    on_unreadable: Unreadable,
) -> Iterator[ScoredPresentation]:
    """Judge the largest face of each frame, as a login does with a single frame.

    Yields: in the order given; a frame without a face has no score, an unreadable one is left out.
    Raises: ImageUnreadableError: a file cannot be opened.
    """
    for presentation, image in _read(presentations, on_unreadable):
        face = presented_face(detector, image)
        score = None if face is None else pad.score(image, face=face).value
        yield ScoredPresentation(presentation, score)


def score_crops(
    presentations: Iterable[Presentation], *, pad: PadModel, on_unreadable: Unreadable
) -> Iterator[ScoredPresentation]:
    """Judge pictures that show a face and nothing around it.

    Yields: in the order given; each has a score, an unreadable one is left out.
    Raises: ImageUnreadableError: a file cannot be opened. ModelInvalidError: the detector judges
        no crops.
    """
    for presentation, image in _read(presentations, on_unreadable):
        yield ScoredPresentation(presentation, pad.score_crop(image).value)


def _read(
    presentations: Iterable[Presentation], on_unreadable: Unreadable
) -> Iterator[tuple[Presentation, Image]]:
    for presentation in presentations:
        try:
            image = read_image(presentation.path)
        except (NotAnImageError, ImageTooLargeError) as error:
            on_unreadable(presentation.path, error.message.removeprefix(f"{presentation.path}: "))
            continue
        yield presentation, image
