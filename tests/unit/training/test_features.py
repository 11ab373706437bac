"""Rows are made once per content, and a source's attacks show nobody of another source."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from countenance.datasets.manifest import Kind, Presentation
from countenance.geometry.boxes import Box
from countenance.geometry.landmarks import Landmarks5
from countenance.images.errors import ImageError
from countenance.images.image import Image
from countenance.pad.species import PaiSpecies
from countenance.training.copies import Variant
from countenance.training.features import FeatureTable, extract_table
from countenance.vision.interfaces import DetectedFace
from countenance.vision.pad_card import PadView

POINTS = np.array([[22, 28], [38, 28], [30, 38], [24, 46], [36, 46]], np.float32)


class MeanColour:
    """An extractor whose features are the mean colour; counts the pictures it was given."""

    key = "mean-colour"
    size_px = 16

    def __init__(self) -> None:
        self.pictures = 0

    def extract(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.pictures += len(pictures)
        return pictures.mean(axis=(1, 2)).astype(np.float32)


class FixedFace:
    """A detector that finds one face in a frame, or none in a black one."""

    def detect(self, image: Image, *, max_side_px: int | None = None) -> tuple[DetectedFace, ...]:
        if not image.pixels.any():
            return ()
        return (DetectedFace(Box(15, 15, 45, 55), Landmarks5(POINTS), 0.9),)


def picture(path: Path, colour: tuple[int, int, int]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((64, 80, 3), colour, np.uint8))
    return path


def shown(
    path: Path, source: str, species: PaiSpecies | None = None, kind: Kind = Kind.FULL_FRAME
) -> Presentation:
    return Presentation(path, source, "", species, kind)


def table(
    presentations: list[Presentation], cache: Path, *, extractor: MeanColour, seed: int = 1
) -> FeatureTable:
    return extract_table(
        presentations, extractor=extractor, detector=FixedFace(), cache=cache, seed=seed
    )


@pytest.fixture
def presentations(tmp_path: Path) -> list[Presentation]:
    return [
        shown(picture(tmp_path / "a.png", (10, 20, 200)), "red"),
        shown(picture(tmp_path / "b.png", (12, 22, 210)), "red"),
        shown(picture(tmp_path / "c.png", (200, 20, 10)), "blue", PaiSpecies.PRINT),
        shown(picture(tmp_path / "d.png", (90, 90, 90)), "blue", kind=Kind.TIGHT_CROP),
        shown(picture(tmp_path / "e.png", (0, 0, 0)), "blue"),
    ]


def test_each_kind_gives_its_views_and_copies(
    presentations: list[Presentation], tmp_path: Path
) -> None:
    found = table(presentations, tmp_path / "cache", extractor=MeanColour())
    counts = {
        owner: {
            view: int(np.sum((found.owner == owner) & (found.view == view))) for view in PadView
        }
        for owner in range(5)
    }
    frame, crop = PadView.FULL_FRAME, PadView.TIGHT_CROP
    assert counts[0] == {frame: 11, crop: 8}  # the copies, six synthetic attacks
    assert counts[2] == {frame: 5, crop: 2}  # an attack needs none
    assert counts[3] == {frame: 0, crop: 2}
    assert counts[4] == {frame: 5, crop: 0}  # no face found
    synthetic = found.variant >= Variant.SYNTHETIC_PRINT
    assert not found.is_bona_fide[synthetic].any()
    assert found.is_bona_fide[(found.owner == 0) & ~synthetic].all()


def test_pictures_are_read_in_rgb(presentations: list[Presentation], tmp_path: Path) -> None:
    found = table(presentations[:1], tmp_path / "cache", extractor=MeanColour())
    red, _, blue = found.features[0]
    assert red > 150 > blue


def test_a_rerun_computes_nothing_and_gives_the_same(
    presentations: list[Presentation], tmp_path: Path
) -> None:
    first, second = MeanColour(), MeanColour()
    before = table(presentations, tmp_path / "cache", extractor=first)
    after = table(presentations, tmp_path / "cache", extractor=second)
    assert first.pictures > 0
    assert second.pictures == 0
    assert (before.features == after.features).all()


def test_another_seed_or_content_is_computed_anew(
    presentations: list[Presentation], tmp_path: Path
) -> None:
    table(presentations, tmp_path / "cache", extractor=MeanColour())
    for change in ("seed", "content"):
        if change == "content":
            picture(presentations[3].path, (91, 90, 90))
        again = MeanColour()
        table(presentations, tmp_path / "cache", extractor=again, seed=2 if change == "seed" else 1)
        assert again.pictures > 0


def test_damaged_stored_rows_are_made_anew(
    presentations: list[Presentation], tmp_path: Path
) -> None:
    before = table(presentations, tmp_path / "cache", extractor=MeanColour())
    for path in (tmp_path / "cache").iterdir():
        path.write_bytes(path.read_bytes()[:50])
    after = table(presentations, tmp_path / "cache", extractor=MeanColour())
    assert (before.features == after.features).all()


def test_a_synthetic_attack_holds_nothing_of_another_source(tmp_path: Path) -> None:
    presentations = [
        shown(picture(tmp_path / "a.png", (0, 0, 90)), "red"),
        shown(picture(tmp_path / "b.png", (0, 0, 92)), "red"),
        shown(picture(tmp_path / "g.png", (0, 250, 0)), "green"),
    ]
    alone = table(presentations[:2], tmp_path / "one", extractor=MeanColour())
    together = table(presentations, tmp_path / "two", extractor=MeanColour())
    rows = together.owner < 2
    assert (alone.features == together.features[rows]).all()


def test_an_unreadable_file_is_named(presentations: list[Presentation], tmp_path: Path) -> None:
    presentations[1].path.write_bytes(b"\xff\xd8 half a picture")
    with pytest.raises(ImageError, match=r"b\.png"):
        table(presentations, tmp_path / "cache", extractor=MeanColour())
    presentations[1].path.unlink()
    with pytest.raises(ImageError, match=r"b\.png"):
        table(presentations, tmp_path / "cache", extractor=MeanColour())
