"""Commands and the camera connection on every form of image: the right answer or a clear no."""

from __future__ import annotations

import csv
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner, Result

from countenance.bootstrap import Container
from countenance.ceremony.protocol import MAX_IMAGE_BYTES
from countenance.cli.main import main
from countenance.vision.engine import Engine
from tests.fakes.cameras import Camera, close_all
from tests.fakes.doors import open_door
from tests.fakes.servers import serving
from tests.fixtures.bad_images import bad_images, good_images, one_pixel, write_all
from tests.fixtures.portraits import Person, source_picture

PORTRAIT = source_picture(Person.COLLINS)
GOOD = good_images(PORTRAIT)
BAD = bad_images(PORTRAIT)
NO_FILES = ("folder.jpg", "loop.jpg", "gone.jpg", "missing.jpg")
"""Names of what is no file at all."""
DOTS = one_pixel()

# Part of what is said of each; what is not listed says that it is damaged or ends too early.
SAID = {
    "empty.jpg": "The image is empty",
    "text.jpg": "no image of an accepted format",
    "zeros.png": "no image of an accepted format",
    "drawing.svg": "no image of an accepted format",
    "bomb.jpg": "20000 x 20000 pixels",
    "bomb.png": "20000 x 20000 pixels",
    "bomb.bmp": "20000 x 20000 pixels",
    "really-large.png": "20000 x 20000 pixels",
    "thousand-scans.jpg": "at most 100 are accepted",
    "picture.gif": "GIF files are not accepted",
    "film.gif": "GIF files are not accepted",
    "picture.tiff": "TIFF files are not accepted",
    "picture.jp2": "JPEG 2000 files are not accepted",
    "picture.heic": "HEIC files are not accepted",
    "picture.avif": "AVIF files are not accepted",
    "paper.pdf": "PDF files are not accepted",
    "folder.jpg": "Is a directory",
    "loop.jpg": "Too many levels of symbolic links",
    "gone.jpg": "No such file",
    "missing.jpg": "No such file",
}


