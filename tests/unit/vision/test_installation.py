"""Files take their places checked and together, or not at all."""

from __future__ import annotations

import bz2
import dataclasses
import errno
import os
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self, cast

import pytest

from countenance.vision.cards import Download, ModelCard, shipped_card
from countenance.vision.downloads import Patience
from countenance.vision.errors import InstallationError
from countenance.vision.installation import Source, install
from countenance.vision.model_store import digest_of
from tests.fakes.mirrors import Mirror, cut_after, endless, serve, status, whole

FIRST = b"a detector" * 3000
SECOND = b"an embedder" * 3000
QUICK = Patience(wait_s=5, pauses_s=(0, 0))


def card_of(name: str, content: bytes, *, packing: str = "") -> ModelCard:
    suffix = ".bz2" if packing else ""
    offered = Download(f"https://publisher.example/{name}{suffix}", len(content), packing)
    return dataclasses.replace(
        shipped_card("yunet"),
        name=name,
        file=name,
        sha256=digest_of(content),
        alternatives={},
        download=offered,
    )


ONE, TWO = card_of("one.onnx", FIRST), card_of("two.onnx", SECOND)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serve() as found:
        found.files = {"one.onnx": FIRST, "two.onnx": SECOND, "two.onnx.bz2": bz2.compress(SECOND)}
        yield found


def at(mirror: Mirror, card: ModelCard, *, suffix: str = "") -> Source:
    return Source(card, f"{mirror.url}/{card.file}{suffix}", card.file)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_files_of_a_pack_are_placed_for_their_owner_alone(
    mirror: Mirror, tmp_path: Path
) -> None:
    folder = tmp_path / "home" / "models"
    placed = install([at(mirror, ONE), at(mirror, TWO)], folder, patience=QUICK)
    assert [path.read_bytes() for path in placed] == [FIRST, SECOND]
    assert names(folder) == ["one.onnx", "two.onnx"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in placed} == {0o600}


def test_a_compressed_file_is_kept_unpacked(mirror: Mirror, tmp_path: Path) -> None:
    (place,) = install([at(mirror, TWO, suffix=".bz2")], tmp_path, patience=QUICK)
    assert place.read_bytes() == SECOND
    assert names(tmp_path) == ["two.onnx"]


def test_a_transfer_that_breaks_off_in_the_middle_ends_right(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.answers = [cut_after(20_000), whole]
    (place,) = install([at(mirror, ONE)], tmp_path, patience=QUICK)
    assert place.read_bytes() == FIRST


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (FIRST[:-1] + b"!", "SHA-256"),
        (FIRST[:-1], "SHA-256"),
        (FIRST + b"!", "more than the file can have"),
        (b"", "SHA-256"),
    ],
)
def test_a_wrong_file_leaves_the_right_one_in_its_place(
    mirror: Mirror, tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / "one.onnx").write_bytes(FIRST)
    mirror.files["one.onnx"] = content
    with pytest.raises(InstallationError, match=told):
        install([at(mirror, ONE)], tmp_path, patience=QUICK)
    assert names(tmp_path) == ["one.onnx"]
    assert (tmp_path / "one.onnx").read_bytes() == FIRST


@pytest.mark.parametrize("answer", [status(404), endless, cut_after(10)])
def test_without_the_second_file_the_first_is_not_placed_either(
    mirror: Mirror, tmp_path: Path, answer: object
) -> None:
    mirror.answers = [whole, answer]  # type: ignore[list-item]
    with pytest.raises(InstallationError):
        install([at(mirror, ONE), at(mirror, TWO)], tmp_path, patience=QUICK)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("packed", "told"),
    [
        (b"no bzip2", "cannot be unpacked"),
        (bz2.compress(SECOND)[:-10], "cannot be unpacked"),
        (b"", "cannot be unpacked"),
        (bz2.compress(SECOND + b"!"), "larger than"),
        (bz2.compress(bytes(50_000_000)), "larger than"),  # 45 bytes that would fill a disk
    ],
    ids=["no archive", "cut short", "empty", "one byte too many", "a bomb"],
)
def test_a_bad_archive_is_refused(mirror: Mirror, tmp_path: Path, packed: bytes, told: str) -> None:
    mirror.files["two.onnx.bz2"] = packed
    with pytest.raises(InstallationError, match=told):
        install([at(mirror, TWO, suffix=".bz2")], tmp_path, patience=QUICK)
    assert names(tmp_path) == []


class FullDisk:
    """A file whose disk is full after so many bytes."""

    def __init__(self, inner: BinaryIO, *, room: int) -> None:
        self._inner = inner
        self._room = room

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._inner.close()

    def write(self, data: bytes) -> int:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._inner.write(data)


def full_disk(folder: Path) -> tuple[BinaryIO, Path]:
    handle, name = tempfile.mkstemp(dir=folder)
    return cast("BinaryIO", FullDisk(os.fdopen(handle, "w+b"), room=10_000)), Path(name)


def test_a_full_disk_is_told_and_leaves_nothing(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match="No space left") as caught:
        install([at(mirror, ONE)], tmp_path, patience=QUICK, open_temporary=full_disk)
    assert "Free some space" in caught.value.remedy
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_told(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="ascii")
    with pytest.raises(InstallationError, match="cannot be written"):
        install([at(mirror, ONE)], tmp_path / "file" / "models", patience=QUICK)
    assert mirror.asked == []


def test_a_local_file_is_copied_and_checked(tmp_path: Path) -> None:
    given = tmp_path / "given.onnx"
    given.write_bytes(FIRST)
    (place,) = install([Source(ONE, given, "one.onnx")], tmp_path / "models")
    assert place.read_bytes() == FIRST == given.read_bytes()
    with pytest.raises(InstallationError, match="cannot be read"):
        install([Source(ONE, tmp_path / "none", "one.onnx")], tmp_path / "models")
    with pytest.raises(InstallationError, match="cannot be read"):
        install([Source(ONE, tmp_path, "one.onnx")], tmp_path / "models")


def test_two_installations_at_once_both_end_right(mirror: Mirror, tmp_path: Path) -> None:
    places: list[bytes] = []

    def run() -> None:
        placed = install([at(mirror, ONE), at(mirror, TWO)], tmp_path, patience=QUICK)
        places.extend(path.read_bytes() for path in placed)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(places) == sorted([FIRST, SECOND] * 2)
    assert names(tmp_path) == ["one.onnx", "two.onnx"]


def test_what_a_killed_process_left_is_swept_and_a_running_one_spared(
    mirror: Mirror, tmp_path: Path
) -> None:
    for name, at_s in ((".installing-old", 1e9), (".installing-new", None)):
        (tmp_path / name).write_bytes(b"half")
        if at_s is not None:
            os.utime(tmp_path / name, (at_s, at_s))
    install([at(mirror, ONE)], tmp_path, patience=QUICK)
    assert names(tmp_path) == [".installing-new", "one.onnx"]
