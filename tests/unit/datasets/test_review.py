"""Deleted presentations can be put back until the trash is emptied, whatever ends a step."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from countenance.datasets import review, takes
from countenance.datasets.dataset_folder import DatasetFolder, Declared, Origin
from countenance.datasets.errors import DatasetUnwritableError, ManifestError
from countenance.datasets.manifest import MANIFEST_NAME, Kind, read_folder
from countenance.datasets.review import Filter, discard, empty_trash, items_of, put_back, trash_of
from countenance.datasets.takes import Take, add_take, keep_takes, read_takes
from countenance.pad.species import PaiSpecies

LIVE = Declared("hall", "ada", None)
REPLAY = Declared("lab", "ben", PaiSpecies.REPLAY_PHONE)
PICTURES = [(Kind.FULL_FRAME, b"frame"), (Kind.TIGHT_CROP, b"face")]


def take_of(input_: str) -> Take:
    return Take(input=input_, at="2026-11-29T10:00:00+00:00", by="eileen", agreed="yes", note="a,b")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three live presentations of one input, two attacks of another."""
    with DatasetFolder(tmp_path / "set") as data:
        for declared, input_, frames in ((LIVE, "aa" * 32, (0, 5, 9)), (REPLAY, "bb" * 32, (0, 4))):
            add_take(data.path, take_of(input_))
            for frame in frames:
                data.add(PICTURES, of=declared, from_=Origin(input_, frame, frame / 30))
    return tmp_path / "set"


def keys(folder: Path) -> list[str]:
    return [item.key for item in items_of(folder)]


def test_an_item_is_a_frame_with_its_face(folder: Path) -> None:
    items = items_of(folder)
    assert [(item.declared, item.frame) for item in items] == [
        *((LIVE, 0), (LIVE, 5), (LIVE, 9)),
        *((REPLAY, 0), (REPLAY, 4)),
    ]
    assert (folder / items[1].picture).read_bytes() == b"frame"
    assert [kind for kind, _ in items[1].paths] == [Kind.FULL_FRAME, Kind.TIGHT_CROP]
    assert len({item.key for item in items}) == 5


def test_a_filter_takes_what_fits_all_its_words(folder: Path) -> None:
    def found(**words: str) -> int:
        return sum(Filter(**words).takes(item) for item in items_of(folder))

    assert found() == 5
    assert found(label="attack") == found(subject="ben") == found(species="replay_phone") == 2
    assert found(label="attack", subject="ada") == 0


def test_deleted_presentations_train_no_more_and_can_be_put_back(folder: Path) -> None:
    before = keys(folder)
    assert discard(folder, {before[1], before[4], "unknown"}, batch="x") == 2
    assert keys(folder) == [before[0], before[2], before[3]]
    assert len(read_folder(folder)) == 6
    assert [item.key for item in trash_of(folder)] == [before[1], before[4]]
    assert put_back(folder) == 2
    assert sorted(keys(folder)) == sorted(before)
    assert trash_of(folder) == ()
    assert all(path.path.is_file() for path in read_folder(folder))


def test_one_deletion_is_undone_alone(folder: Path) -> None:
    first, second, *_ = keys(folder)
    discard(folder, {first}, batch="one")
    discard(folder, {second}, batch="two")
    assert put_back(folder, batch="two") == 1
    assert [item.key for item in trash_of(folder)] == [first]


def test_an_emptied_trash_leaves_no_picture_and_no_word_of_the_person(folder: Path) -> None:
    discard(folder, {item.key for item in items_of(folder) if item.declared == REPLAY}, batch="x")
    assert empty_trash(folder) == 2
    assert not (folder / "lab").exists()
    assert "ben" not in "".join(path.read_text() for path in folder.glob("*.csv"))
    assert [take.input for take in read_takes(folder)] == ["aa" * 32]
    assert len(items_of(folder)) == 3
    assert put_back(folder) == 0


@pytest.mark.parametrize("step", [discard, put_back])
def test_a_step_that_is_cut_off_midway_loses_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: object
) -> None:
    """Power fails between the writing of the first and of the second file."""
    before = keys(folder)
    if step is put_back:
        discard(folder, {before[0]}, batch="x")
    writes = []

    def fail_at_the_second(path: Path, data: bytes) -> None:
        writes.append(path)
        if len(writes) > 1:
            raise KeyboardInterrupt
        takes.write_private(path, data)

    for module in ("review", "dataset_folder"):
        monkeypatch.setattr(f"countenance.datasets.{module}.write_private", fail_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        if step is put_back:
            put_back(folder)
        else:
            discard(folder, {before[0]}, batch="x")
    assert len(writes) == 2
    assert sorted(keys(folder)) == sorted(before), "a row in both files is not deleted"
    assert trash_of(folder) == ()
    monkeypatch.undo()
    assert discard(folder, {before[0]}, batch="y") == 1
    assert len(trash_of(folder)) == 1


def test_a_full_disk_deletes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys(folder)

    def full(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DatasetUnwritableError, match="No space left"):
        discard(folder, {before[0]}, batch="x")
    monkeypatch.undo()
    assert keys(folder) == before
    assert not list(folder.glob(".*.part"))


def test_nothing_is_deleted_while_somebody_collects(folder: Path) -> None:
    with DatasetFolder(folder), pytest.raises(DatasetUnwritableError, match="Another run"):
        discard(folder, {keys(folder)[0]}, batch="x")


def test_collecting_goes_on_after_a_deletion(folder: Path) -> None:
    discard(folder, {keys(folder)[0]}, batch="x")
    with DatasetFolder(folder) as data:
        data.add(PICTURES, of=LIVE, from_=Origin("cc" * 32, 0, 0.0))
    assert len(items_of(folder)) == 5


def test_a_path_in_the_trash_leads_nowhere_else(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "precious.png").write_bytes(b"mine")
    discard(folder, {keys(folder)[0]}, batch="x")
    path = folder / review.TRASH_NAME
    text = path.read_text()
    path.write_text(text.replace("hall/bona_fide/", "../../", 1).replace("../../aa", "../aa", 1))
    with pytest.raises(ManifestError, match="does not lie"):
        empty_trash(folder)
    assert (tmp_path / "precious.png").exists()


def test_a_foreign_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).write_text("path,label\na.png,attack\n")
    with pytest.raises(ManifestError, match="not the manifest of a collection"):
        items_of(tmp_path)
    assert items_of(tmp_path / "absent") == ()


def test_takes_say_who_agreed_and_go_with_their_pictures(tmp_path: Path) -> None:
    assert read_takes(tmp_path) == ()
    add_take(tmp_path, take_of("one"))
    add_take(tmp_path, take_of("two"))
    assert read_takes(tmp_path)[0] == take_of("one")
    keep_takes(tmp_path, {"two"})
    assert [take.input for take in read_takes(tmp_path)] == ["two"]
    assert (tmp_path / takes.TAKES_NAME).stat().st_mode & 0o077 == 0
