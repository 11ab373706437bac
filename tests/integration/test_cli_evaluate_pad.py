"""`countenance evaluate pad` on acted scenes and on bad input."""

from __future__ import annotations

import json
from pathlib import Path

from tests.harness.server import run_command

KEYS = {
    "detector", "n_bona_fide", "n_attack", "no_face", "threshold", "bpcer", "apcer_worst",
    "apcer", "eer", "auc", "apcer_at_bpcer", "per_source",
}  # fmt: skip


def test_rates_of_the_detector_in_use_are_told_per_species_and_source(
    acted_pad_dataset: Path, acted_detector: Path, tmp_path: Path
) -> None:
    done = run_command(
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
    done = run_command(
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
    (tmp_path / "manifest.csv").write_text("path,label,source\nmissing.jpg,attack,a\n")
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
    done = run_command(
        "--home", str(tmp_path / "home"), "evaluate", "pad", "--root", str(acted_pad_dataset),
        "--manifest", str(tmp_path / "manifest.csv"), "--json",
    )  # fmt: skip
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["remedy"]