@pytest.fixture(scope="module", autouse=True)
def _engine_opened_once() -> Iterator[None]:
    """Commands on the same home share its engine: how models are opened is tested elsewhere."""
    opened: dict[Path, Engine] = {}
    open_anew = Container._open_engine

    def opened_once(container: Container) -> Engine:
        home = container.settings.home
        if home not in opened:
            opened[home] = open_anew(container)
        return opened[home]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Container, "_open_engine", opened_once)
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with one user whose face is enrolled."""
    home = tmp_path_factory.mktemp("images") / "home"
    people = tmp_path_factory.mktemp("people")
    (people / "eileen").mkdir()
    write_all(people / "eileen", {"a.png": GOOD["grey.png"], "b.jpg": GOOD["turned-1.jpg"]})
    done = run(home, "faces", "import", people, "--create-users", "--json")
    assert done.exit_code == 0, done.output
    return home


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_all(folder, GOOD | BAD | DOTS)
    (folder / "folder.jpg").mkdir()
    (folder / "loop.jpg").symlink_to(folder / "loop.jpg")
    (folder / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    return folder


def run(home: Path, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), *map(str, arguments)])


def assert_refused(result: Result, said: str) -> None:
    """One message and a remedy on standard error, one object on standard output, no trace."""
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1
    message, remedy = result.stderr.strip().splitlines()[-2:]
    assert message.startswith("Error: ")
    assert said in message
    assert remedy.endswith(".")
    assert json.loads(result.stdout)["error"]["code"].startswith("image.")


def what_is_said(name: str) -> str:
    return SAID.get(name, f"The {_kind(name)} image")


def _kind(name: str) -> str:
    return name.rpartition(".")[2].replace("jpg", "jpeg")


@pytest.mark.parametrize("name", GOOD)
def test_a_photograph_of_a_person_is_that_person_in_every_form(
    name: str, home: Path, files: Path
) -> None:
    result = run(home, "faces", "identify", files / name, "--json")
    assert json.loads(result.stdout)["candidates"] == [{"user": "eileen", "rank": 1}]


@pytest.mark.parametrize("name", ["cmyk.jpg", "sixteen-bit.png", "turned-5.jpg", "cut-out.png"])
def test_two_forms_of_a_photograph_show_the_same_person(name: str, home: Path, files: Path) -> None:
    result = run(home, "faces", "verify", files / "plain.bmp", files / name, "--json")
    assert json.loads(result.stdout)["same"] is True


@pytest.mark.parametrize("name", [*BAD, *NO_FILES])
def test_what_is_no_photograph_is_told_by_verify_identify_and_enrol(
    name: str, home: Path, files: Path
) -> None:
    said = what_is_said(name)
    assert_refused(run(home, "faces", "identify", files / name, "--json"), said)
    assert_refused(run(home, "faces", "verify", files / "plain.bmp", files / name, "--json"), said)
    if name != "folder.jpg":  # a folder is a source of photographs; this one is empty
        source = ("--source", files / name, "--replace", "--json")
        result = run(home, "faces", "enrol", "eileen", *source)
        assert result.exit_code == 1
        assert json.loads(result.stdout)["error"]["code"].startswith("image.")


@pytest.mark.parametrize("name", DOTS)
def test_one_pixel_is_an_image_without_a_face(name: str, home: Path, files: Path) -> None:
    result = run(home, "faces", "identify", files / name, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"candidates": [], "nobody": True, "failure": "no_face"}


def test_a_file_without_permission_says_so(home: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(GOOD["turned-1.jpg"])
    secret.chmod(0)
    if os.access(secret, os.R_OK):
        pytest.skip("this user may read everything")
    assert_refused(run(home, "faces", "identify", secret, "--json"), "Permission denied")


def test_a_folder_with_everything_in_it_is_imported_with_a_reason_for_each(
    home: Path, files: Path, tmp_path: Path
) -> None:
    (tmp_path / "mixed").symlink_to(files)
    result = run(home, "faces", "import", tmp_path, "--create-users", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)["people"][0]
    reasons = {row["file"]: row["reason"] for row in told["refused"]}
    assert told["samples"] == 10
    assert {name for name, reason in reasons.items() if reason == "unreadable"} == {
        *BAD, "loop.jpg", "gone.jpg"
    }  # fmt: skip
    assert {name for name, reason in reasons.items() if reason == "no_face"} == set(DOTS)
    assert not set(GOOD) & set(reasons)


def test_pairs_with_unusable_files_are_counted_and_do_not_stop_the_measurement(
    home: Path, tmp_path: Path
) -> None:
    names = ("cmyk.jpg", "turned-7.jpg", "half.jpg", "bomb.png", "dot.png")
    write_all(tmp_path, {name: (GOOD | BAD | DOTS)[name] for name in ("plain.bmp", *names)})
    cv2.imwrite(str(tmp_path / "other.jpg"), source_picture(Person.HOPPER))
    rows = [("plain.bmp", name, 1) for name in names]
    with (tmp_path / "pairs.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("a", "b", "same"), *rows, ("plain.bmp", "other.jpg", 0)])
    pairs = ("--pairs", tmp_path / "pairs.csv", "--root", tmp_path)
    result = run(home, "evaluate", "matching", *pairs, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["n_mated"], told["n_non_mated"], told["failures_to_acquire"]) == (2, 1, 3)
    assert (told["fnmr"], told["fmr"]) == (0, 0)


def write_presentations(folder: Path, *, bad: str) -> Path:
    """A manifest of two good pictures and a bad one, each once bona fide and once an attack."""
    files = {shown: (GOOD | BAD).get(shown) for shown in ("cmyk.jpg", "sixteen-bit.png", bad)}
    write_all(folder, {shown: content for shown, content in files.items() if content})
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "task", "label", "subject", "source_repo", "kind"])
        for shown, label in itertools.product(files, ("real", "fake")):
            writer.writerow([shown, "liveness", label, shown, shown, "full_frame"])
    return folder / "manifest.csv"


def refusal(home: Path, *command: object) -> dict[str, str]:
    result = run(home, *command, "--json")
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1
    told: dict[str, str] = json.loads(result.stdout)["error"]
    return told


@pytest.mark.parametrize("name", ["half.jpg", "film.gif", "bomb.bmp", "gone.jpg"])
def test_a_presentation_that_cannot_be_read_stops_a_training(
    name: str, home: Path, tmp_path: Path
) -> None:
    write_presentations(tmp_path, bad=name)
    error = refusal(home, "pad", "train", "--data", tmp_path, "--output", tmp_path / "out")
    assert error["code"].partition(".")[0] in {"image", "dataset"}
    assert name in error["message"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["half.jpg", "film.gif", "bomb.bmp"])
def test_a_damaged_presentation_is_left_out_of_an_evaluation_and_named(
    name: str, home: Path, tmp_path: Path
) -> None:
    manifest = write_presentations(tmp_path, bad=name)
    result = run(home, "evaluate", "pad", "--manifest", manifest, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert {one["path"] for one in told["unreadable"]} == {name}
    assert all(one["why"] for one in told["unreadable"])
    assert (told["n_bona_fide"], told["n_attack"]) == (2, 2)


def test_a_missing_presentation_stops_an_evaluation(home: Path, tmp_path: Path) -> None:
    manifest = write_presentations(tmp_path, bad="gone.jpg")
    error = refusal(home, "evaluate", "pad", "--manifest", manifest)
    assert error["code"] == "dataset"
    assert "gone.jpg" in error["message"]


@pytest.mark.parametrize(
    "name", [n for n, content in BAD.items() if 0 < len(content) <= MAX_IMAGE_BYTES]
)
def test_over_the_camera_connection_it_ends_the_capture(name: str, tmp_path: Path) -> None:
    assert _first_answer(tmp_path, BAD[name]) == ["error", "verdict"]


@pytest.mark.parametrize("name", ["turned-6.jpg", "progressive.jpg", "cmyk.jpg", "animated.webp"])
def test_over_the_camera_connection_odd_forms_of_jpeg_and_webp_are_frames(
    name: str, tmp_path: Path
) -> None:
    assert _first_answer(tmp_path, GOOD[name]) == ["frame"]


@pytest.mark.parametrize("name", ["plain.bmp", "palette.png"])
def test_over_the_camera_connection_other_formats_are_refused(name: str, tmp_path: Path) -> None:
    assert _first_answer(tmp_path, GOOD[name][:MAX_IMAGE_BYTES]) == ["error", "verdict"]


def _first_answer(home: Path, image: bytes) -> list[str]:
    """The types of what the server says to one frame."""
    door = open_door(home)
    door.administrator()
    visit = door.visit()
    visit.password()
    with serving(door.app) as host:
        ticket = visit.ask("/login/face/ticket").json
        assert ticket is not None
        camera = Camera(host, visit, ticket["ticket"])
        assert camera.hear()["type"] == "ready"
        said = [camera.show(image)]
        if said[0]["type"] == "error":
            assert said[0]["code"] == "not_an_image"
            said.append(camera.hear())
            assert said[1]["granted"] is False
        close_all()
    return [str(reply["type"]) for reply in said]
