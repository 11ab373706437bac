"""Scores of a passive detector for the presentations of a manifest, frame by frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from countenance.datasets.manifest import Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.images.codec import read_image
from countenance.vision.interfaces import FaceDetector, PadModel


def score_frames(
    presentations: Iterable[Presentation], *, detector: FaceDetector, pad: PadModel
) -> Iterator[ScoredPresentation]:
    """Judge the largest face of each frame, as a login does with a single frame.

    Args:
        presentations: full frames; several faces show one presentation, the largest.
        detector: looks at full size, and at half of it where that finds nobody: a face that
            fills the frame is past the largest that it knows.
        pad: the detector under test.

    Yields: in the order given; a frame without a face has no score.
    Raises: ImageError: a file cannot be read.
    """
    for presentation in presentations:
        image = read_image(presentation.path)
        longest_px = max(image.width_px, image.height_px)
        faces = detector.detect(image) or detector.detect(image, max_side_px=longest_px // 2)
        score = pad.score(image, face=faces[0].box).value if faces else None
        yield ScoredPresentation(presentation, score)


def score_crops(
    presentations: Iterable[Presentation], *, pad: PadModel
) -> Iterator[ScoredPresentation]:
    """Judge pictures that show a face and nothing around it.

    Yields: in the order given; each has a score.
    Raises: ImageError: a file cannot be read. ModelInvalidError: the detector judges no crops.
    """
    for presentation in presentations:
        score = pad.score_crop(read_image(presentation.path))
        yield ScoredPresentation(presentation, score.value)
