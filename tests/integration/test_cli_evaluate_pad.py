"""`countenance evaluate pad` on acted scenes and on bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import pytest
from click.testing import CliRunner, Result

from countenance.cli.main import main
from countenance.geometry.boxes import Box
from countenance.images.image import Image
from tests.fixtures.bright_detectors import write_bright_detector, write_shades
from tests.fixtures.pad_dataset import write_pad_dataset
from tests.fixtures.scenes import Kind, Scene, frames
from tests.harness.commands import invoke
from tests.harness.server import run_command

KEYS = {
    "detector", "kind", "protocol", "in_training", "n_bona_fide", "n_attack", "no_face",
    "threshold", "bpcer", "apcer_worst", "apcer", "acer", "eer", "auc", "apcer_at_bpcer",
    "threshold_at_bpcer", "per_source", "per_subject", "intervals_over_sources", "unreadable",
    "frames", "clips", "calibrated",
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models are prepared once for all these tests."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def shades(tmp_path: Path) -> Path:
    return write_shades(tmp_path / "shades")


@pytest.fixture
def bright(tmp_path: Path) -> Path:
    return write_bright_detector(tmp_path / "bright", sources=["hall"])


def evaluate(home: Path, manifest: Path, *more: object) -> Result:
    words = ["--home", str(home), "evaluate", "pad", "--manifest", str(manifest)]
    return CliRunner().invoke(main, [*words, *map(str, more)])


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    values: dict[str, Any] = json.loads(result.stdout)
    return values


def test_rates_of_the_detector_in_use_are_told_per_species_and_source(
    acted_pad_dataset: Path, acted_detector: Path, tmp_path: Path
) -> None:
    done = invoke(
        "--home", str(tmp_path), "evaluate", "pad",
        "--manifest", str(acted_pad_dataset / "manifest.csv"), "--json",
        env={"COUNTENANCE_PAD_CARD": str(acted_detector)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report.keys() >= KEYS
    assert set(report["apcer"]) == {"print", "replay_phone"}
    assert report["n_bona_fide"] + report["n_attack"] + report["no_face"] == _frames(
        acted_pad_dataset
    )
    # Trained on these very frames: anything else than a clean sheet is a wiring mistake.
    assert report["eer"] == 0
    assert set(report["per_source"]) == {f"site{n}" for n in _sites(acted_pad_dataset)}


def test_face_crops_are_judged_by_the_view_of_the_crop_alone(
    acted_pad_dataset: Path, acted_detector: Path, tmp_path: Path
) -> None:
    done = invoke(
        "--home", str(tmp_path), "evaluate", "pad", "--kind", "tight_crop",
        "--manifest", str(acted_pad_dataset / "manifest.csv"), "--json",
        env={"COUNTENANCE_PAD_CARD": str(acted_detector)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    crops = (acted_pad_dataset / "manifest.csv").read_text().count(",tight_crop")
    assert report["n_bona_fide"] + report["n_attack"] == crops
    assert report["threshold"] == 0.5
    assert report["eer"] < 0.1


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(
        "path,label,source\nmissing.jpg,attack,a\nother.jpg,bona_fide,a\n"
    )
    done = run_command(
        "--home", str(tmp_path / "home"), "evaluate", "pad",
        "--manifest", str(tmp_path / "manifest.csv"), "--json",
    )  # fmt: skip
    assert done.returncode == 1
    assert "missing.jpg" in done.stderr


def _frames(folder: Path) -> int:
    return (folder / "manifest.csv").read_text().count(",full_frame")


def _sites(folder: Path) -> list[int]:
    return sorted(int(path.name.removeprefix("site")) for path in folder.glob("site*"))


def test_attacks_alone_are_refused_with_a_remedy(acted_pad_dataset: Path, tmp_path: Path) -> None:
    head, *rows = (acted_pad_dataset / "manifest.csv").read_text().splitlines()
    attacks = [row for row in rows if ",attack," in row and ",full_frame" in row][:3]
    (tmp_path / "manifest.csv").write_text("\n".join([head, *attacks]) + "\n")
    done = invoke(
        "--home", str(tmp_path / "home"), "evaluate", "pad", "--root", str(acted_pad_dataset),
        "--manifest", str(tmp_path / "manifest.csv"), "--json",
    )  # fmt: skip
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["remedy"]


def test_a_named_detector_is_told_with_its_training_data(
    home: Path, shades: Path, bright: Path
) -> None:
    asked = ("--kind", "tight_crop", "--model", bright)
    values = told(evaluate(home, shades, *asked, "--json"))
    assert (values["detector"], values["protocol"]) == ("bright/1", "detector")
    assert values["in_training"] == {"sources": ["hall"], "presentations": 24}
    assert set(values["per_subject"]) == {"ada-0", "ada-1", "ada-2", "ada-3"}
    assert values["eer"] == 0.0
    assert "No test: 24 of them" in evaluate(home, shades, *asked).stdout


def test_damaged_pictures_are_counted_listed_and_in_no_rate(
    home: Path, shades: Path, bright: Path
) -> None:
    (shades.parent / "attack-3.png").write_bytes(b"no picture")
    result = evaluate(home, shades, "--kind", "tight_crop", "--model", bright, "--json")
    values = told(result)
    assert values["n_attack"] == 23
    assert [one["path"] for one in values["unreadable"]] == ["attack-3.png"]
    assert "attack-3.png" in result.stderr


def test_the_report_works_offline_and_keeps_faces_apart(
    home: Path, shades: Path, bright: Path, tmp_path: Path
) -> None:
    report = tmp_path / "deep" / "report"
    asked = ("--kind", "tight_crop", "--json", "--report")
    values = told(evaluate(home, shades, "--model", bright, *asked, report))
    assert {path.name for path in report.iterdir()} == {
        "report.html", "report.json", "scores.csv", "worst-errors.html", "det.svg", "scores.svg",
        "species.svg", "sources.svg",
    }  # fmt: skip
    assert report.stat().st_mode & 0o077 == 0
    assert json.loads((report / "report.json").read_text("utf-8")) == values
    page = (report / "report.html").read_text("utf-8")
    assert page.count("<svg") == 4
    for foreign in ("<img", "data:", "src=", "<script"):
        assert foreign not in page
    assert "No test: 24 of 48" in page
    worst = (report / "worst-errors.html").read_text("utf-8")
    assert worst.count("data:image/jpeg") == 48
    assert "shows faces" in worst

    # What a report wrote can be read again, with the same rates.
    again = told(evaluate(home, shades, "--scores", report / "scores.csv", "--kind", "tight_crop",
                          "--json"))  # fmt: skip
    same = ("eer", "auc", "bpcer", "apcer", "threshold", "per_source")
    assert {name: again[name] for name in same} == {name: values[name] for name in same}
    assert again["protocol"] == "given_scores"


class SaysTheSame:
    """A second opinion that knows nothing."""

    name = "same/1"

    def log_odds(self, image: Image, *, face: Box) -> float:
        return 0.25


def test_each_source_is_judged_by_heads_that_never_saw_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pad_dataset(tmp_path, sites=(100, 101, 102), moments=1)
    asked = ("--leave-one-source-out", "--json")
    values = told(evaluate(home, tmp_path / "manifest.csv", *asked))
    assert values["protocol"] == "leave_one_source_out"
    assert values["in_training"] == {"sources": [], "presentations": 0}
    assert set(values["per_source"]) == {"site100", "site101", "site102"}
    assert values["n_bona_fide"] + values["n_attack"] + values["no_face"] == _frames(tmp_path)
    refused = evaluate(home, tmp_path / "manifest.csv", *asked, "--teacher", "minifasnet")
    assert "models install minifasnet" in json.loads(refused.stdout)["error"]["remedy"]
    monkeypatch.setattr(
        "countenance.training.teaching.open_teacher", lambda _folder, **_more: SaysTheSame()
    )
    with_both = (*asked, "--teacher", "minifasnet", "--fuse", "minifasnet")
    fused = told(evaluate(home, tmp_path / "manifest.csv", *with_both))
    assert fused["detector"] == "lite0-linear+minifasnet"
    # What knows nothing changes no order within a source.
    for source, before in values["per_source"].items():
        assert fused["per_source"][source]["eer"] == before["eer"]
    lonely = (tmp_path / "manifest.csv").read_text().replace("site101,", "site100,")
    (tmp_path / "one.csv").write_text(lonely.replace("site102,", "site100,"))
    refused = evaluate(home, tmp_path / "one.csv", *asked)
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["error"]["code"] == "dataset.leak"


def test_known_cameras_are_compared_with_unknown_ones(home: Path, tmp_path: Path) -> None:
    rows, manifest = ["path,bona_fide_score"], [HEAD.strip()]
    for source, level in (("dim", 0.35), ("light", 0.65)):
        for at in range(8):
            for label, score in (("bona_fide", level + 0.1), ("attack", level - 0.1)):
                name = f"{source}-{label}-{at}.png"
                rows.append(f"{name},{score + at / 1000}")
                manifest.append(f"{name},{label},{source},,")
                (tmp_path / name).touch()
    (tmp_path / "manifest.csv").write_text("\n".join(manifest))
    (tmp_path / "scores.csv").write_text("\n".join(rows))
    asked = ("--scores", tmp_path / "scores.csv", "--calibrate", "5")
    trial = told(evaluate(home, tmp_path / "manifest.csv", *asked, "--json"))["calibrated"]
    assert (trial["frames"], trial["sources"], trial["n_bona_fide"]) == (5, 2, 6)
    assert trial["calibrated"]["eer"] < trial["uncalibrated"]["eer"]
    shown = evaluate(home, tmp_path / "manifest.csv", *asked)
    assert "Each camera known by 5 bona fide pictures" in shown.stdout


def _write_clip(path: Path) -> bytes:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (640, 480))
    for frame in frames(Scene(Kind.LIVE, seconds=1.5, fps=10)):
        writer.write(frame)
    writer.release()
    return path.read_bytes()


def test_a_clip_is_one_presentation_and_is_decided_as_a_login(home: Path, tmp_path: Path) -> None:
    acted = _write_clip(tmp_path / "live.avi")
    # To these detectors all clips are alike; what the manifest says of them is what counts.
    (tmp_path / "replay.avi").write_bytes(acted)
    (tmp_path / "cut.avi").write_bytes(acted[:3000])
    (tmp_path / "manifest.csv").write_text(
        "path,label,source,species,kind\nlive.avi,bona_fide,a,,clip\n"
        "replay.avi,attack,a,replay_phone,clip\ncut.avi,bona_fide,a,,clip\n"
    )
    credulous = write_bright_detector(tmp_path / "credulous", name="credulous", middle=-1000.0)
    asked = ("--kind", "clip", "--model", credulous)
    values = told(evaluate(home, tmp_path / "manifest.csv", *asked, "--json"))
    assert (values["n_bona_fide"], values["n_attack"]) == (1, 1)
    assert (values["bpcer"], values["apcer"]) == (0.0, {"replay_phone": 1.0})
    assert [one["path"] for one in values["unreadable"]] == ["cut.avi"]
    live, replay = values["clips"]
    assert (live["admitted"], live["frames"], live["reason"]) == (True, 15, None)
    assert 0.9 <= live["decided_at_s"] < 1.5
    assert replay["admitted"]
    assert values["frames"]["apcer"] == {"replay_phone": 1.0}

    strict = write_bright_detector(tmp_path / "strict", name="strict", middle=1000.0)
    shown = evaluate(home, tmp_path / "manifest.csv", "--kind", "clip", "--model", strict)
    assert shown.exit_code == 0, shown.stderr
    assert "presentation_attack" in shown.stdout
    assert "admitted" not in shown.stdout


HEAD = "path,label,source,species,kind\n"


@pytest.mark.parametrize(
    ("text", "more", "exit_code", "said"),
    [
        ("", (), 1, "lacks the column"),
        (HEAD, (), 1, "No presentation was found"),
        (f"{HEAD}a.png,attack,s,print,tight_crop\n", (), 1, "no row of the kind full_frame"),
        (f"{HEAD}a.png,attack,s,print,\n", (), 1, "attacks alone"),
        (f"{HEAD}a.png,bona_fide,s,,\n", (), 1, "bona fide presentations alone"),
        (f"{HEAD}a.png,attack,s,print,\nb.png,real,s,,\n", (), 1, "and 1 more"),
        (f"{HEAD}a.png,maybe,s,print,\n", (), 1, "'maybe' is unknown"),
        (HEAD, ("--kind", "clip", "--leave-one-source-out"), 2, "--model"),
        (HEAD, ("--leave-one-source-out", "--model", "x"), 2, "trains its own"),
        (HEAD, ("--kind", "clip", "--calibrate", "5"), 2, "not with clips"),
        (HEAD, ("--calibrate", "2"), 2, "3<=x<=50"),
        (HEAD, ("--teacher", "minifasnet"), 2, "--teacher and --fuse go"),
        (HEAD, ("--cache", "c"), 2, "--cache goes with"),
        (HEAD, ("--photographs", "."), 2, "--photographs goes with"),
        (HEAD, ("--scores", "nowhere.csv"), 2, "does not exist"),
    ],
)
def test_input_that_makes_no_sense_is_refused_before_the_work(
    tmp_path: Path, text: str, more: tuple[str, ...], exit_code: int, said: str
) -> None:
    (tmp_path / "manifest.csv").write_text(text)
    result = evaluate(tmp_path / "home", tmp_path / "manifest.csv", *more)
    assert result.exit_code == exit_code
    assert said in result.stderr
    assert not (tmp_path / "home" / "models").exists()


def test_a_detector_of_no_known_name_is_told_with_those_there_are(home: Path, shades: Path) -> None:
    result = evaluate(home, shades, "--kind", "tight_crop", "--model", "nobody", "--json")
    assert result.exit_code == 1
    assert "pad-lite0-linear" in json.loads(result.stdout)["error"]["remedy"]


def test_attacks_of_a_species_without_a_name_of_ours_are_counted_as_unknown_and_told(
    home: Path, shades: Path, bright: Path
) -> None:
    shades.write_text(shades.read_text().replace(",print,", ",hologram,"))
    result = evaluate(home, shades, "--kind", "tight_crop", "--model", bright, "--json")
    assert told(result)["n_species"]["unknown"] == 16
    assert "16 attacks are of no known species" in result.stderr


@pytest.mark.real_data
def test_the_shipped_detector_is_told_to_have_met_the_development_data(
    home: Path, shared_data: Path, tmp_path: Path
) -> None:
    head, *rows = (shared_data / "manifest.csv").read_text("utf-8").splitlines()
    some = [row for row in rows if ",full_frame," in row][::20]
    (tmp_path / "some.csv").write_text("\n".join([head, *some]) + "\n", "utf-8")
    values = told(evaluate(home, tmp_path / "some.csv", "--root", shared_data, "--json"))
    judged = values["n_bona_fide"] + values["n_attack"] + values["no_face"]
    assert values["in_training"]["presentations"] == judged
    assert values["auc"] > 0.95
