"""A list of pairs is checked before any image is read."""

from pathlib import Path

import pytest

from countenance.evaluation.errors import PairsError
from countenance.evaluation.matching_pairs import PairList, PeopleFrom, read_pairs

IMAGES = ("p/1", "p/2", "p/3", "q/1", "q/2", "r/1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for image in IMAGES:
        (tmp_path / image).parent.mkdir(exist_ok=True)
        (tmp_path / image).touch()
    return tmp_path


def read(folder: Path, *rows: str, everyone: bool = False) -> PairList:
    path = folder / "pairs.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return read_pairs(path, root=folder, everyone=everyone)


def test_each_image_is_there_once_however_it_is_written(folder: Path) -> None:
    found = read(folder, "a,b,same", "p/1,p/2,1", "./p/1,q/../p/3,1", "p/2,q/1,0")
    assert found.images == ("p/1", "p/2", "p/3", "q/1")
    assert [(pair.a, pair.b, pair.is_mated) for pair in found.pairs] == [
        (0, 1, True), (0, 2, True), (1, 3, False),
    ]  # fmt: skip
    assert [pair.line for pair in found.pairs] == [2, 3, 4]
    assert found.paths()[0] == folder / "p/1"


def test_a_person_is_a_folder_where_every_row_agrees(folder: Path) -> None:
    found = read(folder, "a,b,same", "p/1,p/2,1", "p/3,q/1,0")
    assert found.people_from is PeopleFrom.FOLDERS
    assert found.people.tolist() == [0, 0, 0, 1]


def test_columns_that_name_people_go_before_folders(folder: Path) -> None:
    head = "a,b,same,person_a,person_b"
    found = read(folder, head, "p/1,q/1,1,ada,ada", "p/1,p/2,0,ada,ben", everyone=True)
    assert found.people_from is PeopleFrom.COLUMNS
    assert found.people.tolist() == [0, 0, 1]


def test_where_folders_contradict_mated_pairs_join_images(folder: Path) -> None:
    found = read(folder, "a,b,same", "p/1,q/1,1", "q/1,r/1,1", "p/1,p/2,0")
    assert found.people_from is PeopleFrom.PAIRS
    assert found.people.tolist() == [0, 0, 0, 1]


def test_folds_are_numbered_as_they_appear(folder: Path) -> None:
    found = read(folder, "a,b,same,fold", "p/1,p/2,1,ten", "p/1,q/1,0,two", "p/2,q/1,0,ten")
    assert [pair.fold for pair in found.pairs] == [0, 1, 0]


def test_a_spreadsheets_byte_order_mark_and_blanks_are_no_trouble(folder: Path) -> None:
    found = read(folder, "\ufeffa,b,same", " p/1 , p/2 , 1 ")
    assert found.images == ("p/1", "p/2")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["a,b"], "column same is missing"),
        (["a;b;same", "p/1;p/2;1"], "column a is missing"),
        (["a,b,same"], "no pairs"),
        (["a,b,same", "p/1,p/2,1", "p/1,p/2,yes"], "line 3 cannot be used: same is 'yes'"),
        (["a,b,same", "p/1,,1"], "line 2 cannot be used: b is empty"),
        (["a,b,same", "p/1"], "line 2 cannot be used: b is empty"),
        (["a,b,same", "p/1,p/./1,1"], "compared with itself"),
        (["a,b,same", "p/1,p/2,1", "p/1,p/9,1"], "line 3 .* is not there"),
        (["a,b,same", "p/1,p,1"], "line 2 .* is a folder"),
        (["a,b,same,fold", "p/1,p/2,1,"], "fold is empty"),
        (["a,b,same,person_a", "p/1,p/2,1,ada"], "column person_a alone"),
        (["a,b,same,person_a,person_b", "p/1,p/2,1,ada,ben"], "the people are ada and ben"),
        (["a,b,same,person_a,person_b", "p/1,p/2,0,ada,ada"], "both images are of ada"),
        (
            ["a,b,same,person_a,person_b", "p/1,p/2,1,ada,ada", "p/1,q/1,0,ben,eve"],
            "line 3 .* of ben here and of ada before",
        ),
        # p/1 is q/1 and q/1 is r/1, so p/1 is r/1.
        (["a,b,same", "p/1,q/1,1", "q/1,r/1,1", "p/1,r/1,0"], "line 4 .* those of one person"),
        (["a,b,same", "p/1,p/2,1", "p/2,p/1,0"], "line 3 .* those of one person"),
    ],
)
def test_a_list_that_makes_no_sense_is_told_with_its_line(
    folder: Path, rows: list[str], told: str
) -> None:
    with pytest.raises(PairsError, match=told) as caught:
        read(folder, *rows)
    assert caught.value.remedy


def test_rows_with_missing_images_are_left_out_on_request(folder: Path) -> None:
    path = folder / "pairs.csv"
    path.write_text("a,b,same\np/1,p/2,1\np/1,p/9,1\nq/9,p/1,0\np/1,q/1,0\n")
    found = read_pairs(path, root=folder, skip_missing=True)
    assert found.images == ("p/1", "p/2", "q/1")
    assert found.rows_skipped == 2
    with pytest.raises(PairsError, match=r"p/9 is not there \(nor are 1 others"):
        read_pairs(path, root=folder)
    with pytest.raises(PairsError, match="no pairs"):
        read_pairs(path, root=folder / "p", skip_missing=True)


@pytest.mark.parametrize(
    ("row", "told"), [("p/1,q/1,1", "people are p and q"), ("p/1,p/2,0", "both images are of p")]
)
def test_to_compare_everyone_folders_have_to_be_people(folder: Path, row: str, told: str) -> None:
    with pytest.raises(PairsError, match=told) as caught:
        read(folder, "a,b,same", row, everyone=True)
    assert "person_a" in caught.value.remedy


def test_a_list_that_is_no_text_is_told(folder: Path) -> None:
    path = folder / "pairs.csv"
    path.write_bytes(b"a,b,same\n\xff\xfe,1,2\n")
    with pytest.raises(PairsError, match=r"pairs\.csv"):
        read_pairs(path, root=folder)


def test_a_list_that_is_not_there_is_told(folder: Path) -> None:
    with pytest.raises(PairsError, match="No such file"):
        read_pairs(folder / "none.csv", root=folder)
