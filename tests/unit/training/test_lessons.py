"""A teacher is asked about copies of crops, and what it said of a held-out source is not learnt."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from countenance.datasets.manifest import Kind, Presentation
from countenance.geometry.boxes import Box
from countenance.geometry.landmarks import Landmarks5
from countenance.images.errors import ImageError
from countenance.images.image import Image
from countenance.training.copies import TAUGHT_COPIES
from countenance.training.features import FeatureTable
from countenance.training.lessons import Lessons, Teaching, gather_lessons
from countenance.training.teaching import LIMIT
from countenance.vision.interfaces import DetectedFace
from countenance.vision.pad_card import PadView

FACE = Box(15, 15, 45, 55)
ASKED = 1 + TAUGHT_COPIES


@dataclass(slots=True)
class Brightness:
    """A teacher that says how bright a picture is, and remembers what it was shown."""

    name: str = "brightness/1"
    shown: list[tuple[int, int]] = field(default_factory=list)

    def log_odds(self, image: Image, *, face: Box) -> float:
        assert (face.width_px, face.height_px) == (image.width_px, image.height_px)
        self.shown.append((image.width_px, image.height_px))
        return float(image.pixels.mean()) / 10


class MeanColour:
    key = "mean-colour"
    size_px = 16

    def extract(self, pictures: np.ndarray) -> np.ndarray:
        return pictures.mean(axis=(1, 2)).astype(np.float32)


class OneFace:
    def detect(self, image: Image, *, max_side_px: int | None = None) -> tuple[DetectedFace, ...]:
        points = np.array([[22, 28], [38, 28], [30, 38], [24, 46], [36, 46]], np.float32)
        return (DetectedFace(FACE, Landmarks5(points), 0.9),) if image.pixels.any() else ()


def shown(folder: Path, name: str, level: int, kind: Kind) -> Presentation:
    path = folder / f"{name}.png"
    cv2.imwrite(str(path), np.full((64, 80, 3), level, np.uint8))
    return Presentation(path, name, "", None, kind)


@pytest.fixture
def presentations(tmp_path: Path) -> list[Presentation]:
    return [
        shown(tmp_path, "frame", 40, Kind.FULL_FRAME),
        shown(tmp_path, "nobody", 0, Kind.FULL_FRAME),
        shown(tmp_path, "crop", 120, Kind.TIGHT_CROP),
    ]


def gathered(presentations: list[Presentation], teacher: Brightness, cache: Path) -> Lessons:
    return gather_lessons(
        presentations,
        teacher=teacher,
        extractor=MeanColour(),
        detector=OneFace(),
        cache=cache,
        seed=3,
        workers=1,
    )


def test_every_face_is_asked_about_several_times_and_as_a_crop(
    presentations: list[Presentation], tmp_path: Path
) -> None:
    teacher = Brightness()
    found = gathered(presentations, teacher, tmp_path / "cache")
    assert found.owner.tolist() == [0] * ASKED + [2] * ASKED
    assert found.features.shape == (2 * ASKED, 3)
    of_frame, of_crop = teacher.shown[:ASKED], teacher.shown[ASKED:]
    assert all(w <= 1.2 * FACE.width_px and h <= 1.2 * FACE.height_px for w, h in of_frame)
    assert of_crop[0] == (80, 64)  # the crop itself, then parts of it
    assert len(set(of_crop)) > 1
    assert found.told[ASKED] == pytest.approx(LIMIT)  # says 12


def test_an_answer_is_kept_and_another_teacher_is_asked_anew(
    presentations: list[Presentation], tmp_path: Path
) -> None:
    first, again, other = Brightness(), Brightness(), Brightness("brightness/2")
    found = gathered(presentations, first, tmp_path)
    repeated = gathered(presentations, again, tmp_path)
    gathered(presentations, other, tmp_path)
    assert len(first.shown) == len(other.shown) == 2 * ASKED
    assert again.shown == []
    assert (repeated.told == found.told).all()


def test_nobody_to_ask_about_teaches_nothing(tmp_path: Path) -> None:
    alone = [shown(tmp_path, "nobody", 0, Kind.FULL_FRAME)]
    lessons = gathered(alone, Brightness(), tmp_path)
    none = np.empty(0, np.int64)
    table = FeatureTable(
        np.empty((0, 3), np.float32), none, none.astype(str), none, none.astype(bool)
    )
    teaching = Teaching(table, np.full(1, np.nan), lessons)
    for view in PadView:
        assert teaching.learn(view, np.ones(1, np.bool_)) is None


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    torn = [Presentation(broken, "a", "", None, Kind.TIGHT_CROP)]
    with pytest.raises(ImageError, match=r"broken\.png"):
        gathered(torn, Brightness(), tmp_path)


@pytest.mark.parametrize("view", list(PadView))
def test_what_was_said_of_a_held_out_presentation_is_not_learnt(view: PadView) -> None:
    rng = np.random.default_rng(4)
    features = rng.normal(size=(60, 5)).astype(np.float32)
    owner = np.arange(60)
    table = FeatureTable(
        features, owner, np.full(60, view.value), np.zeros(60, np.int64), np.ones(60, np.bool_)
    )
    chosen = owner < 40
    honest = features[:, 0].astype(np.float64)
    told = np.where(chosen, honest, -LIMIT)
    spoilt, clean = (
        Teaching(table, said, Lessons(features, said, owner)).learn(view, chosen)
        for said in (told, honest)
    )
    assert spoilt is not None
    assert clean is not None
    assert spoilt.logits(features) == pytest.approx(clean.logits(features), abs=1e-6)
