"""A gallery in a folder: what is saved comes back, and nothing else ever does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countenance.biometrics.comparison import PackMismatchError
from countenance.biometrics.identification import Gallery
from countenance.biometrics.templates import Template
from countenance.identity.errors import GalleryFilesError
from countenance.identity.gallery_files import GalleryFolder

PACK = "test/1"


def face(seed: int, *, dimension: int = 16) -> Template:
    row = np.random.default_rng(seed).normal(size=(1, dimension))
    return Template((row / np.linalg.norm(row)).astype(np.float32), PACK)


def people(count: int, *, block_rows: int = 4) -> Gallery:
    faces = ((f"p{n}", face(n)) for n in range(count))
    return Gallery(PACK, block_rows=block_rows).changed(faces)


def contents(gallery: Gallery) -> dict[str, bytes]:
    return {
        key: row.tobytes()
        for block in gallery.blocks
        for key, row in zip(block.keys, block.rows, strict=True)
    }


def saved(folder: Path, gallery: Gallery) -> GalleryFolder:
    files = GalleryFolder(folder)
    files.save(gallery)
    return files


@settings(max_examples=25)
@given(
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 5)), max_size=8),
    block_rows=st.integers(1, 4),
)
def test_what_is_saved_comes_back(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, int, int]], block_rows: int
) -> None:
    folder = tmp_path_factory.mktemp("gallery")
    files, gallery = GalleryFolder(folder), Gallery(PACK, block_rows=block_rows)
    for generation, (is_put, number, seed) in enumerate(steps, 1):
        put = [(f"ключ {number}", face(seed))] if is_put else []
        gallery = gallery.changed(put, removed=[] if is_put else [f"ключ {number}"])
        files.save(gallery)
        assert files.generation == generation
        back = GalleryFolder(folder).open(pack=PACK)
        assert back.keys() == gallery.keys()
        assert contents(back) == contents(gallery)


def test_mapped_rows_are_searched_like_those_in_memory_and_lie_on_a_page(tmp_path: Path) -> None:
    gallery = people(9)
    saved(tmp_path, gallery)
    mapped = GalleryFolder(tmp_path).open(pack=PACK)
    for block in mapped.blocks:
        assert block.rows.ctypes.data % 4096 == 0
        assert not block.rows.flags.writeable
    found = mapped.look_alikes(face(5), threshold=-1.0, limit=4)
    assert found == gallery.look_alikes(face(5), threshold=-1.0, limit=4)


def test_a_change_writes_only_the_blocks_that_it_touches(tmp_path: Path) -> None:
    files = saved(tmp_path, people(9))
    before = {path.name for path in tmp_path.glob("*.block")}
    files.save(files.open(pack=PACK).changed([("p5", face(50))]))
    after = {path.name for path in tmp_path.glob("*.block")}
    assert (len(before), len(before & after), len(after)) == (3, 2, 3)


def test_a_removed_face_is_in_no_file(tmp_path: Path) -> None:
    files = saved(tmp_path, people(9))
    gone = face(5).samples.tobytes()
    assert any(gone in path.read_bytes() for path in tmp_path.iterdir())
    files.save(files.open(pack=PACK).changed(removed=["p5"]))
    assert not any(gone in path.read_bytes() for path in tmp_path.iterdir())
    assert not any(b'"p5"' in path.read_bytes() for path in tmp_path.iterdir())


def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    saved(tmp_path / "new", people(3))
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()} == {0o600}
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_another_pack_is_refused(tmp_path: Path) -> None:
    saved(tmp_path, people(3))
    with pytest.raises(PackMismatchError, match=r"test/1 does not compare with other/1"):
        GalleryFolder(tmp_path).open(pack="other/1")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.999])
def test_a_truncated_block_is_told(tmp_path: Path, share: float) -> None:
    saved(tmp_path, people(9))
    path = sorted(tmp_path.glob("*.block"))[1]
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(GalleryFilesError, match=r"damaged.*restore a backup"):
        GalleryFolder(tmp_path).open(pack=PACK)


@settings(max_examples=40)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), which=st.integers(0, 3))
def test_a_flipped_bit_anywhere_is_told(
    tmp_path_factory: pytest.TempPathFactory, at: float, bit: int, which: int
) -> None:
    folder = tmp_path_factory.mktemp("gallery")
    saved(folder, people(9))
    path = sorted(p for p in folder.iterdir() if p.name != ".lock")[which]
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 1 << bit
    path.write_bytes(content)
    try:
        back = GalleryFolder(folder).open(pack=PACK)
    except (GalleryFilesError, PackMismatchError):
        return
    assert contents(back) == contents(people(9)), "only white space of the manifest may differ"


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        (None, "There is no gallery"),
        (b"", "cannot be read"),
        (b"\x89PNG\r\n", "cannot be read"),
        (b"[1, 2]", "no gallery of this product"),
        (b'{"format": "another"}', "no gallery of this product"),
        (b'{"format": "countenance-gallery", "version": 2}', "has version 2"),
        (b'{"format": "countenance-gallery", "version": 1}', "not what was written"),
    ],
)
def test_what_is_no_gallery_is_told(tmp_path: Path, manifest: bytes | None, told: str) -> None:
    if manifest is not None:
        (tmp_path / "gallery.json").write_bytes(manifest)
    with pytest.raises(GalleryFilesError, match=told) as caught:
        GalleryFolder(tmp_path).open(pack=PACK)
    assert caught.value.remedy


def test_a_missing_block_is_told(tmp_path: Path) -> None:
    saved(tmp_path, people(9))
    next(tmp_path.glob("*.block")).unlink()
    with pytest.raises(GalleryFilesError, match="a block is missing"):
        GalleryFolder(tmp_path).open(pack=PACK)


def test_of_two_writers_the_later_is_refused(tmp_path: Path) -> None:
    first = saved(tmp_path, people(3))
    second = GalleryFolder(tmp_path)
    gallery = second.open(pack=PACK)
    first.save(people(4))
    with pytest.raises(GalleryFilesError, match=r"another process.*Open it again"):
        second.save(gallery.changed(removed=["p0"]))
    second.save(second.open(pack=PACK).changed(removed=["p0"]))
    assert GalleryFolder(tmp_path).open(pack=PACK).keys() == ["p1", "p2", "p3"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(GalleryFilesError, match=r"cannot be written.*permissions"):
        GalleryFolder(tmp_path / "file").save(people(1))


WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from countenance.identity.gallery_files import GalleryFolder
    from tests.unit.identity.test_gallery_files import PACK, face

    # Generation g holds every key with the face of seed g: a mixture would show.
    files = GalleryFolder(Path(sys.argv[1]))
    gallery = files.open(pack=PACK)
    print("ready", flush=True)
    while True:
        seed = files.generation + 1
        gallery = gallery.changed([(key, face(seed)) for key in gallery.keys()])
        files.save(gallery)
    """
)


