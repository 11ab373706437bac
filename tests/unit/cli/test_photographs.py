"""Photographs in files: which are looked at, and what is said of those that cannot be read."""

import os
from pathlib import Path

import pytest

from countenance.cli import photographs
from countenance.cli.photographs import examine, list_files
from countenance.images.errors import ImageUnreadableError
from countenance.vision.photographs import Refusal, RefusedPhotograph


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
