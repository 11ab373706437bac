"""`countenance pad train` from a folder of pictures to a detector that the product loads."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from countenance.cli.main import main
from countenance.geometry.boxes import Box
from countenance.images.codec import read_image
from countenance.pad.calibration import NO_SHIFT
from countenance.training.golden import public_pictures
from countenance.training.work_folder import work_path
from countenance.vision.backends.onnx.pad import OnnxPadModel
from countenance.vision.pad_card import PadView
from tests.fixtures.pad_dataset import write_pad_dataset
from tests.harness.server import interruptible_command

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
    assert detector.card.shift_bounds == NO_SHIFT, "so few presentations bound nothing"
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


def test_photographs_are_printed_and_their_number_stands_on_the_card(
    data: Path, tmp_path: Path
) -> None:
    (tmp_path / "faces").mkdir()
    pictures = [path for _, path in public_pictures()]
    for path in pictures:
        shutil.copy(path, tmp_path / "faces")
    faces = ("--photographs", tmp_path / "faces")
    plain = answer(train("--data", data, "--output", tmp_path / "plain", "--json"))
    printed = answer(train("--data", data, *faces, "--output", tmp_path / "printed", "--json"))
    cards = [OnnxPadModel.load(Path(values["card"])).card for values in (plain, printed)]
    assert [card.data["photographs"] for card in cards] == [0, len(pictures)]
    assert cards[0].sha256 != cards[1].sha256


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
            *("--data", data, "--arch", "livenessnet", "--output", tmp_path / "small"),
            *("--folds", "3", "--epochs", "2", "--batch-size", "8", "--width", "24"),
            *("--lr", "0.002", "--device", "cpu", "--result", tmp_path / "result.txt", "--json"),
        )
    )
    card = OnnxPadModel.load(Path(values["card"])).card
    assert (card.input.width_px, card.input.height_px) == (24, 32)
    assert set(card.views) == {PadView.TIGHT_CROP}
    assert card.data["training"]["epochs"] == 2
    picture = read_image(tmp_path / "small" / "curves.png")
    assert picture.pixels[0, 0].tolist() == [255, 255, 255]
    assert picture.width_px > 600
    text = (tmp_path / "result.txt").read_text()
    assert "precision     recall" in text
    told = json.loads((tmp_path / "result.json").read_text())
    assert told["classes"]["attack"]["support"] == values["n_attack"]
    assert told["eer"] == values["eer"]


SMALL = ("--arch", "livenessnet", "--folds", "2", "--epochs", "3", "--batch-size", "8")


@pytest.fixture(scope="module")
def small(data: Path, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run that nobody stopped gives."""
    pytest.importorskip("jax", reason="needs the extra 'train'")
    folder = tmp_path_factory.mktemp("whole") / "small"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COUNTENANCE_HOME", str(home))
        answer(train("--data", data, *SMALL, "--output", folder, "--json"))
    return folder


