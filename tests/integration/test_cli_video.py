"""`countenance faces recognize` and `enrol` on video files, whole and damaged."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from countenance.cli.main import main
from countenance.images.image import Image
from countenance.images.video import VideoWriter, open_video
from tests.fixtures.portraits import Person, source_picture

FPS = 20.0
GOOD_GREEN = (75, 122, 11)
BAD_RED = (30, 38, 179)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("video") / "home"


def run(home: Path, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), *map(str, arguments)])


@pytest.fixture(scope="module")
def drifting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portrait that drifts before the camera, 24 frames."""
    portrait = cv2.resize(source_picture(Person.COLLINS), (480, 480))
    path = tmp_path_factory.mktemp("clips") / "drifting.avi"
    with VideoWriter(path, fps=FPS) as writer:
        for index in range(24):
            frame = np.full((480, 640, 3), 120, np.uint8)
            frame[:, 40 + 2 * index : 520 + 2 * index] = portrait
            writer.write(Image(frame))
    return path


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One frame, 40 times."""
    portrait = cv2.resize(source_picture(Person.COLLINS), (480, 480))
    path = tmp_path_factory.mktemp("clips") / "frozen.avi"
    with VideoWriter(path, fps=FPS) as writer:
        for _ in range(40):
            writer.write(Image(np.asarray(portrait, np.uint8)))
    return path


def test_a_video_is_annotated_at_its_own_rate(home: Path, drifting: Path, tmp_path: Path) -> None:
    output = tmp_path / "annotated.mp4"
    result = run(home, "faces", "recognize", "--source", drifting, "--output", output, "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == (0 if told["authorized"] else 1)
    assert told["authorized"] is False, "nobody is enrolled"
    assert told["user"] is None
    assert (told["frames"], told["frames_with_face"]) == (24, 24)
    assert told["frames_judged"] > 0
    assert told["output"] == str(output)
    assert not {"similarity", "score", "bona_fide_score"} & told.keys()
    with open_video(output) as reader:
        assert reader.fps == pytest.approx(FPS)
        frames = [frame.image.pixels for frame in reader.frames()]
    assert len(frames) == 24
    assert frames[0].shape == (480, 640, 3)
    last = frames[-1].astype(int)
    banner = last[470:, :40].reshape(-1, 3).mean(axis=0)
    assert np.abs(banner - (95, 98, 85)).max() < 40 or np.abs(banner - BAD_RED).max() < 40
    assert list(tmp_path.iterdir()) == [output]


def test_a_frozen_picture_is_refused_as_one(home: Path, frozen: Path) -> None:
    result = run(home, "faces", "recognize", "--source", frozen, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["reason"] == "frozen"


def test_no_longer_than_asked_for_is_looked_at(home: Path, drifting: Path) -> None:
    result = run(home, "faces", "recognize", "--source", drifting, "--max-seconds", "0.5", "--json")
    assert json.loads(result.stdout)["frames"] == pytest.approx(0.5 * FPS, abs=2)


def test_a_truncated_video_is_told_and_the_earlier_output_stays(
    home: Path, drifting: Path, tmp_path: Path
) -> None:
    whole = drifting.read_bytes()
    half = tmp_path / "half.avi"
    half.write_bytes(whole[: len(whole) // 3])
    output = tmp_path / "annotated.avi"
    output.write_bytes(b"earlier")
    result = run(home, "faces", "recognize", "--source", half, "--output", output)
    assert result.exit_code == 1
    assert "ends too early" in result.stderr
    assert output.read_bytes() == b"earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["annotated.avi", "half.avi"]


@pytest.mark.parametrize(
    ("source", "told"),
    [("text.mp4", "no video"), ("absent.mp4", "Cannot read"), (".", "Cannot read"), ("97", "97")],
)
def test_a_source_that_is_none_is_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.mp4").write_text("hello")
    result = run(home, "faces", "recognize", "--source", source, "--json")
    assert result.exit_code == 1
    assert told in json.loads(result.stdout)["error"]["message"]


def test_an_output_that_cannot_be_written_is_told(home: Path, drifting: Path) -> None:
    for output in ("clip.gif", "/proc/clip.mp4"):
        result = run(home, "faces", "recognize", "--source", drifting, "--output", output)
        assert result.exit_code == 1
        assert "Error:" in result.stderr


def test_a_user_without_a_face_is_told(home: Path, drifting: Path) -> None:
    assert run(home, "users", "add", "faceless").exit_code == 0
    result = run(home, "faces", "recognize", "--source", drifting, "--user", "faceless")
    assert result.exit_code == 1
    assert "faces enrol faceless" in result.stderr


def test_a_frozen_video_enrols_nobody(home: Path, frozen: Path) -> None:
    assert run(home, "users", "add", "still").exit_code == 0
    result = run(home, "faces", "enrol", "still", "--source", frozen)
    assert result.exit_code == 1
    assert "Nothing was enrolled" in result.stderr
    listed = json.loads(run(home, "users", "list", "--search", "still", "--json").stdout)
    assert [user["face_samples"] for user in listed["users"]] == [0]


@pytest.mark.real_data
def test_a_live_clip_is_authorized_and_a_replay_and_another_person_are_not(
    home: Path, shared_data: Path, tmp_path: Path
) -> None:
    clips = shared_data / "liveness" / "clips"
    assert run(home, "users", "add", "owner").exit_code == 0
    enrolled = run(
        home, "faces", "enrol", "owner", "--source", clips / "adarshk28_real.mp4", "--json"
    )
    assert enrolled.exit_code == 0, enrolled.output
    assert json.loads(enrolled.stdout)["samples"] >= 5

    def recognize(clip: str, *more: object) -> dict[str, object]:
        arguments = ("--source", clips / clip, "--max-seconds", "3", "--json", *more)
        result = run(home, "faces", "recognize", *arguments)
        told = dict(json.loads(result.stdout))
        assert result.exit_code == (0 if told["authorized"] else 1)
        return told

    output = tmp_path / "annotated.mp4"
    live = recognize("adarshk28_real.mp4", "--output", output)
    assert (live["authorized"], live["user"]) == (True, "owner")
    with open_video(output) as reader:
        last = [frame.image.pixels for frame in reader.frames()][-1]
    assert np.abs(last[-4:, :20].reshape(-1, 3).mean(axis=0) - GOOD_GREEN).max() < 40
    assert recognize("adarshk28_fake.mp4", "--user", "owner")["authorized"] is False
    other = recognize("lestari15_real.mp4", "--user", "owner")
    assert (other["authorized"], other["reason"]) == (False, "not_matched")
