"""What is held out of training: whole recordings, copies with originals, no picture twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from countenance.images.image import Image
from countenance.training.augmentation import altered, draw_alteration
from countenance.training.errors import TrainingDataError
from countenance.training.fingerprints import SAME_PICTURE_BITS, fingerprint, same_pictures
from countenance.training.recogniser_features import Seen, Unseen
from countenance.training.recogniser_pictures import Picture, read_people, read_unknown
from countenance.training.recogniser_sides import Sides, arrange
from countenance.training.recogniser_split import hold_out
from countenance.vision.recogniser_card import UNKNOWN
from tests.fixtures.portraits import Person


def folder(tmp_path: Path, people: dict[str, list[str]]) -> Path:
    for person, names in people.items():
        (tmp_path / person).mkdir()
        for name in names:
            (tmp_path / person / name).write_bytes(b"x")
    return tmp_path


def held(tmp_path: Path, people: dict[str, list[str]], **options: float) -> set[str]:
    pictures = read_people(folder(tmp_path, people))
    marks = hold_out(pictures, share=options.get("share", 0.25), seed=int(options.get("seed", 1)))
    return {f"{p.person}/{p.path.name}" for p, out in zip(pictures, marks, strict=True) if out}


def test_of_a_single_series_the_end_is_held_out_in_natural_order(tmp_path: Path) -> None:
    names = [f"frame{n}.jpg" for n in range(1, 13)]
    assert held(tmp_path, {"ada": names, "ben": names[:2]}) == {
        "ada/frame10.jpg",
        "ada/frame11.jpg",
        "ada/frame12.jpg",
        "ben/frame2.jpg",
    }


def test_a_series_is_never_torn_apart(tmp_path: Path) -> None:
    names = [f"clip{c}_{n:03d}.jpg" for c in "abcd" for n in range(5)]
    for seed in range(5):
        place = tmp_path / str(seed)
        place.mkdir()
        out = held(place, {"ada": names, "ben": ["x.jpg", "y.jpg"]}, seed=seed)
        series = {name.split("_")[0] for name in out if name.startswith("ada/")}
        assert len(series) == 1
        assert sum(name.startswith("ada/") for name in out) == 5


def test_the_shortest_series_is_taken_when_each_is_longer_than_the_share(tmp_path: Path) -> None:
    names = [f"long_{n}.jpg" for n in range(9)] + [f"short_{n}.jpg" for n in range(6)]
    out = held(tmp_path, {"ada": names, "ben": ["x.jpg", "y.jpg"]}, share=0.1)
    assert {name for name in out if name.startswith("ada")} == {
        f"ada/short_{n}.jpg" for n in range(6)
    }


def test_folders_inside_that_of_a_person_are_series_of_their_own(tmp_path: Path) -> None:
    for day in ("monday", "tuesday"):
        (tmp_path / "ada" / day).mkdir(parents=True)
        for number in range(3):
            (tmp_path / "ada" / day / f"{number}.jpg").write_bytes(b"x")
    (tmp_path / "ada" / ".trash").mkdir()
    (tmp_path / "ada" / ".trash" / "9.jpg").write_bytes(b"x")
    folder(tmp_path, {"ben": ["x.jpg", "y.jpg"]})
    pictures = read_people(tmp_path)
    assert sum(p.person == "ada" for p in pictures) == 6
    marks = hold_out(pictures, share=0.5, seed=1)
    out = {p.path.parent.name for p, m in zip(pictures, marks, strict=True) if m}
    assert len(out & {"monday", "tuesday"}) == 1


def test_copies_go_with_their_original(tmp_path: Path) -> None:
    names = [f"{n}.jpg" for n in range(1, 5)]
    names += [f"{n}.jpg.aug-00{c}.jpg" for n in range(1, 5) for c in (1, 2)]
    assert held(tmp_path, {"ada": names, "ben": ["x.jpg", "y.jpg"]}) - {
        "ben/x.jpg",
        "ben/y.jpg",
    } == {
        "ada/4.jpg",
        "ada/4.jpg.aug-001.jpg",
        "ada/4.jpg.aug-002.jpg",
    }


def test_a_person_with_one_photograph_and_its_copies_is_refused(tmp_path: Path) -> None:
    people = {"ada": ["1.jpg", "1.jpg.aug-001.jpg"], "ben": ["x.jpg", "y.jpg"]}
    with pytest.raises(TrainingDataError, match="single photograph of ada"):
        held(tmp_path, people)


@pytest.mark.parametrize(
    ("people", "told"),
    [
        ({}, "no folder of a person"),
        ({"ada": ["1.jpg"]}, "only one person"),
        ({"ada": ["1.jpg"], "ben": []}, "ben holds no picture"),
        ({"ada": ["1.jpg"], "Unknown": ["1.jpg"]}, "cannot be called 'Unknown'"),
        ({"ada": ["1.jpg"], "b\x1b[2Jen": ["1.jpg"]}, "cannot be called"),
    ],
)
def test_a_folder_that_holds_no_list_of_people_is_refused(
    people: dict[str, list[str]], told: str, tmp_path: Path
) -> None:
    with pytest.raises(TrainingDataError, match=told):
        read_people(folder(tmp_path, people))


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="Cannot read the folder"):
        read_people(tmp_path / "nowhere")


def test_strangers_are_held_out_whole_and_their_files_may_lie_flat(tmp_path: Path) -> None:
    nested = read_unknown(folder(tmp_path, {p: ["a1.jpg", "b1.jpg"] for p in ("x", "y", "z", "w")}))
    marks = hold_out(nested, share=0.25, seed=1)
    assert {p.person for p in nested} == {UNKNOWN}
    assert len({p.series for p, out in zip(nested, marks, strict=True) if out}) == 1
    assert marks.sum() == 2
    flat = read_unknown(tmp_path / "x")
    assert len({p.series for p in flat}) == 2


def seen(person: str, name: str, *, bits: int, digest: str = "") -> Seen:
    path = Path(person, name)
    origin = str(path.with_name(name.split(".aug-", maxsplit=1)[0]))
    mark = np.random.default_rng(bits).integers(0, 256, 32, dtype=np.uint8)
    return Seen(
        picture=Picture(path, person, person, origin),
        digest=digest or str(path),
        features=np.ones(4, np.float32),
        embedding=np.ones(4, np.float32) / 2,
        quality=0.5,
        fingerprint=mark,
    )


def arranged(people: list[Seen | Unseen], checked: list[Seen | Unseen]) -> Sides:
    return arrange(people, checked, [], share=0.2, seed=1)


def test_pictures_nearly_like_one_to_check_with_are_not_trained_with_nor_are_their_copies() -> None:
    sides = arranged(
        [
            seen("ada", "1.jpg", bits=1),
            seen("ada", "2.jpg", bits=2),
            seen("ada", "2.jpg.aug-001.jpg", bits=3),
            seen("ben", "1.jpg", bits=4),
        ],
        [seen("ada", "3.jpg", bits=2), seen("ben", "2.jpg", bits=5)],
    )
    assert [s.picture.path.name for s in sides.training] == ["1.jpg", "1.jpg"]
    assert sides.nearly_same == 2
    assert sides.counts()["left_out"]["nearly_same_as_validation"] == 2


def test_a_person_of_whom_only_near_copies_are_left_is_named() -> None:
    alike = [seen("ada", f"{n}.jpg", bits=1) for n in (1, 2)]
    with pytest.raises(TrainingDataError, match="No picture of ada is left to train with"):
        arranged([*alike, *(seen("ben", f"{n}.jpg", bits=10 + n) for n in (1, 2))], [])


def test_one_file_under_two_names_is_refused() -> None:
    twice = [seen("ada", "1.jpg", bits=1, digest="d"), seen("ben", "1.jpg", bits=1, digest="d")]
    with pytest.raises(TrainingDataError, match="same file under two names"):
        arranged([*twice], [])


def test_one_file_on_both_sides_is_refused() -> None:
    with pytest.raises(TrainingDataError, match="are the same file"):
        arranged(
            [seen("ada", "1.jpg", bits=1, digest="d")], [seen("ada", "2.jpg", bits=1, digest="d")]
        )


def test_what_shows_no_face_counts_as_no_photograph() -> None:
    empty = Unseen(Picture(Path("ada/0"), "ada", "ada", "ada/0"), "no_face", "no face in ada/0")
    people: list[Seen | Unseen] = [empty, seen("ada", "1.jpg", bits=1)]
    with pytest.raises(TrainingDataError, match="single photograph of ada"):
        arranged(people, [])
    sides = arranged([*people, seen("ada", "2.jpg", bits=2)], [])
    assert (len(sides.training), len(sides.validation)) == (1, 1)
    assert sides.counts()["left_out"]["no_face"] == 1


def test_copies_are_not_checked_with() -> None:
    pictures = [seen("ada", name, bits=n) for n, name in enumerate(("1.jpg", "2.jpg"))]
    sides = arranged([*pictures, seen("ada", "2.jpg.aug-001.jpg", bits=3)], [])
    assert [s.picture.path.name for s in sides.validation] == ["2.jpg"]
    assert len(sides.training) == 1
    assert sides.counts()["left_out"]["copies_of_validation"] == 1


def test_a_saved_again_picture_keeps_its_fingerprint_and_an_altered_one_does_not(
    portraits: dict[Person, NDArray[np.uint8]],
) -> None:
    image = Image(portraits[Person.COLLINS])
    noise = np.random.default_rng(1).integers(-4, 5, image.pixels.shape)
    again = Image(np.clip(image.pixels + noise, 0, 255).astype(np.uint8))
    other = altered(image, draw_alteration(np.random.default_rng(1)))
    marks = np.stack([fingerprint(view) for view in (again, other)])
    assert same_pictures(marks, fingerprint(image)[None]).tolist() == [0, -1]
    assert np.bitwise_count(marks[0] ^ fingerprint(image)).sum() <= SAME_PICTURE_BITS / 2
    assert same_pictures(marks, marks[:0]).tolist() == [-1, -1]
