"""Data sets of an installation: made, found and removed by plain names."""

from __future__ import annotations

from pathlib import Path

import pytest

from countenance.datasets.dataset_folder import DatasetFolder, Declared, Origin
from countenance.datasets.errors import DatasetNotFoundError, DatasetUnwritableError, ManifestError
from countenance.datasets.manifest import Kind
from countenance.datasets.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "lab" / "datasets")


def test_a_data_set_is_made_for_its_owner_alone(shelf: Shelf) -> None:
    assert shelf.names() == ()
    folder = shelf.make("hall")
    shelf.make("desk.2")
    assert shelf.names() == ("desk.2", "hall")
    assert shelf.path("hall") == folder
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder, shelf.root))


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a b", "ä", "x" * 65, "a\n"])
def test_a_name_is_plain_or_refused(shelf: Shelf, name: str) -> None:
    with pytest.raises(ManifestError, match="is no name"):
        shelf.make(name)
    with pytest.raises(DatasetNotFoundError):
        shelf.path(name)
    with pytest.raises(DatasetNotFoundError):
        shelf.remove(name)


def test_a_name_is_taken_once(shelf: Shelf) -> None:
    shelf.make("hall")
    with pytest.raises(ManifestError, match="already"):
        shelf.make("hall")


def test_removal_takes_everything_and_waits_for_nobody_who_collects(shelf: Shelf) -> None:
    folder = shelf.make("hall")
    with DatasetFolder(folder) as data:
        data.add([(Kind.FULL_FRAME, b"x")], of=Declared("a", "b", None), from_=Origin("c", 0, 0.0))
        with pytest.raises(DatasetUnwritableError):
            shelf.remove("hall")
        assert shelf.names() == ("hall",)
    shelf.remove("hall")
    assert list(shelf.root.iterdir()) == []


def test_what_a_killed_removal_left_goes_with_the_next_look(shelf: Shelf) -> None:
    (shelf.make("hall") / "face.png").write_bytes(b"x")
    (shelf.root / "hall").replace(shelf.root / ".gone-1")
    assert shelf.names() == ()
    assert list(shelf.root.iterdir()) == []


def test_a_damaged_data_set_can_be_removed(shelf: Shelf) -> None:
    (shelf.make("hall") / "manifest.csv").write_text("a,b\n1,2\n")
    shelf.remove("hall")
    assert shelf.names() == ()