def test_a_stopped_run_goes_on_and_ends_like_one_that_was_not(
    data: Path, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from countenance.training import small_pad

    output, save = tmp_path / "small", small_pad.save_arrays
    with monkeypatch.context() as patch:
        left = iter([save] * 4)

        def stop(path: Path, arrays: dict[str, Any]) -> None:
            store = next(left, None)
            if store is None:
                raise KeyboardInterrupt
            store(path, arrays)

        patch.setattr(small_pad, "save_arrays", stop)
        stopped = train("--data", data, *SMALL, "--output", output)
    assert stopped.exit_code == 130
    assert "--resume" in stopped.stderr
    assert not output.exists()
    begun_anew = train("--data", data, *SMALL, "--output", output)
    assert "stopped before its end" in begun_anew.stderr
    other = train("--data", data, "--arch", "lite0-linear", "--output", output, "--resume")
    assert "another architecture: livenessnet, not lite0-linear" in other.stderr
    answer(train("--data", data, *SMALL, "--output", output, "--resume", "--json"))
    assert {p.name: p.read_bytes() for p in output.iterdir()} == {
        p.name: p.read_bytes() for p in small.iterdir()
    }
    assert not work_path(output).exists()


def test_a_killed_run_goes_on(data: Path, small: Path, tmp_path: Path) -> None:
    output = tmp_path / "small"
    command = [sys.executable, "-m", "countenance.cli.main", "pad", "train", "--data", str(data)]
    command += [*SMALL, "--output", str(output)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not any(work_path(output).glob("turn-*.npz")):
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not output.exists()
    answer(train("--data", data, *SMALL, "--output", output, "--resume", "--json"))
    model = "pad-livenessnet.onnx"
    assert (output / model).read_bytes() == (small / model).read_bytes()


def test_ctrl_c_ends_a_run_of_the_small_network_cleanly(data: Path, tmp_path: Path) -> None:
    """An interrupt inside JAX would end the process with a crash in place of status 130."""
    output = tmp_path / "small"
    command = interruptible_command("pad", "train", "--data", str(data))
    command += ["--arch", "livenessnet", "--epochs", "4000", "--patience", "4000"]
    command += ["--output", str(output)]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    while process.poll() is None and not any(work_path(output).glob("turn-*.npz")):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "--resume" in said
    assert not output.exists()


def two_videos(data: Path, folder: Path) -> Path:
    """A data folder as two recordings give it: one live, one replayed, each its own source."""
    shutil.copytree(data, folder)
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["species"] != "print"]
    for row in rows:
        row |= {"source": f"video-{row['label']}", "subject": "ada"}
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.mark.parametrize("architecture", ["lite0-linear", "livenessnet"])
def test_two_videos_train_a_detector_whose_card_says_that_its_figures_flatter(
    data: Path, tmp_path: Path, architecture: str
) -> None:
    extra = ("--epochs", "3", "--batch-size", "8") if architecture == "livenessnet" else ()
    folder = two_videos(data, tmp_path / "videos")
    result = train(
        *("--data", folder, "--arch", architecture, *extra),
        *("--output", tmp_path / "detector", "--folds", "3", "--json"),
    )
    values = answer(result)
    assert "flatter" in result.stderr
    assert (values["split"], "flatter" in values["warning"]) == ("time", True)
    card = OnnxPadModel.load(Path(values["card"])).card
    assert card.data["split"] == "blocks of time of the same recordings"
    assert card.data["warning"] == values["warning"]


def site(data: Path, folder: Path, *names: str) -> Path:
    """A data folder with the whole frames of some sources of the set."""
    folder.mkdir()
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] in names]
    rows = [row for row in rows if row["kind"] == "full_frame"]
    for row in rows:
        target = folder / row["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(data / row["path"], target)
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_a_folder_of_other_sources_judges_and_never_trains(data: Path, tmp_path: Path) -> None:
    first = site(data, tmp_path / "first", "site100", "site101")
    second = site(data, tmp_path / "second", "site102")
    values = answer(
        train("--train", first, "--val", second, "--output", tmp_path / "detector", "--json")
    )
    assert values["split"] == "folder"
    assert set(values["per_source"]) == {"site102"}
    again = train("--train", first, "--val", first, "--output", tmp_path / "leak")
    assert again.exit_code == 1
    assert "is in the training and in the held-out set" in again.stderr


def test_a_copied_picture_between_the_folders_is_named(data: Path, tmp_path: Path) -> None:
    first = site(data, tmp_path / "first", "site100", "site101")
    second = site(data, tmp_path / "second", "site102")
    copied, victim = (next(folder.rglob("*live*.jpg")) for folder in (first, second))
    shutil.copyfile(copied, victim)
    result = train("--train", first, "--val", second, "--output", tmp_path / "detector")
    assert result.exit_code == 1
    assert "the same file" in result.stderr
    assert victim.name in result.stderr.replace("\n", "")


def test_the_shipped_detector_is_corrected_with_a_sites_pictures(
    data: Path, tmp_path: Path
) -> None:
    folder = site(data, tmp_path / "site", "site100", "site101")
    values = answer(
        train("--base", "shipped", "--data", folder, "--output", tmp_path / "tuned", "--json")
    )
    detector = OnnxPadModel.load(Path(values["card"]))
    shipped = OnnxPadModel.load()
    assert detector.card.threshold == shipped.card.threshold
    assert detector.card.data["base"]["sha256"] == shipped.card.sha256
    assert {"eer", "bpcer", "apcer"} <= set(values["base"])
    picture, face = next(iter(public_pictures()))[1], Box(178, 63, 268, 176)
    before, after = (model.logits(read_image(picture), face=face) for model in (shipped, detector))
    assert all(abs(before[view] - after[view]) > 0 for view in before)


def test_a_base_of_another_architecture_is_refused(data: Path, small: Path, tmp_path: Path) -> None:
    card = small / "pad-livenessnet.json"
    result = train("--base", card, "--data", data, "--output", tmp_path / "tuned")
    assert result.exit_code == 1
    assert "its architecture is livenessnet" in result.stderr.replace("\n", " ")
    assert not (tmp_path / "tuned").exists()


def test_a_loss_that_is_no_number_ends_the_run_and_names_the_remedy(
    data: Path, tmp_path: Path
) -> None:
    result = train("--data", data, *SMALL, "--lr", "1e30", "--output", tmp_path / "small")
    assert result.exit_code == 1
    assert "smaller --lr" in result.stderr
    assert list(tmp_path.iterdir()) == []


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
    result = train(
        *("--manifest", manifest, "--root", data, "--split", "source"),
        *("--output", tmp_path / "detector"),
    )
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
        ([], "Give one of --data FOLDER, --manifest FILE"),
        (["--data", "a", "--manifest", "b"], "Give one of"),
        (["--train", "a"], "--train and --val go together"),
        (["--train", "a", "--val", "b", "--split", "time"], "--split goes with"),
        (["--data", "a", "--device", "cpu"], "--device belongs to --arch livenessnet"),
        (["--data", "a", "--base", "shipped", "--arch", "livenessnet"], "--base corrects"),
        (["--data", "a", "--result", "x.json"], "takes a text file"),
        (
            ["--data", "a", "--photographs", "b", "--arch", "livenessnet"],
            "--photographs goes with a new lite0-linear",
        ),
        (
            ["--data", "a", "--photographs", "b", "--base", "shipped"],
            "--photographs goes with a new lite0-linear",
        ),
        (["--data", "a", "--root", "b"], "--root goes with --manifest"),
        (["--data", "a", "--epochs", "3"], "--epochs belongs to --arch livenessnet"),
        (["--data", "a", "--split", "frame"], "'frame' is not one of"),
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
    code = (
        "import sys; from countenance.vision.backends.onnx.pad import OnnxPadModel;"
        "OnnxPadModel.load(); import countenance.cli.main, countenance.bootstrap;"
        "bad = {'jax', 'scipy', 'onnx', 'matplotlib'} & set(sys.modules);"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
