"""`countenance faces` on the public-domain portraits, and on input nobody should send."""

import io
import json
import shutil
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from countenance.cli.main import main
from tests.fixtures.portraits import Person, source_picture

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faces") / "home"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Portraits and files that are none."""
    folder = tmp_path_factory.mktemp("pictures")
    collins, hopper = (source_picture(person) for person in Person)
    cv2.imwrite(str(folder / "collins.png"), collins)
    cv2.imwrite(str(folder / "collins-small.jpg"), cv2.resize(collins, None, fx=0.7, fy=0.7))
    cv2.imwrite(str(folder / "hopper.jpg"), hopper)
    cv2.imwrite(str(folder / "nobody.png"), np.full((200, 200, 3), 90, np.uint8))
    both = np.hstack([cv2.resize(collins, (512, 512)), cv2.resize(hopper, (512, 512))])
    cv2.imwrite(str(folder / "both.png"), both)
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("hello")
    (folder / "half.jpg").write_bytes((folder / "hopper.jpg").read_bytes()[:9000])
    (folder / "anim.gif").write_bytes(b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + bytes(30))
    (folder / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (20_000).to_bytes(4, "big") * 2 + bytes(40)
    )
    archive = io.BytesIO()
    zipfile.ZipFile(archive, "w").close()
    (folder / "archive.png").write_bytes(archive.getvalue())
    return {path.name: path for path in folder.iterdir()} | {"folder": folder}


def run(home: Path, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), *map(str, arguments)])


def answer(result: Result) -> dict[str, object]:
    """The one object on standard output."""
    assert len(result.stdout.splitlines()) == 1, result.stdout
    return dict(json.loads(result.stdout))


def test_the_same_person_is_the_same(home: Path, pictures: dict[str, Path]) -> None:
    result = run(
        home, "faces", "verify", pictures["collins.png"], pictures["collins-small.jpg"], "--json"
    )
    assert result.exit_code == 0, result.output
    assert answer(result) == {"same": True, "failure": None, "threshold_fmr": 1e-4}


def test_two_people_are_not_the_same(home: Path, pictures: dict[str, Path]) -> None:
    result = run(
        home, "faces", "verify", pictures["collins.png"], pictures["hopper.jpg"],
        "--json", "--show-score",
    )  # fmt: skip
    assert result.exit_code == 1
    told = answer(result)
    assert told["same"] is False
    assert isinstance(told["similarity"], float)
    assert isinstance(told["threshold"], float)
    assert told["similarity"] < told["threshold"]


def test_an_image_without_a_face_is_a_failure_and_no_mismatch(
    home: Path, pictures: dict[str, Path]
) -> None:
    result = run(home, "faces", "verify", pictures["collins.png"], pictures["nobody.png"], "--json")
    assert result.exit_code == 1
    told = answer(result)
    assert (told["same"], told["failure"]) == (None, "no_face_in_b")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("empty.jpg", "image.not_an_image"),
        ("text.jpg", "image.not_an_image"),
        ("half.jpg", "image.not_an_image"),
        ("anim.gif", "image.not_an_image"),
        ("archive.png", "image.not_an_image"),
        ("bomb.png", "image.too_large"),
        ("folder", "image.unreadable"),
    ],
)
def test_what_is_no_image_is_told(
    home: Path, pictures: dict[str, Path], name: str, code: str
) -> None:
    for arguments in (
        ("verify", pictures["collins.png"], pictures[name]),
        ("identify", pictures[name]),
    ):
        result = run(home, "faces", *arguments, "--json")
        assert result.exit_code == 1
        error = answer(result)["error"]
        assert isinstance(error, dict)
        assert error["code"] == code
        assert error["remedy"]