def start_writer(folder: Path) -> subprocess.Popen[str]:
    faces = ((f"p{n}", face(1)) for n in range(12))
    saved(folder, Gallery(PACK, block_rows=4).changed(faces))
    root = Path(__file__).resolve().parents[3]
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True, cwd=root
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    return writer


def is_of_one_generation(folder: Path) -> bool:
    files = GalleryFolder(folder)
    found = set(contents(files.open(pack=PACK)).values())
    return found == {face(files.generation).samples.tobytes()}


def test_a_killed_writer_leaves_the_old_gallery_or_the_new(tmp_path: Path) -> None:
    for round_number in range(5):
        folder = tmp_path / str(round_number)
        writer = start_writer(folder)
        while b'"generation": 1,' in (folder / "gallery.json").read_bytes():
            threading.Event().wait(0.001)
        threading.Event().wait(0.004 * round_number)  # lands in another part of the next saves
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
        assert is_of_one_generation(folder)
        files = GalleryFolder(folder)
        files.save(files.open(pack=PACK))  # the next writer goes on, and cleans up
        manifest = json.loads((folder / "gallery.json").read_bytes())
        listed = {entry["file"] for entry in manifest["blocks"]}
        assert {p.name for p in folder.iterdir()} == listed | {"gallery.json", ".lock"}


def test_readers_beside_a_writer_see_whole_generations(tmp_path: Path) -> None:
    writer = start_writer(tmp_path)
    try:
        for _ in range(60):
            assert is_of_one_generation(tmp_path)
    finally:
        writer.kill()
        writer.communicate()


def test_a_reader_keeps_what_it_has_mapped(tmp_path: Path) -> None:
    files = saved(tmp_path, people(9))
    mapped = GalleryFolder(tmp_path).open(pack=PACK)
    before = contents(mapped)
    files.save(people(2))
    assert contents(mapped) == before
