"""`countenance pad collect` and `pad dataset` on videos, pictures and folders, good and bad."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from countenance.cli.main import main
from countenance.datasets.capture import Capture, Fate
from countenance.datasets.manifest import Kind, read_folder
from countenance.images.codec import read_image
from countenance.images.video import VideoFrame
from countenance.pad.species import PaiSpecies
from tests.fixtures.films import film
from tests.fixtures.portraits import Person
from tests.fixtures.scenes import Kind as Acted
from tests.fixtures.scenes import Scene, frame_at
from tests.harness.server import clean_environment, command

LIVE = ("--label", "bona_fide", "--subject", "eileen", "--source", "desk")
REPLAY = ("--label", "attack", "--species", "replay_phone", *LIVE[2:])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("collect") / "home"


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A live film, a replay of somebody, and a picture of two people."""
    folder = tmp_path_factory.mktemp("recordings")
    film(folder / "live.avi", Scene(Acted.TURNS, Person.COLLINS, seconds=2.0, fps=15, site=2))
    film(folder / "replay.avi", Scene(Acted.REPLAY, Person.COLLINS, seconds=1.0, fps=15, site=2))
    film(folder / "empty.avi", Scene(Acted.EMPTY_ROOM, seconds=0.4, fps=15))
    cv2.imwrite(str(folder / "two.jpg"), frame_at(Scene(Acted.TWO_FACES, Person.COLLINS), 0.5))
    return folder


@pytest.fixture
def collect(home: Path) -> Any:
    def run(source: object, output: Path, *more: object) -> Result:
        arguments = ("pad", "collect", "--input", source, "--output", output, "--skip", 1, *more)
        return CliRunner().invoke(main, ["--home", str(home), *map(str, arguments)])

    return run


