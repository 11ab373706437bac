"""The presentations that went worst: bona fide with low scores, attacks with high ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from countenance.datasets.manifest import Kind, Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.evaluation.contact_sheet import Tile, contact_sheet, thumbnail
from countenance.evaluation.pad_charts import species_name
from countenance.evaluation.pad_json import name_of
from countenance.evaluation.pad_measurement import PadMeasurement
from countenance.evaluation.report_page import heading, page, paragraph
from countenance.geometry.boxes import Box
from countenance.images.codec import read_image
from countenance.images.image import Image
from countenance.images.video import open_video
from countenance.vision.interfaces import FaceDetector
from countenance.vision.presented_face import presented_face

SHOWN: Final = 24
"""Presentations of each class."""
_SURROUNDINGS: Final = 1.7
"""Of the face box, beside the margin of a thumbnail: bezels and hands are the evidence."""
_SEARCHED_FRAMES: Final = 90
"""Of a clip, for a picture of it."""


def worst_errors_page(measured: PadMeasurement, *, detector: FaceDetector, root: Path) -> str:
    """A page of faces; it is kept apart so that the report can be passed on without it."""
    threshold = measured.report.at.threshold
    bona_fide, attacks = _ranked(measured.scored)
    return page(
        "Worst errors",
        lead="This page shows faces. Keep it where the pictures themselves may be kept.",
        body=[
            heading("Bona fide, least sure"),
            paragraph("Wrong labels, odd light, cameras that the detector has not met."),
            contact_sheet(
                _tile(entry, f"{score:.3f}" + (", refused" if score < threshold else ""),
                      is_wrong=score < threshold, detector=detector, root=root)
                for entry, score in bona_fide
            ),
            heading("Attacks, taken for bona fide"),
            paragraph("Wrong labels again, replays that fill the frame, and true failures."),
            contact_sheet(
                _tile(entry, f"{score:.3f}" + (", passed" if score >= threshold else ""),
                      is_wrong=score >= threshold, detector=detector, root=root)
                for entry, score in attacks
            ),
        ],
    )  # fmt: skip


_Ranked = list[tuple[ScoredPresentation, float]]


def _ranked(scored: Sequence[ScoredPresentation]) -> tuple[_Ranked, _Ranked]:
    told = [(e, e.bona_fide_score) for e in scored if e.bona_fide_score is not None]
    told.sort(key=lambda pair: pair[1])
    bona_fide = [pair for pair in told if pair[0].presentation.is_bona_fide]
    attacks = [pair for pair in reversed(told) if not pair[0].presentation.is_bona_fide]
    return bona_fide[:SHOWN], attacks[:SHOWN]


def _tile(
    entry: ScoredPresentation, title: str, *, is_wrong: bool, detector: FaceDetector, root: Path
) -> Tile:
    shown = entry.presentation
    image, face = _picture(shown, detector)
    kind = "" if shown.species is None else f"{species_name(shown.species)}: "
    return Tile(
        (thumbnail(image, face=face),), kind + title, (name_of(shown.path, root),), is_wrong
    )


def _picture(shown: Presentation, detector: FaceDetector) -> tuple[Image, Box]:
    """A picture and the part of it to be seen; all of it where no face is found again."""
    if shown.kind is Kind.CLIP:
        return _frame(shown.path, detector)
    image = read_image(shown.path)
    face = presented_face(detector, image) if shown.kind is Kind.FULL_FRAME else None
    return image, face.grown(_SURROUNDINGS) if face else _whole(image)


def _frame(path: Path, detector: FaceDetector) -> tuple[Image, Box]:
    """The first frame of a clip that shows a face, else its first."""
    first: Image | None = None
    with open_video(path) as video:
        for frame in islice(video.frames(), _SEARCHED_FRAMES):
            first = first or frame.image
            face = presented_face(detector, frame.image)
            if face is not None:
                return frame.image, face.grown(_SURROUNDINGS)
    assert first is not None  # noqa: S101 # nosec B101 # a video without a frame is unreadable
    return first, _whole(first)


def _whole(image: Image) -> Box:
    return Box(0, 0, image.width_px, image.height_px)
