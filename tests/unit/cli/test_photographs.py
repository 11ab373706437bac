"""Which photographs become samples, with an engine that sees what the test says."""

import os
from pathlib import Path

import numpy as np
import pytest

from countenance.biometrics.embeddings import Embedding, normalised
from countenance.ceremony.evidence import Hint
from countenance.cli import photographs
from countenance.cli.photographs import (
    WORDS,
    Refusal,
    RefusedPhotograph,
    UsablePhotograph,
    collect,
    examine,
    list_files,
)
from countenance.images.errors import ImageUnreadableError


def towards(degrees: float) -> Embedding:
    angle = np.radians(degrees)
    return normalised(np.array([np.cos(angle), np.sin(angle)]), pack="test/1")


def usable(name: str, degrees: float, quality: float = 0.5) -> UsablePhotograph:
    return UsablePhotograph(Path(name), towards(degrees), quality)


def test_the_best_ten_are_used_best_first() -> None:
    seen = [usable(f"{index}.jpg", 0, quality=index / 20) for index in range(13)]
    found = collect(seen, threshold=0.5)
    assert [photo.path.name for photo in found.used] == [f"{i}.jpg" for i in range(12, 2, -1)]
    assert found.left_over == 3
    template = found.template()
    assert template is not None
    assert len(template.samples) == 10


def test_a_stranger_is_refused_and_the_rest_is_used() -> None:
    seen = [usable("a.jpg", 0), usable("b.jpg", 90), usable("c.jpg", 5)]
    found = collect(seen, threshold=0.5)
    assert [(photo.path.name, photo.reason) for photo in found.refused] == [
        ("b.jpg", Refusal.INCONSISTENT)
    ]
    assert len(found.used) == 2


@pytest.mark.parametrize("degrees", [(0, 90), (0, 5, 90, 95), (0, 90, 180)])
def test_a_folder_without_a_majority_gives_nothing(degrees: tuple[float, ...]) -> None:
    found = collect([usable(f"{d}.jpg", d) for d in degrees], threshold=0.5)
    assert found.template() is None
    assert found.is_contradictory
    assert len(found.refused) == len(degrees)


def test_refused_photographs_do_not_count_for_the_majority() -> None:
    seen = [
        RefusedPhotograph(Path("x.jpg"), Hint.BLURRED),
        RefusedPhotograph(Path("y.jpg"), Hint.NO_FACE),
        usable("a.jpg", 0),
    ]
    found = collect(seen, threshold=0.5)
    assert len(found.used) == 1
    assert not found.is_contradictory


def test_nothing_gives_nothing() -> None:
    found = collect([], threshold=0.5)
    assert found.template() is None
    assert not found.is_contradictory


def test_every_reason_has_words() -> None:
    assert set(WORDS) == {*Hint, *Refusal} - {Hint.HOLD_STILL}


def test_an_unreadable_file_says_why_once(tmp_path: Path) -> None:
    path = tmp_path / "note.jpg"
    path.write_text("hello")
    photo = examine(None, path)  # type: ignore[arg-type]  # the engine is not reached
    assert isinstance(photo, RefusedPhotograph)
    assert photo.reason == Refusal.UNREADABLE
    assert str(tmp_path) not in photo.in_words


def test_hidden_files_and_folders_are_no_photographs(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.jpg", ".DS_Store"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "inner").mkdir()
    assert [path.name for path in list_files(tmp_path)] == ["a.jpg", "b.jpg"]
    with pytest.raises(ImageUnreadableError):
        photographs.list_files(tmp_path / "absent")


def test_a_link_that_leads_nowhere_is_told_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "absent.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    found = list_files(tmp_path)
    assert [path.name for path in found] == ["gone.jpg", "loop.jpg"]
    for path in found:
        photo = examine(None, path)  # type: ignore[arg-type]  # the engine is not reached
        assert isinstance(photo, RefusedPhotograph)
        assert photo.reason == Refusal.UNREADABLE
