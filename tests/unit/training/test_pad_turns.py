"""What is held out when, and what may not be on both sides."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from countenance.datasets.errors import DatasetError, LeakError
from countenance.datasets.manifest import Kind, Presentation
from countenance.pad.species import PaiSpecies
from countenance.training.errors import TrainingDataError
from countenance.training.pad_leaks import refuse_copies
from countenance.training.pad_turns import (
    HeldOut,
    by_folder,
    by_source,
    by_source_or_time,
    by_time,
)


def recording(source: str, species: PaiSpecies | None, count: int = 12) -> list[Presentation]:
    return [Presentation(Path(f"{source}/{i}.jpg"), source, "", species) for i in range(count)]


TWO_VIDEOS = [*recording("live", None), *recording("phone", PaiSpecies.REPLAY_PHONE)]


def test_sources_are_held_out_whole_and_all_train_what_is_written() -> None:
    presentations = [
        p
        for name in "abc"
        for p in (*recording(name, None, 3), *recording(name, PaiSpecies.PRINT, 3))
    ]
    turns = by_source(presentations, folds=3)
    for turn in turns.turns:
        assert len({p.source for p, out in zip(presentations, turn.held, strict=True) if out}) == 1
        assert not (turn.trained & turn.held).any()
    assert turns.judged.all()
    assert turns.final.all()


@pytest.mark.parametrize("sources", [("one", "one"), ("live", "phone")])
def test_two_recordings_are_split_by_time_with_a_margin(sources: tuple[str, str]) -> None:
    presentations = [
        *recording(sources[0], None, 20),
        *recording(sources[1], PaiSpecies.REPLAY_PHONE, 20),
    ]
    turns = by_source_or_time(presentations, folds=5)
    assert turns.held_out is HeldOut.TIME
    assert turns.judged.all()
    first = turns.turns[0]
    assert np.flatnonzero(first.held).tolist() == [0, 1, 2, 3, 20, 21, 22, 23]
    assert not first.trained[4]  # the neighbour of the block is not trained with
    assert first.trained[5:20].all()


def test_frames_and_crops_of_one_moment_are_held_out_together() -> None:
    both = [
        Presentation(p.path, p.source, "", p.species, kind)
        for p in TWO_VIDEOS
        for kind in (Kind.FULL_FRAME, Kind.TIGHT_CROP)
    ]
    for turn in by_time(both, folds=4).turns:
        assert np.array_equal(turn.held[::2], turn.held[1::2])


def test_a_class_that_lives_in_one_source_can_only_be_split_by_time() -> None:
    with pytest.raises(TrainingDataError, match="only one class is left"):
        by_source(TWO_VIDEOS, folds=2)
    assert by_source_or_time(TWO_VIDEOS, folds=2).held_out is HeldOut.TIME


def test_one_source_cannot_be_split_by_source() -> None:
    together = [*recording("one", None), *recording("one", PaiSpecies.PRINT)]
    with pytest.raises(LeakError):
        by_source(together, folds=2)


def test_a_single_picture_of_a_class_cannot_be_judged() -> None:
    with pytest.raises(TrainingDataError, match="single presentation"):
        by_time([*recording("a", None), *recording("b", PaiSpecies.PRINT, 1)], folds=4)


def test_a_presentation_without_a_source_is_not_split_by_time_instead() -> None:
    with pytest.raises(DatasetError, match="has no source"):
        by_source_or_time([*TWO_VIDEOS, *recording("", None, 1)], folds=4)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ([Presentation(Path("z.jpg"), "live", "", None)], "source 'live'"),
        ([Presentation(Path("x.jpg"), "d", "ada", PaiSpecies.PRINT)], "subject 'ada'"),
    ],
)
def test_folders_that_share_a_source_or_a_subject_are_refused(
    second: list[Presentation], said: str
) -> None:
    first = [*TWO_VIDEOS, Presentation(Path("y.jpg"), "e", "ada", None)]
    with pytest.raises(LeakError, match=said):
        by_folder(first, second)


def test_only_the_second_folder_is_judged_and_it_is_never_trained_with() -> None:
    turns = by_folder(TWO_VIDEOS, recording("hall", None, 3))
    assert turns.judged.sum() == 3
    assert not (turns.final & turns.judged).any()


def picture(path: Path, seed: int, quality: int = 95) -> Path:
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (12, 16, 3)).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = cv2.resize(small, (320, 240), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(path), pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return path


def drawn(tmp_path: Path, name: str, seeds: tuple[int, ...], quality: int) -> list[Presentation]:
    """One presentation per seed; the even ones are attacks."""
    return [
        Presentation(
            picture(tmp_path / name / f"{seed}.jpg", seed, quality),
            name,
            "",
            None if seed % 2 else PaiSpecies.PRINT,
        )
        for seed in seeds
    ]


@pytest.mark.parametrize(("quality", "said"), [(95, "the same file"), (60, "nearly the same")])
def test_a_picture_in_both_folders_is_refused_by_name(
    tmp_path: Path, quality: int, said: str
) -> None:
    first = drawn(tmp_path, "hall", (1, 2, 3, 4), 95)
    second = drawn(tmp_path, "office", (4, 5), quality)
    with pytest.raises(LeakError, match=said) as caught:
        refuse_copies([*first, *second], by_folder(first, second))
    assert str(Path("hall", "4.jpg")) in str(caught.value)
    assert str(Path("office", "4.jpg")) in str(caught.value)


def test_pictures_of_other_moments_are_no_copies(tmp_path: Path) -> None:
    first, second = drawn(tmp_path, "a", (1, 2, 3), 95), drawn(tmp_path, "b", (4, 5, 6), 95)
    refuse_copies([*first, *second], by_folder(first, second))


def test_a_file_under_two_sources_is_refused(tmp_path: Path) -> None:
    presentations = [
        p for name, seeds in (("a", (1, 2, 9)), ("b", (3, 4)), ("c", (9, 6)))
        for p in drawn(tmp_path, name, seeds, 95)
    ]  # fmt: skip
    with pytest.raises(LeakError, match="the same file"):
        refuse_copies(presentations, by_source(presentations, folds=3))
