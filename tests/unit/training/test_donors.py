"""Nobody who is held out is printed, and photographs are nobody's presentation."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from countenance.datasets.errors import LeakError
from countenance.datasets.manifest import Kind, Presentation
from countenance.images.errors import ImageError
from countenance.pad.species import PaiSpecies
from countenance.training.donors import Donors, digest_of_all, photographs_in, picture_file
from countenance.training.errors import TrainingDataError


def picture(path: Path, grey: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((8, 8, 3), grey, np.uint8))
    return path


def shown(
    path: Path, source: str, species: PaiSpecies | None = None, kind: Kind = Kind.FULL_FRAME
) -> Presentation:
    return Presentation(path, source, "", species, kind)


@pytest.fixture
def presentations(tmp_path: Path) -> list[Presentation]:
    return [
        shown(picture(tmp_path / "a.png", 10), "home"),
        shown(picture(tmp_path / "b.png", 20), "home"),
        shown(picture(tmp_path / "c.png", 30), "office"),
        shown(picture(tmp_path / "d.png", 40), "office", PaiSpecies.PRINT),
        shown(picture(tmp_path / "e.png", 50), "office", kind=Kind.TIGHT_CROP),
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("one/1.png", "one/2.JPG", "two/3.png"):
        picture(tmp_path / "faces" / name, 100 + len(name) + ord(name[-5]))
    (tmp_path / "faces" / "notes.txt").write_text("no picture")
    return tmp_path / "faces"


def drawn(presentations: list[Presentation], of: int, photographs: tuple[Path, ...]) -> list[str]:
    files = [picture_file(p.path) for p in presentations]
    donors = Donors(presentations, files, photographs)
    found = donors.draw(presentations[of], files[of], count=200, rng=np.random.default_rng(1))
    return [file.path.name for file in found]


def test_without_photographs_somebody_else_of_the_source_is_printed(
    presentations: list[Presentation],
) -> None:
    assert set(drawn(presentations, 0, ())) == {"b.png"}
    assert set(drawn(presentations, 2, ())) == {"c.png"}, "alone in its source: itself"


def test_half_of_the_prints_show_somebody_of_the_folder(
    presentations: list[Presentation], folder: Path
) -> None:
    names = drawn(presentations, 0, photographs_in(folder))
    assert set(names) == {"b.png", "1.png", "2.JPG", "3.png"}
    assert 0.35 < names.count("b.png") / len(names) < 0.65


@pytest.mark.parametrize("of", [3, 4])
def test_nothing_is_drawn_over_attacks_and_crops(
    presentations: list[Presentation], folder: Path, of: int
) -> None:
    assert drawn(presentations, of, photographs_in(folder)) == []


def test_a_photograph_that_is_a_presentation_is_refused(
    presentations: list[Presentation], folder: Path
) -> None:
    shutil.copy(presentations[3].path, folder / "copy.png")
    with pytest.raises(LeakError, match=r"copy\.png"):
        drawn(presentations, 0, photographs_in(folder))


def test_a_folder_without_images_is_told_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="no image") as refused:
        photographs_in(tmp_path)
    assert "--photographs" in refused.value.remedy


def test_a_photograph_that_is_gone_is_named(presentations: list[Presentation]) -> None:
    with pytest.raises(ImageError, match=r"nobody\.png"):
        drawn(presentations, 0, (Path("nobody.png"),))


def test_the_digest_follows_what_the_files_hold(folder: Path) -> None:
    before = digest_of_all(photographs_in(folder))
    assert digest_of_all(photographs_in(folder)) == before
    picture(folder / "two" / "3.png", 7)
    assert digest_of_all(photographs_in(folder)) != before
    assert digest_of_all(()) == "none"
