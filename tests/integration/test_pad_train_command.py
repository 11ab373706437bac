"""`countenance pad train` from a folder of pictures to a detector that the product loads."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from countenance.cli.main import main
from countenance.vision.backends.onnx.pad import OnnxPadModel
from countenance.vision.pad_card import PadView
from tests.fixtures.pad_dataset import write_pad_dataset

pytest.importorskip("scipy", reason="needs the extra 'train'")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared models and stored features shared by these tests."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small acted set: three sites, two persons, live, replayed and printed."""
    folder = tmp_path_factory.mktemp("acted")
    write_pad_dataset(folder, sites=(100, 101, 102), moments=1)
    return folder


@pytest.fixture(autouse=True)
def _home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTENANCE_HOME", str(home))


def train(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["pad", "train", *map(str, arguments)])


def answer(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    values: dict[str, Any] = json.loads(result.stdout)
    return values


def only(data: Path, folder: Path, keep: str, **changes: str) -> Path:
    """A copy of the manifest in a folder with the rows of one label or of all, changed."""
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if keep in (row["label"], "all")]
    path = folder / "manifest.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, **changes} for row in rows)
    return path


def test_a_folder_becomes_a_detector_that_the_engine_loads(data: Path, tmp_path: Path) -> None:
    output, report = tmp_path / "detector", tmp_path / "report"
    values = answer(
        train("--data", data, "--output", output, "--folds", "3", "--report", report, "--json")
    )
    detector = OnnxPadModel.load(Path(values["card"]))
    assert detector.card.architecture == "lite0-linear"
    assert set(detector.card.views) == set(PadView)
    assert {"eer", "auc", "bpcer", "apcer", "apcer_worst", "threshold"} <= set(values)
    assert set(values["apcer"]) == {"print", "replay_phone"}
    assert set(detector.card.data["sources"]) == {"site100", "site101", "site102"}
    assert sorted(p.name for p in output.iterdir()) == [
        "pad-lite0-linear.json",
        "pad-lite0-linear.onnx",
    ]
    assert json.loads((report / "report.json").read_text())["eer"] == values["eer"]
    with (report / "scores.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == values["n_bona_fide"] + values["n_attack"]


def test_a_rerun_gives_the_same_detector(data: Path, tmp_path: Path) -> None:
    digests = [
        OnnxPadModel.load(
            Path(answer(train("--data", data, "--output", tmp_path / name, "--json"))["card"])
        ).card.sha256
        for name in ("first", "second")
    ]
    assert digests[0] == digests[1]


def test_the_small_network_is_trained_and_runs_through_the_same_class(
    data: Path, tmp_path: Path
) -> None:
    pytest.importorskip("jax", reason="needs the extra 'train'")
    values = answer(
        train(
            *("--data", data, "--arch", "livenessnet", "--output", tmp_path, "--folds", "2"),
            *("--epochs", "2", "--batch-size", "8", "--width", "24", "--lr", "0.002", "--json"),
        )
    )
    card = OnnxPadModel.load(Path(values["card"])).card
    assert (card.input.width_px, card.input.height_px) == (24, 32)
    assert set(card.views) == {PadView.TIGHT_CROP}


@pytest.mark.parametrize(
    ("keep", "changes", "said"),
    [
        ("bona_fide", {}, "only bona fide"),
        ("attack", {}, "only attacks"),
        ("all", {"source": "one", "subject": ""}, "nothing can be held out"),
        ("all", {"source": ""}, "has no source"),
        ("all", {"subject": "ada"}, "nothing can be held out"),  # one person at every site
        ("all", {"path": "none.jpg"}, "none.jpg"),
    ],
)
def test_a_set_that_cannot_train_is_refused_and_nothing_is_written(
    data: Path, tmp_path: Path, keep: str, changes: dict[str, str], said: str
) -> None:
    manifest = only(data, tmp_path, keep, **changes)
    result = train("--manifest", manifest, "--root", data, "--output", tmp_path / "detector")
    assert result.exit_code == 1
    assert said in result.stderr
    assert not (tmp_path / "detector").exists()


def test_a_broken_picture_is_named(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(data, folder)
    victim = next(folder.rglob("*.jpg"))
    victim.write_bytes(victim.read_bytes()[:300])
    result = train("--data", folder, "--output", tmp_path / "detector")
    assert result.exit_code == 1
    assert victim.name in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Give either --data FOLDER or --manifest FILE"),
        (["--data", "a", "--manifest", "b"], "Give either"),
        (["--data", "a", "--root", "b"], "--root goes with --manifest"),
        (["--data", "a", "--epochs", "3"], "--epochs belongs to --arch livenessnet"),
        (["--data", "a", "--split", "frame"], "'frame' is not 'source'"),
        (["--data", "a", "--folds", "1"], "1 is not in the range"),
    ],
)
def test_wrong_usage_is_told(arguments: list[str], said: str, tmp_path: Path) -> None:
    result = train(*arguments, "--output", tmp_path / "detector")
    assert result.exit_code == 2
    assert said in result.stderr


def test_without_the_extra_the_remedy_is_named(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from countenance.training import runs

    real = runs.importlib.util.find_spec
    monkeypatch.setattr(
        "countenance.training.runs.importlib.util.find_spec",
        lambda name: None if name == "scipy" else real(name),
    )
    result = train("--data", data, "--output", tmp_path / "detector")
    assert result.exit_code == 1
    assert "tools/bootstrap train" in result.stderr


def test_errors_are_an_object_with_json(tmp_path: Path) -> None:
    result = train("--data", tmp_path / "none", "--output", tmp_path / "detector", "--json")
    assert result.exit_code == 1
    error = json.loads(result.stdout)["error"]
    assert error["code"] == "dataset.manifest"
    assert error["remedy"]


def test_help_shows_examples() -> None:
    result = CliRunner().invoke(main, ["pad", "train", "--help"])
    assert "Examples:" in result.stdout
    assert "--manifest" in result.stdout


def test_the_product_runs_without_loading_the_training_framework() -> None:
    import subprocess

    code = (
        "import sys; from countenance.vision.backends.onnx.pad import OnnxPadModel;"
        "OnnxPadModel.load(); import countenance.cli.main, countenance.bootstrap;"
        "bad = {'jax', 'scipy', 'onnx', 'matplotlib'} & set(sys.modules);"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
