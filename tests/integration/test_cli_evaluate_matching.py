"""`countenance evaluate matching` with the real engine: on the portraits, and on the real data."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from countenance.cli.main import main
from tests.fixtures.portraits import Person

KEYS = {
    "n_mated", "n_non_mated", "failures_to_acquire", "threshold", "fmr", "fnmr", "eer", "auc",
    "accuracy_10_fold", "fnmr_at_fmr",
}  # fmt: skip


def run(home: Path, *arguments: object) -> Result:
    words = ["--home", str(home), "evaluate", "matching", *map(str, arguments)]
    return CliRunner().invoke(main, words)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models are prepared once for all these tests."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, portraits: dict[Person, NDArray[np.uint8]]
) -> Path:
    """Two people with three images each, one image without a face, one that is damaged."""
    root = tmp_path_factory.mktemp("matching")
    for person, picture in portraits.items():
        (root / person).mkdir()
        small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        bright = np.clip(small.astype(np.float32) * 1.15, 0, 255).astype(np.uint8)
        for name, pixels in (("whole", picture), ("small", small), ("bright", bright)):
            cv2.imwrite(str(root / person / f"{name}.jpg"), pixels)
    cv2.imwrite(str(root / "hopper" / "wall.jpg"), np.full((200, 200, 3), 140, np.uint8))
    (root / "hopper" / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    return root


def listed(folder: Path, *rows: str) -> Path:
    path = folder / "pairs.csv"
    path.write_text("\n".join(["a,b,same", *rows]) + "\n")
    return path


ROWS = (
    "collins/whole.jpg,collins/small.jpg,1",
    "collins/whole.jpg,collins/bright.jpg,1",
    "hopper/whole.jpg,hopper/small.jpg,1",
    "hopper/whole.jpg,hopper/bright.jpg,1",
    "collins/whole.jpg,hopper/whole.jpg,0",
    "collins/small.jpg,hopper/small.jpg,0",
)


def test_two_portraits_are_told_apart(home: Path, folder: Path) -> None:
    result = run(home, "--pairs", listed(folder, *ROWS), "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert told.keys() >= KEYS
    assert (told["n_mated"], told["n_non_mated"], told["n_people"]) == (4, 2, 2)
    assert (told["fmr"], told["fnmr"], told["eer"], told["auc"]) == (0.0, 0.0, 0.0, 1.0)
    assert told["accuracy_10_fold"] is None
    assert told["fnmr_at_fmr"]["1e-5"] is None


def test_everyone_is_compared_and_failures_are_named(home: Path, folder: Path) -> None:
    rows = [*ROWS, "hopper/whole.jpg,hopper/wall.jpg,1", "hopper/small.jpg,hopper/damaged.jpg,1"]
    result = run(home, "--pairs", listed(folder, *rows), "--all-non-mated", "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert (told["n_mated"], told["n_non_mated"]) == (4, 9)
    assert told["failures_to_acquire"] == 2
    assert told["gfrr"] == pytest.approx(2 / 6)
    assert [failed["image"] for failed in told["failed_images"]] == [
        "hopper/wall.jpg", "hopper/damaged.jpg",
    ]  # fmt: skip
    assert "wall.jpg" in result.stderr
    assert "damaged.jpg" in result.stderr


def test_the_answer_for_people_names_the_rates(home: Path, folder: Path) -> None:
    result = run(home, "--pairs", listed(folder, *ROWS))
    assert result.exit_code == 0, result.stderr
    for said in ("4 mated and 2 non-mated", "GFRR", "0 of 2", "too few comparisons to tell"):
        assert said in result.stdout


def test_the_report_works_offline_and_keeps_faces_apart(
    home: Path, folder: Path, tmp_path: Path
) -> None:
    report = tmp_path / "deep" / "report"
    result = run(home, "--pairs", listed(folder, *ROWS), "--report", report, "--json")
    assert result.exit_code == 0, result.stderr
    assert {path.name for path in report.iterdir()} == {
        "report.html", "report.json", "scores.csv", "worst-pairs.html", "det.svg", "scores.svg",
        "discard.svg",
    }  # fmt: skip
    assert report.stat().st_mode & 0o077 == 0
    assert json.loads((report / "report.json").read_text()) == json.loads(result.stdout)
    page = (report / "report.html").read_text("utf-8")
    assert page.count("<svg") == 3
    # No face, no picture, nothing from elsewhere.
    assert "<img" not in page
    assert "data:" not in page
    assert "src=" not in page
    assert "worst-pairs.html" in page
    worst = (report / "worst-pairs.html").read_text("utf-8")
    assert worst.count("data:image/jpeg") == 2 * len(ROWS)
    assert "shows faces" in worst
    assert len((report / "scores.csv").read_text().splitlines()) == 1 + len(ROWS)


def test_a_report_that_cannot_be_written_is_told_before_the_work(
    home: Path, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    listed_anyway = listed(folder, *ROWS)
    result = run(home, "--pairs", listed_anyway, "--report", tmp_path / "file" / "report", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["code"] == "evaluation.report"


def test_without_matplotlib_a_report_is_refused_before_the_work(
    home: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "matplotlib" else found(name)
    )
    report = tmp_path / "report"
    result = run(home, "--pairs", listed(folder, *ROWS), "--report", report, "--json")
    assert result.exit_code == 1
    error = json.loads(result.stdout)["error"]
    assert error["code"] == "evaluation.missing_extra"
    assert "tools/bootstrap train" in error["remedy"]
    assert not report.exists()


def test_a_wrong_line_is_named_and_no_image_is_read(home: Path, folder: Path) -> None:
    path = listed(folder, *ROWS, "collins/whole.jpg,collins/none.jpg,1")
    result = run(home, "--pairs", path, "--json")
    assert result.exit_code == 1
    error = json.loads(result.stdout)["error"]
    assert error["code"] == "evaluation.pairs"
    assert "line 8" in error["message"]


def test_a_missing_list_is_wrong_usage(home: Path, folder: Path) -> None:
    assert run(home, "--pairs", folder / "none.csv").exit_code == 2


@pytest.mark.real_data
@pytest.mark.timeout(900)  # a minute of two quiet cores, and cores are not always quiet
def test_the_published_figures_hold(home: Path, shared_data: Path) -> None:
    """LFW, View 2, folds 1 and 2: 597 pairs of each kind, and everyone with everyone."""
    pairs = shared_data / "verification" / "pairs.csv"
    result = run(home, "--pairs", pairs, "--all-non-mated", "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert (told["n_mated"], told["n_non_mated"]) == (597, 1_237_567)
    assert told["failures_to_acquire"] == 0
    assert told["accuracy_best"] >= 0.997
    assert told["eer"] <= 0.006
    assert told["fnmr"] <= 0.03
    assert told["fnmr_at_fmr"]["1e-4"] <= 0.02
    assert told["fnmr_at_fmr"]["1e-5"] is not None
    low, high = told["intervals"]["fnmr_at_fmr"]["1e-4"]["bootstrap"]
    assert low < told["fnmr_at_fmr"]["1e-4"] < high
