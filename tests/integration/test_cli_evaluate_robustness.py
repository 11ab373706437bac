"""`countenance evaluate robustness` on portraits that come in wheels, and on bad input."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fixtures.portraits import Person
from tests.harness.commands import invoke


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people; the second picture of each is the first one, a little smaller."""
    from tests.fixtures.portraits import source_picture

    folder = tmp_path_factory.mktemp("pairs")
    rows = []
    for person in Person:
        (folder / person.value).mkdir()
        picture = source_picture(person)[:500, :500]
        _write(folder / person.value / "1.png", picture)
        _write(folder / person.value / "2.png", cv2.resize(picture, (420, 420)))
        rows.append(f"{person.value}/1.png,{person.value}/2.png,1")
    rows.append("collins/1.png,hopper/2.png,0")
    (folder / "pairs.csv").write_text("\n".join(["a,b,same", *rows]), encoding="utf-8")
    return folder / "pairs.csv"


def _write(path: Path, pixels: NDArray[np.uint8]) -> None:
    assert cv2.imwrite(str(path), pixels)


def test_a_row_for_each_condition_and_level(pairs: Path, tmp_path: Path) -> None:
    done = invoke(
        *("--home", str(tmp_path / "home"), "evaluate", "robustness", "--pairs", str(pairs)),
        *("--report", str(tmp_path / "report"), "--json"),
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    rows = {(row["condition"], row["level"]): row for row in report["rows"]}
    clean = rows["clean", ""]
    assert (clean["probes"], clean["no_face"], clean["refused"]) == (2, 0, 0)
    assert (clean["fnmr"], clean["fmr"]) == (0, 0)
    assert (clean["fnmr_comparisons"], clean["fmr_comparisons"]) == (2, 2)
    assert not clean["synthetic"]
    # Far and dark faces are found, and a login would not judge them.
    assert rows["small", "eyes 12 px apart"]["refused"] == 2
    assert rows["dim", "1/32 of the light"]["refused"] == 2
    assert rows["face covering", "black"]["synthetic"]
    assert {path.name for path in (tmp_path / "report").iterdir()} == {
        "robustness.csv",
        "robustness.svg",
    }


def test_a_single_clip_and_lists_without_mates_or_images_are_refused(
    pairs: Path, tmp_path: Path
) -> None:
    command = ("--home", str(tmp_path), "evaluate", "robustness", "--pairs")
    one_clip = invoke(*command, str(pairs), "--clip", str(pairs))
    assert one_clip.returncode == 2
    assert "--clip twice" in one_clip.stderr
    alone = pairs.with_name("alone.csv")
    alone.write_text("a,b,same\ncollins/1.png,hopper/1.png,0\n", encoding="utf-8")
    missing = pairs.with_name("missing.csv")
    missing.write_text("a,b,same\ncollins/1.png,collins/9.png,1\n", encoding="utf-8")
    refused = invoke(*command, str(missing))
    assert refused.returncode == 1
    assert "--skip-missing" in refused.stderr
    no_mates = invoke(*command, str(alone))
    assert no_mates.returncode == 1
    assert "no mated pair" in no_mates.stderr
    assert "Traceback" not in no_mates.stderr
