"""Altered copies: they differ, stay themselves for a seed, and touch nothing that was there."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from countenance.cli.main import main
from countenance.images.codec import read_image
from countenance.images.image import ColourOrder, Image
from countenance.training.augmentation import Alteration, altered, draw_alteration
from tests.fixtures.portraits import Person

STILL = Alteration(
    is_mirrored=False, turn_degrees=0, zoom=1, shift=(0, 0), gain=1, gamma=1, offset=0
)


@pytest.fixture
def people(portraits: dict[Person, NDArray[np.uint8]], tmp_path: Path) -> Path:
    """Two folders of one photograph each."""
    for person, pixels in portraits.items():
        (tmp_path / "people" / person.value).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "people" / person.value / "1.jpg"), pixels)
    return tmp_path / "people"


def augment(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["faces", "augment", *map(str, arguments)])


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_no_alteration_changes_nothing() -> None:
    image = Image(np.arange(30 * 20 * 3, dtype=np.uint8).reshape(30, 20, 3), ColourOrder.RGB)
    same = altered(image, STILL)
    assert np.array_equal(same.pixels, image.pixels)
    assert same.order is ColourOrder.RGB


def test_a_mirror_twice_is_the_picture_again() -> None:
    image = Image(np.random.default_rng(1).integers(0, 256, (17, 24, 3), dtype=np.uint8))
    mirror = Alteration(
        is_mirrored=True, turn_degrees=0, zoom=1, shift=(0, 0), gain=1, gamma=1, offset=0
    )
    assert np.array_equal(altered(altered(image, mirror), mirror).pixels, image.pixels)


def test_every_kind_of_alteration_occurs() -> None:
    drawn = [draw_alteration(np.random.default_rng(seed)) for seed in range(40)]
    assert {a.is_mirrored for a in drawn} == {True, False}
    for name in ("turn_degrees", "offset"):
        values = [getattr(a, name) for a in drawn]
        assert min(values) < 0 < max(values)
    for name in ("zoom", "gain", "gamma"):
        values = [getattr(a, name) for a in drawn]
        assert min(values) < 1 < max(values)


def test_copies_tell_their_source_and_leave_it_alone(people: Path) -> None:
    before = files(people)
    result = augment(people, "--per-image", "3", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == {
        "photographs": 2,
        "written": 6,
        "kept": 0,
        "unreadable": 0,
    }
    after = files(people)
    assert {name: after[name] for name in before} == before
    assert sorted(set(after) - set(before)) == [
        f"{person}/1.jpg.aug-00{n}.jpg" for person in ("collins", "hopper") for n in (1, 2, 3)
    ]
    copies = [read_image(people / "collins" / f"1.jpg.aug-00{n}.jpg") for n in (1, 2)]
    assert not np.array_equal(copies[0].pixels, copies[1].pixels)


def test_copies_depend_on_seed_and_content_alone(people: Path, tmp_path: Path) -> None:
    for output, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        augment(people, "--per-image", "2", "--seed", seed, "--output", tmp_path / output)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert set(files(tmp_path / "a")) == set(files(tmp_path / "c"))
    assert not set(files(tmp_path / "a").values()) & set(files(tmp_path / "c").values())


def test_a_second_run_overwrites_nothing_and_copies_no_copies(people: Path) -> None:
    augment(people, "--per-image", "1")
    (people / "collins" / "1.jpg.aug-001.jpg").write_bytes(b"mine")
    result = augment(people, "--per-image", "2", "--json")
    assert json.loads(result.stdout) == {
        "photographs": 2,
        "written": 2,
        "kept": 2,
        "unreadable": 0,
    }
    assert (people / "collins" / "1.jpg.aug-001.jpg").read_bytes() == b"mine"


def test_what_cannot_be_read_is_skipped_and_counted(people: Path) -> None:
    (people / "collins" / "notes.txt").write_text("no picture")
    (people / "collins" / ".hidden.jpg").write_bytes(b"x")
    result = augment(people, "--per-image", "1", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["unreadable"] == 1
    assert "notes.txt" in result.stderr


@pytest.mark.parametrize(
    ("name", "told"),
    [("nowhere", "is no folder"), ("empty", "holds no photograph"), ("text", "readable image")],
)
def test_a_folder_without_photographs_is_refused(name: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.jpg").write_text("no picture")
    result = augment(tmp_path / name)
    assert result.exit_code == 1
    assert told in result.stderr


def test_an_output_inside_the_folder_is_refused(people: Path) -> None:
    result = augment(people, "--output", people / "more")
    assert result.exit_code == 1
    assert "would be taken for a person" in result.stderr
    assert not (people / "more").exists()


def test_a_disk_without_room_leaves_no_half_copy(people: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir(mode=0o555)
    (tmp_path / "full" / "collins").write_text("in the way")
    result = augment(people, "--output", tmp_path / "full")
    assert result.exit_code == 1
    assert "--output" in result.stderr
    assert files(tmp_path / "full") == {"collins": b"in the way"}
