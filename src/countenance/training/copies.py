"""The altered copies of a presentation, from which a head learns what cameras and paper change.

A presentation gives its views as a login sees them, the same as another camera or place would have
given them, and, where it is a bona fide frame, prints and masks drawn over it.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from countenance.geometry.boxes import Box
from countenance.images.image import ColourOrder, Image
from countenance.images.views import area_of_surroundings, cut, surroundings
from countenance.training.degradation import (
    Pixels,
    degrade,
    part_region,
    reshape_region,
    zoom_region,
)
from countenance.training.synthesis import FaceInFrame, synthetic_paper_mask, synthetic_print
from countenance.vision.pad_card import PadView

ZOOMS = 2
TAUGHT_COPIES = 5


class Variant(IntEnum):
    """How a row came from its presentation."""

    ORIGINAL = 0
    DEGRADED = 1
    ZOOMED = 2
    RESHAPED = 3
    SYNTHETIC_PRINT = 4
    SYNTHETIC_PAPER_MASK = 5

    @property
    def is_synthetic(self) -> bool:
        """Whether a bona fide frame was turned into an attack."""
        return self >= Variant.SYNTHETIC_PRINT


SYNTHETIC = (
    *[Variant.SYNTHETIC_PRINT] * 4,
    *[Variant.SYNTHETIC_PAPER_MASK] * 2,
)
"""What is drawn over each bona fide frame."""

Picture = tuple[PadView, Variant, Pixels]
"""A view, how it came about, and its pixels, RGB."""


def frame_copies(
    pixels: Pixels, face: FaceInFrame | None, rng: np.random.Generator
) -> list[Picture]:
    """The surroundings as a login sees them, their copies, and one of another shape."""
    view, box = PadView.FULL_FRAME, face.box if face else None
    reshaped = reshape_region(pixels, box, rng).of(pixels)
    whole = Image(pixels, ColourOrder.RGB)
    left, top, right, bottom = area_of_surroundings(whole, face=box)
    centre = box and Box(box.x0 - left, box.y0 - top, box.x1 - left, box.y1 - top)
    copies = _copies(view, pixels[top:bottom, left:right], centre, rng)
    return [*copies, (view, Variant.RESHAPED, reshaped)]


def lone_crop_copies(pixels: Pixels, rng: np.random.Generator) -> list[Picture]:
    """A crop that came without a frame, and one degraded."""
    return _copies(PadView.TIGHT_CROP, pixels, None, rng)[:2]


def crop_copies(face: FaceInFrame, rng: np.random.Generator) -> list[Picture]:
    """The crop of the face, and one of another size degraded."""
    view = PadView.TIGHT_CROP
    loose = _crop(face.pixels, face.box.grown(rng.uniform(0.9, 1.2)))
    return [
        (view, Variant.ORIGINAL, _crop(face.pixels, face.box)),
        (view, Variant.DEGRADED, degrade(loose, rng)),
    ]


def taught_copies(crop: Pixels, rng: np.random.Generator) -> list[Pixels]:
    """The crop, and parts of it as other cameras show them, for a teacher to judge."""
    return [crop, *[_taught_copy(crop, rng) for _ in range(TAUGHT_COPIES)]]


def _taught_copy(crop: Pixels, rng: np.random.Generator) -> Pixels:
    """Half are mirrored and three quarters degraded: a teacher judges what it is shown."""
    part = part_region(crop, rng).of(crop)
    part = np.ascontiguousarray(part[:, ::-1] if rng.random() < 0.5 else part)
    return degrade(part, rng) if rng.random() < 0.75 else part


def synthetic_attack(
    variant: Variant, face: FaceInFrame, donor: FaceInFrame, rng: np.random.Generator
) -> list[Picture]:
    """A print or a paper mask, as full frame and as crop."""
    is_print = variant is Variant.SYNTHETIC_PRINT
    attack = (synthetic_print if is_print else synthetic_paper_mask)(face, donor, rng)
    crop = _crop(attack, face.box.grown(rng.uniform(0.9, 1.2)))
    frame = _surroundings(attack, face.box)
    return [(PadView.FULL_FRAME, variant, frame), (PadView.TIGHT_CROP, variant, crop)]


def _copies(
    view: PadView, pixels: Pixels, face: Box | None, rng: np.random.Generator
) -> list[Picture]:
    """The picture, one degraded copy, and zoomed ones."""
    zooms = [zoom_region(pixels, face, rng).of(pixels) for _ in range(ZOOMS)]
    return [
        (view, Variant.ORIGINAL, pixels),
        (view, Variant.DEGRADED, degrade(pixels, rng)),
        *[(view, Variant.ZOOMED, zoom) for zoom in zooms],
    ]


def _crop(pixels: Pixels, box: Box) -> Pixels:
    return cut(Image(pixels, ColourOrder.RGB), box).pixels


def _surroundings(pixels: Pixels, face: Box | None) -> Pixels:
    return surroundings(Image(pixels, ColourOrder.RGB), face=face).pixels
