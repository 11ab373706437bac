"""A file on its way in: for its owner alone, gone with its conversation, gone after a kill."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from countenance.web.lab.errors import UploadError
from countenance.web.lab.uploads import Upload, sweep_uploads
from countenance.web.lab.wish import FileOffer


def test_it_is_private_whole_when_all_is_there_and_deleted_at_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    with Upload(folder, FileOffer("clip.MP4", 6)) as upload:
        assert upload.path.suffix == ".mp4"
        assert (folder.stat().st_mode | upload.path.stat().st_mode) & 0o077 == 0
        upload.write(b"abc")
        assert not upload.is_whole
        upload.write(b"def")
        assert upload.is_whole
        assert upload.path.read_bytes() == b"abcdef"
        with pytest.raises(UploadError, match="longer than"):
            upload.write(b"g")
    assert list(folder.iterdir()) == []
    upload.close()


@pytest.mark.parametrize(
    "name", ["a.../../x", "x.p y", "x.\u00e4", "x.verylongsuffix", "", "../.."]
)
def test_a_name_decides_nothing_but_a_plain_suffix(tmp_path: Path, name: str) -> None:
    with Upload(tmp_path, FileOffer(name, 1)) as upload:
        assert upload.path.parent == tmp_path
        assert upload.path.suffix == ""


def test_what_a_killed_server_left_goes_and_what_is_held_stays(tmp_path: Path) -> None:
    left = tmp_path / "left.mp4"
    left.write_bytes(b"a face")
    with Upload(tmp_path, FileOffer("held.mp4", 4)) as held:
        assert not left.exists(), "the next upload sweeps"
        left.write_bytes(b"a face")
        sweep_uploads(tmp_path)
        assert (left.exists(), held.path.exists()) == (False, True)
    sweep_uploads(tmp_path / "absent")


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object) -> int:
        raise OSError(28, os.strerror(28))

    with Upload(tmp_path, FileOffer("x.mp4", 4)) as upload:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(UploadError, match="No space left"):
            upload.write(b"abcd")
        monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []
