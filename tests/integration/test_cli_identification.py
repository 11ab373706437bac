"""1:N through the commands that people type: one search, one threshold, no scores by default."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from countenance.cli.main import main
from tests.fixtures.portraits import Person


def run(home: Path, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), *map(str, arguments)])


@pytest.fixture(scope="module")
def people(
    tmp_path_factory: pytest.TempPathFactory, portraits: dict[Person, NDArray[np.uint8]]
) -> Path:
    """A folder for each of the two portraits."""
    folder = tmp_path_factory.mktemp("people")
    for person, pixels in portraits.items():
        (folder / person.name.lower()).mkdir()
        cv2.imwrite(str(folder / person.name.lower() / "one.png"), pixels)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, people: Path) -> Path:
    home = tmp_path_factory.mktemp("home")
    result = run(home, "faces", "import", people, "--create-users", "--json")
    assert result.exit_code == 0, result.output
    return home


def first(people: Path) -> tuple[str, Path]:
    folder = min(people.iterdir())
    return folder.name, folder / "one.png"


def test_scores_are_told_only_when_asked_for(home: Path, people: Path) -> None:
    name, picture = first(people)
    plain = json.loads(run(home, "faces", "identify", picture, "--json").stdout)
    assert plain == {
        "candidates": [{"user": name, "rank": 1}],
        "nobody": False,
        "failure": None,
    }
    told = json.loads(run(home, "faces", "identify", picture, "--json", "--show-score").stdout)
    assert told["candidates"][0]["similarity"] == pytest.approx(1, abs=1e-3)
    assert told["enrolled"] == 2
    assert 0.3 < told["threshold"] < 0.6
    words = run(home, "faces", "identify", picture, "--show-score").stdout
    assert "Threshold" in words
    assert "Threshold" not in run(home, "faces", "identify", picture).stdout


def test_a_stricter_rate_raises_the_threshold(
    home: Path, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, picture = first(people)
    asked = ("faces", "identify", picture, "--json", "--show-score")
    usual = json.loads(run(home, *asked).stdout)["threshold"]
    monkeypatch.setenv("COUNTENANCE_FPIR", "0.000001")
    assert json.loads(run(home, *asked).stdout)["threshold"] > usual + 0.05


@pytest.mark.parametrize("rate", ["0", "1", "1.5"])
def test_a_rate_that_is_none_stops_the_start(
    home: Path, people: Path, monkeypatch: pytest.MonkeyPatch, rate: str
) -> None:
    monkeypatch.setenv("COUNTENANCE_FPIR", rate)
    result = run(home, "faces", "identify", first(people)[1])
    assert result.exit_code == 1
    assert "COUNTENANCE_FPIR" in result.stderr


def test_an_import_notices_people_of_the_same_import(tmp_path: Path, people: Path) -> None:
    """The gallery follows while the import goes on."""
    _, picture = first(people)
    for name in ("ada", "bea"):
        (tmp_path / "twice" / name).mkdir(parents=True)
        shutil.copy(picture, tmp_path / "twice" / name / "one.png")
    result = run(
        tmp_path / "home", "faces", "import", tmp_path / "twice", "--create-users", "--json"
    )
    told = {
        person["user"]: person["same_face_as"] for person in json.loads(result.stdout)["people"]
    }
    assert told == {"ada": [], "bea": ["ada"]}


def test_too_few_people_to_evaluate_are_told(home: Path, people: Path) -> None:
    result = run(home, "evaluate", "identification", people, "--json")
    assert result.exit_code == 1
    error = json.loads(result.stdout)["error"]
    assert "more people" in error["remedy"]