def test_a_folder_of_people_is_imported_with_a_reason_for_everything_left_out(
    home: Path, pictures: dict[str, Path], tmp_path: Path
) -> None:
    people = {
        "Eileen Collins": ["collins.png", "collins-small.jpg", "nobody.png", "both.png"],
        "hopper": ["hopper.jpg", "half.jpg", "text.jpg", "anim.gif", "bomb.png", "empty.jpg"],
        "mixed": ["collins.png", "hopper.jpg"],
        "nobody": ["nobody.png"],
        "no$name": ["hopper.jpg"],
        "vacant": [],
    }
    for person, files in people.items():
        (tmp_path / person).mkdir()
        for name in files:
            shutil.copy(pictures[name], tmp_path / person / name)
    result = run(home, "faces", "import", tmp_path, "--create-users", "--json")
    assert result.exit_code == 1, result.output
    told = answer(result)
    assert (told["enrolled"], told["left_out"]) == (2, 4)
    found = {person["user"]: person for person in told["people"]}  # type: ignore[attr-defined]
    collins = found["eileen_collins"]
    assert collins["created"]
    assert collins["samples"] == 2
    reasons = {refused["file"]: refused["reason"] for refused in collins["refused"]}
    assert reasons == {"nobody.png": "no_face", "both.png": "several_faces"}
    assert found["hopper"]["samples"] == 1
    assert {refused["reason"] for refused in found["hopper"]["refused"]} == {"unreadable"}
    assert len(found["hopper"]["refused"]) == 5
    assert found["mixed"]["problem"] == "the photographs show different people"
    assert found["nobody"]["problem"] == "no usable photograph"
    assert found["vacant"]["problem"] == "no photograph"
    users = answer(run(home, "users", "list", "--json"))["users"]
    listed = {user["name"]: user["face_samples"] for user in users}  # type: ignore[attr-defined]
    assert listed == {"eileen_collins": 2, "hopper": 1}, "nothing is left of who was left out"

    who = run(home, "faces", "identify", pictures["collins.png"], "--json")
    assert who.exit_code == 0
    assert answer(who)["candidates"] == [{"user": "eileen_collins", "rank": 1}]

    again = run(home, "faces", "import", tmp_path, "--json")
    assert answer(again)["enrolled"] == 0
    assert "--replace" in again.stdout

    assert run(home, "users", "add", "twin").exit_code == 0
    twin = run(home, "faces", "enrol", "twin", "--source", pictures["hopper.jpg"], "--json")
    assert twin.exit_code == 0, twin.output
    assert answer(twin) == {
        "user": "twin", "samples": 1, "refused": [], "same_face_as": ["hopper"],
    }  # fmt: skip
    refused = run(home, "faces", "enrol", "twin", "--source", pictures["hopper.jpg"])
    assert refused.exit_code == 1
    assert "--replace" in refused.stderr
    assert run(home, "faces", "erase", "twin", "--yes").exit_code == 0
    assert "has no face" in run(home, "faces", "erase", "twin", "--yes").stdout
    nothing = run(home, "faces", "enrol", "twin", "--source", pictures["nobody.png"])
    assert nothing.exit_code == 1
    assert "no face" in nothing.stderr


def test_nobody_who_is_enrolled(tmp_path: Path, pictures: dict[str, Path]) -> None:
    result = run(tmp_path / "home", "faces", "identify", pictures["hopper.jpg"], "--json")
    assert result.exit_code == 1
    assert answer(result) == {"candidates": [], "nobody": True, "failure": None}


def test_a_folder_without_folders_is_told(home: Path, pictures: dict[str, Path]) -> None:
    result = run(home, "faces", "import", pictures["folder"])
    assert result.exit_code == 1
    assert "one folder per person" in result.stderr


def test_a_login_frame_is_measured_step_by_step(home: Path) -> None:
    result = run(home, "bench", "login-frame", "--frames", "5", "--json")
    assert result.exit_code == 0, result.output
    told = answer(result)
    assert (told["frames"], told["width_px"], told["height_px"]) == (5, 640, 480)
    stages = ("decode_ms", "detect_ms", "quality_ms", "pad_ms", "embed_ms")
    assert all(told[stage] > 0 for stage in stages)  # type: ignore[operator]
    assert told["total_ms"] >= max(told[stage] for stage in stages)  # type: ignore[type-var, operator]