def answer(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    return dict(json.loads(result.stdout))


def test_a_film_becomes_frames_and_faces_without_its_repeats(
    collect: Any, recordings: Path, tmp_path: Path
) -> None:
    told = answer(collect(recordings / "live.avi", tmp_path / "set", *LIVE, "--json"))
    assert told["frames"] == 30
    assert told["kept"] >= 2
    assert told["near_duplicates"] > 0
    assert told["kept"] + told["near_duplicates"] + told["no_face"] == 30
    found = read_folder(tmp_path / "set")
    frames = [p for p in found if p.kind is Kind.FULL_FRAME]
    crops = [p for p in found if p.kind is Kind.TIGHT_CROP]
    assert len(frames) == len(crops) == told["kept"] == told["balance"]["bona_fide"]
    assert {(p.source, p.subject, p.species) for p in found} == {("desk", "eileen", None)}
    frame, crop = read_image(frames[0].path), read_image(crops[0].path)
    assert (frame.width_px, frame.height_px) == (640, 480)
    assert 60 < crop.width_px < 400
    window = frame.pixels[:, :, 0].astype(int)
    assert np.abs(window - _first(recordings / "live.avi")[:, :, 0]).max() == 0, "lossless"
    assert not any(path.stat().st_mode & 0o077 for path in (tmp_path / "set").rglob("*"))


def _first(video: Path) -> Any:
    reader = cv2.VideoCapture(str(video))
    return reader.read()[1].astype(int)


def test_a_folder_of_films_and_pictures_is_taken_whole(
    collect: Any, recordings: Path, tmp_path: Path
) -> None:
    mixed = tmp_path / "mixed"
    (mixed / "deeper").mkdir(parents=True)
    shutil.copy(recordings / "replay.avi", mixed / "deeper")
    shutil.copy(recordings / "two.jpg", mixed)
    (mixed / "notes.txt").write_text("hello")
    (mixed / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    result = collect(mixed, tmp_path / "set", *REPLAY, "--skip", 5, "--json")
    told = answer(result)
    assert told["inputs"] == 2
    assert told["several_faces"] == 1
    assert {Path(item["path"]).name for item in told["refused"]} == {"notes.txt", "broken.png"}
    assert "notes.txt" in result.stderr
    assert told["balance"]["species"] == {"replay_phone": told["kept"]}
    assert {p.species for p in read_folder(tmp_path / "set")} == {PaiSpecies.REPLAY_PHONE}


def test_of_several_faces_the_largest_is_the_presentation(
    collect: Any, recordings: Path, tmp_path: Path
) -> None:
    answer(collect(recordings / "two.jpg", tmp_path / "set", *LIVE, "--json"))
    crops = [p for p in read_folder(tmp_path / "set") if p.kind is Kind.TIGHT_CROP]
    frame, crop = read_image(recordings / "two.jpg"), read_image(crops[0].path)
    match = cv2.matchTemplate(frame.pixels, crop.pixels, cv2.TM_SQDIFF)
    _, _, (left, _), _ = cv2.minMaxLoc(match)
    assert left + crop.width_px / 2 > 320, "the nearer person sits on the right"


def test_the_same_input_twice_adds_nothing(collect: Any, recordings: Path, tmp_path: Path) -> None:
    film_, copy = recordings / "replay.avi", tmp_path / "renamed.avi"
    shutil.copy(film_, copy)
    first = answer(collect(film_, tmp_path / "set", *REPLAY, "--json"))
    manifest = (tmp_path / "set" / "manifest.csv").read_bytes()
    second = answer(collect(copy, tmp_path / "set", *REPLAY, "--json"))
    assert (second["kept"], second["balance"]) == (0, first["balance"])
    assert second["already_there"] > 0
    assert (tmp_path / "set" / "manifest.csv").read_bytes() == manifest


def test_one_recording_cannot_be_both(collect: Any, recordings: Path, tmp_path: Path) -> None:
    answer(collect(recordings / "replay.avi", tmp_path / "set", *REPLAY, "--json"))
    result = collect(recordings / "replay.avi", tmp_path / "set", *LIVE)
    assert result.exit_code == 1
    assert "attack (replay_phone) of eileen in desk" in result.stderr


def test_a_limit_counts_what_is_there(collect: Any, recordings: Path, tmp_path: Path) -> None:
    arguments = (recordings / "live.avi", tmp_path / "set", *LIVE, "--json", "--limit")
    assert answer(collect(*arguments, 2))["kept"] == 2
    assert answer(collect(*arguments, 2))["kept"] == 0
    whole = answer(collect(*arguments[:-1]))["balance"]
    assert (
        whole == answer(collect(*arguments[:1], tmp_path / "at once", *arguments[2:-1]))["balance"]
    )


def test_people_are_reminded_and_the_balance_is_shown(
    collect: Any, recordings: Path, tmp_path: Path
) -> None:
    result = collect(recordings / "replay.avi", tmp_path / "set", *REPLAY)
    assert result.exit_code == 0
    assert "ask everybody first" in result.stderr
    for words in ("source desk", "subject eileen", "species replay_phone", "no bona fide"):
        assert words in result.stdout


def test_a_folder_that_others_may_read_is_told(
    collect: Any, recordings: Path, tmp_path: Path
) -> None:
    (tmp_path / "set").mkdir(mode=0o755)
    (tmp_path / "set").chmod(0o755)
    result = collect(recordings / "two.jpg", tmp_path / "set", *LIVE)
    assert f"chmod 700 {tmp_path / 'set'}" in result.stderr


def test_a_truncated_film_is_told_and_what_it_gave_stays(
    collect: Any, recordings: Path, tmp_path: Path
) -> None:
    half = tmp_path / "half.avi"
    whole = (recordings / "live.avi").read_bytes()
    half.write_bytes(whole[: len(whole) // 3])
    result = collect(half, tmp_path / "set", *LIVE)
    assert result.exit_code == 1
    assert "ends too early" in result.stderr
    assert " kept" in result.stderr
    assert len(read_folder(tmp_path / "set")) > 0


def test_a_film_without_a_face_leaves_nothing(
    collect: Any, recordings: Path, tmp_path: Path
) -> None:
    result = collect(recordings / "empty.avi", tmp_path / "set", *LIVE, "--json")
    assert result.exit_code == 1
    error = json.loads(result.stdout)["error"]
    assert error["code"] == "dataset.collection"
    assert "6 without a face" in error["message"]
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("absent.mp4", "Cannot read"),
        ("text.mp4", "no video"),
        ("broken.jpg", "broken.jpg"),
        ("97", "no camera 97"),
        ("nothing", "No presentation was found"),
    ],
)
def test_an_input_that_is_none_is_told(
    collect: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (tmp_path / "nothing").mkdir()
    result = collect(source, tmp_path / "set", *LIVE)
    assert result.exit_code == 1, result.output
    assert said in result.stderr
    assert not (tmp_path / "set").exists()


def test_an_output_that_is_a_file_is_told(collect: Any, recordings: Path, tmp_path: Path) -> None:
    (tmp_path / "set").write_text("hello")
    result = collect(recordings / "two.jpg", tmp_path / "set", *LIVE)
    assert result.exit_code == 1
    assert "is a file" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--label", "attack", *LIVE[2:]), "needs --species"),
        ((*LIVE, "--species", "print"), "belongs to --label attack"),
        ((*REPLAY[:3], "hologram", *LIVE[2:]), "hologram"),
        ((*LIVE[:5], "../desk"), "letters, digits"),
        ((*LIVE, "--skip", "0"), "range"),
        ((*LIVE, "--confidence", "2"), "range"),
        (LIVE[:4], "--source"),
    ],
)
def test_wrong_usage_is_told(
    collect: Any, recordings: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = collect(recordings / "two.jpg", tmp_path / "set", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "set").exists()


def test_ctrl_c_keeps_what_is_there(
    collect: Any, recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Capture.take

    def take(capture: Capture, frame: VideoFrame) -> Fate:
        if frame.index == 20:
            raise KeyboardInterrupt
        return real(capture, frame)

    monkeypatch.setattr(Capture, "take", take)
    stopped = collect(recordings / "live.avi", tmp_path / "set", *LIVE)
    monkeypatch.undo()
    assert stopped.exit_code == 130
    assert "Stopped: 20 frames looked at" in stopped.stderr
    assert "What was collected stays" in stopped.stderr
    assert len(read_folder(tmp_path / "set")) >= 2


def test_a_killed_run_leaves_a_set_that_reads_and_is_continued(
    collect: Any, home: Path, recordings: Path, tmp_path: Path
) -> None:
    source, folder = recordings / "live.avi", tmp_path / "set"
    process = subprocess.Popen(
        command("--home", str(home), "pad", "collect", "--input", str(source), "--output",
                str(folder), "--skip", "1", *LIVE),
        env=clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    manifest = folder / "manifest.csv"
    while process.poll() is None and not (manifest.exists() and manifest.stat().st_size > 500):
        time.sleep(0.005)
    process.kill()
    process.wait()
    before = read_folder(folder)
    assert len(before) >= 2
    resumed = answer(collect(source, folder, *LIVE, "--json"))
    afresh = answer(collect(source, tmp_path / "afresh", *LIVE, "--json"))
    assert resumed["balance"] == afresh["balance"]
    frames = {p.path for p in read_folder(folder)}
    assert frames >= {p.path for p in before}


def test_pad_dataset_counts_a_folder(
    collect: Any, home: Path, recordings: Path, tmp_path: Path
) -> None:
    answer(collect(recordings / "two.jpg", tmp_path / "set", *LIVE, "--json"))
    arguments = ["--home", str(home), "pad", "dataset", str(tmp_path / "set")]
    told = answer(CliRunner().invoke(main, [*arguments, "--json"]))
    assert (told["bona_fide"], told["attack"]) == (1, 0)
    assert told["kinds"] == {"full_frame": 1, "tight_crop": 1}
    assert any("no attack" in lack for lack in told["lacks"])
    shown = CliRunner().invoke(main, arguments)
    assert "There is no attack presentation." in shown.stdout
    missing = CliRunner().invoke(main, [*arguments[:-1], str(tmp_path / "absent"), "--json"])
    assert missing.exit_code == 1
    assert json.loads(missing.stdout)["error"]["code"] == "dataset.manifest"
