"""A folder that only grows, and reads whatever ended the run before."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from countenance.datasets.dataset_folder import COLUMNS, DatasetFolder, Declared, Origin
from countenance.datasets.errors import DatasetUnwritableError, ManifestError
from countenance.datasets.manifest import Kind, read_folder
from countenance.pad.species import PaiSpecies

LIVE = Declared("hall", "ada", None)
REPLAY = Declared("hall", "ada", PaiSpecies.REPLAY_PHONE)
PICTURES = [(Kind.FULL_FRAME, b"frame"), (Kind.TIGHT_CROP, b"face")]
DIGEST = "ab" * 32


def filled(folder: Path, *frames: int, declared: Declared = LIVE, digest: str = DIGEST) -> None:
    with DatasetFolder(folder) as data:
        for frame in frames:
            data.add(PICTURES, of=declared, from_=Origin(digest, frame, frame / 30))


def test_what_is_added_reads_as_a_manifest_of_the_trainer(tmp_path: Path) -> None:
    folder = tmp_path / "captures"
    filled(folder, 0, 7)
    filled(folder, 3, declared=REPLAY, digest="cd" * 32)
    found = read_folder(folder)
    assert [p.kind for p in found] == [Kind.FULL_FRAME, Kind.TIGHT_CROP] * 3
    assert [p.species for p in found] == [None] * 4 + [PaiSpecies.REPLAY_PHONE] * 2
    assert {(p.source, p.subject) for p in found} == {("hall", "ada")}
    assert [p.path.read_bytes() for p in found[:2]] == [b"frame", b"face"]


def test_nobody_else_may_look_at_faces(tmp_path: Path) -> None:
    folder = tmp_path / "captures"
    filled(folder, 0)
    for path in (folder, *folder.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_what_an_input_gave_is_known_to_the_next_run(tmp_path: Path) -> None:
    filled(tmp_path, 0, 7)
    with DatasetFolder(tmp_path) as data:
        known = data.known(DIGEST)
        assert known is not None
        assert known.declared == LIVE
        assert known.frames == {0, 7}
        assert data.known("other") is None


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    """A picture without a row, as a killed run leaves it, stays; the new one gets another name."""
    filled(tmp_path, 0)
    left = tmp_path / "hall" / "bona_fide" / f"{DIGEST[:16]}-000001.png"
    left.write_bytes(b"left behind")
    filled(tmp_path, 1)
    assert left.read_bytes() == b"left behind"
    assert [p.path.read_bytes() for p in read_folder(tmp_path)] == [b"frame", b"face"] * 2


@pytest.mark.parametrize("left", [1, 30, 80])
def test_a_half_written_last_row_is_cut_off(tmp_path: Path, left: int) -> None:
    filled(tmp_path, 0)
    manifest = tmp_path / "manifest.csv"
    whole = manifest.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    manifest.write_bytes(whole + last[: min(left, len(last) - 1)])
    filled(tmp_path, 1)
    assert len(read_folder(tmp_path)) == 4


def test_a_half_written_header_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_bytes(b"path,lab")
    filled(tmp_path, 0)
    assert len(read_folder(tmp_path)) == 2


def test_a_full_disk_leaves_no_trace_of_the_last_presentation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, 0)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    content = (tmp_path / "manifest.csv").read_bytes()

    def half(descriptor: int, data: bytes) -> int:
        return real(descriptor, data[: len(data) // 2])

    real = os.write
    with DatasetFolder(tmp_path) as data:
        monkeypatch.setattr("countenance.datasets.dataset_folder.os.write", half)
        with pytest.raises(DatasetUnwritableError, match=os.strerror(errno.ENOSPC)) as caught:
            data.add(PICTURES, of=LIVE, from_=Origin(DIGEST, 1, 0.1))
        monkeypatch.undo()
    assert "stays" in caught.value.remedy
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert (tmp_path / "manifest.csv").read_bytes() == content


def test_two_runs_do_not_write_at_once(tmp_path: Path) -> None:
    with (
        DatasetFolder(tmp_path),
        pytest.raises(DatasetUnwritableError, match="Another run"),
    ):
        DatasetFolder(tmp_path)
    filled(tmp_path, 0)


def test_a_folder_made_for_nothing_goes(tmp_path: Path) -> None:
    filled(tmp_path / "captures")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "captures").write_text("hello")
    with pytest.raises(DatasetUnwritableError, match="is a file"):
        DatasetFolder(tmp_path / "captures")


@pytest.mark.parametrize("content", ["path,label\na.jpg,real\n", "something else", "\xff\xfe"])
def test_a_manifest_of_somebody_else_is_left_alone(tmp_path: Path, content: str) -> None:
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(content, encoding="latin-1")
    with pytest.raises(ManifestError, match="not the manifest of a collection"):
        DatasetFolder(tmp_path)
    assert manifest.read_text(encoding="latin-1") == content


def test_a_row_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    filled(tmp_path, 0)
    row = ("a.png", "attack", "hall", "ada", "hologram", "full_frame", "x", "1", "0.0")
    with (tmp_path / "manifest.csv").open("a") as file:
        file.write(",".join(row) + "\n")
    assert len(row) == len(COLUMNS)
    with pytest.raises(ManifestError, match=r"manifest\.csv:4"):
        DatasetFolder(tmp_path)
