"""`countenance pad demo`: what is drawn, what is told, what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from countenance.cli.main import main
from countenance.images.video import open_video
from tests.fixtures.films import film
from tests.fixtures.portraits import Person
from tests.fixtures.scenes import Kind, Scene

FPS = 15


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "live.avi"
    return film(path, Scene(Kind.LIVE, Person.COLLINS, seconds=1.6, fps=FPS, site=3))


@pytest.fixture
def demo(home: Path) -> Any:
    def run(*arguments: object) -> Result:
        return CliRunner().invoke(main, ["--home", str(home), "pad", "demo", *map(str, arguments)])

    return run


def test_a_film_is_annotated_and_summed_up(demo: Any, live: Path, tmp_path: Path) -> None:
    output, values = tmp_path / "out.mp4", tmp_path / "values.csv"
    result = demo("--input", live, "--output", output, "--values", values, "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert (told["frames"], told["frames_with_face"]) == (24, 24)
    assert 0 < told["frames_judged"] <= 24
    assert told["longest_run"] <= told["bona_fide_frames"] <= told["frames_judged"]
    assert told["passive_rule_met"] is (told["passive_reason"] is None)
    assert told["passive_rule_met"] is (told["longest_run"] >= told["frames_needed"])
    with open_video(output) as reader, open_video(live) as source:
        assert reader.fps == pytest.approx(FPS)
        drawn = [frame.image.pixels for frame in reader.frames()]
        plain = [frame.image.pixels for frame in source.frames()]
    assert len(drawn) == 24
    corner = drawn[12][4:20, 4:20].mean(), plain[12][4:20, 4:20].mean()
    assert corner[0] < 0.8 * corner[1], "the read-outs stand on darkened ground"
    with values.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["frame"]) for row in rows] == list(range(24))
    assert sum(row["bona_fide"] == "True" for row in rows) == told["bona_fide_frames"]
    assert all(0 <= float(row["eye_openness"]) <= 1 for row in rows if row["eye_openness"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.mp4", "values.csv"]


def test_another_rate_keeps_the_time(demo: Any, live: Path, tmp_path: Path) -> None:
    output, values = tmp_path / "out.avi", tmp_path / "values.json"
    result = demo("--input", live, "--output", output, "--fps", 5, "--values", values)
    assert result.exit_code == 0, result.stderr
    assert "24 frames, 24 with a face" in result.stdout
    with open_video(output) as reader:
        assert reader.fps == pytest.approx(5)
        assert len(list(reader.frames())) == pytest.approx(8, abs=1)
    rows = json.loads(values.read_text())
    assert len(rows) == 24
    assert {"at_s", "yaw_deg", "bona_fide_score", "eye_openness"} <= rows[0].keys()


def test_a_replay_does_not_meet_the_rule(demo: Any, tmp_path: Path) -> None:
    path = film(
        tmp_path / "r.avi", Scene(Kind.REPLAY, Person.COLLINS, seconds=1.0, fps=FPS, site=3)
    )
    told = json.loads(demo("--input", path, "--output", tmp_path / "out.mp4", "--json").stdout)
    assert told["passive_rule_met"] is False
    assert told["share_bona_fide"] is None or told["share_bona_fide"] < 0.5


def test_a_truncated_film_leaves_the_earlier_output(demo: Any, live: Path, tmp_path: Path) -> None:
    half, output = tmp_path / "half.avi", tmp_path / "out.avi"
    half.write_bytes(live.read_bytes()[: live.stat().st_size // 3])
    output.write_bytes(b"earlier")
    result = demo("--input", half, "--output", output, "--values", tmp_path / "v.csv")
    assert result.exit_code == 1
    assert "ends too early" in result.stderr
    assert output.read_bytes() == b"earlier"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["half.avi", "out.avi"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--input", "absent.mp4", "--output", "out.mp4"), 1, "Cannot read"),
        (("--input", "97", "--output", "out.mp4"), 1, "no camera 97"),
        (("--input", "LIVE", "--output", "out.gif"), 1, "no video format"),
        (("--input", "LIVE", "--output", "no/out.mp4"), 1, "Cannot write"),
        (("--input", "LIVE", "--output", "out.mp4", "--values", "v.txt"), 2, ".csv or .json"),
        (("--input", "LIVE", "--output", "out.mp4", "--values", "no/v.csv"), 2, "does not exist"),
        (("--input", "LIVE", "--output", "out.mp4", "--fps", "0"), 2, "range"),
    ],
)
def test_what_cannot_be_done_is_told(
    demo: Any,
    live: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    status: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = demo(*(live if word == "LIVE" else word for word in arguments))
    assert result.exit_code == status
    assert said in result.stderr
    assert list(tmp_path.iterdir()) == []
