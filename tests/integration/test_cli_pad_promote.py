"""`countenance pad promote` and `pad demote`: nothing goes into service unseen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from countenance.bootstrap import build
from countenance.cli.main import main
from countenance.events import Tag
from countenance.settings import read_settings
from countenance.vision.pad_service import Chosen
from tests.fixtures.bright_detectors import write_bright_detector, write_shades


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared graphs, shared: preparing them takes longer than these tests."""
    home = tmp_path_factory.mktemp("prepared")
    build(read_settings({"COUNTENANCE_HOME": str(home)})).engine.warm_up()
    return home / "models" / "prepared"


@pytest.fixture
def home(tmp_path: Path, models: Path) -> Path:
    home = tmp_path / "home"
    (home / "models").mkdir(parents=True)
    (home / "models" / "prepared").symlink_to(models)
    return home


@pytest.fixture
def shades(tmp_path: Path) -> Path:
    return write_shades(tmp_path / "shades")


def pad(home: Path, *words: object) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "pad", *map(str, words)])


def promote(home: Path, card: Path, manifest: Path, *more: object) -> Result:
    return pad(home, "promote", card, "--manifest", manifest, "--kind", "tight_crop", *more)


def told(result: Result, *, exit_code: int = 0) -> dict[str, Any]:
    assert result.exit_code == exit_code, result.stderr + result.stdout
    values: dict[str, Any] = json.loads(result.stdout)
    return values


def settings(home: Path) -> dict[str, str]:
    return {"COUNTENANCE_HOME": str(home)}


def test_a_better_detector_goes_into_service_and_back(
    home: Path, shades: Path, tmp_path: Path
) -> None:
    card = write_bright_detector(tmp_path / "new")
    values = told(promote(home, card, shades, "--json"))
    assert (values["promoted"], values["refused"]) == (True, [])
    assert values["new"]["eer"] == 0.0
    assert (values["old"]["n_attack"], values["new"]["n_attack"]) == (24, 24)
    container = build(read_settings(settings(home)))
    assert container.pad_in_service.chosen is Chosen.PROMOTED
    assert container.engine.pad.name == "bright/1"
    (event,) = container.identity.audit.list_events(tags=(Tag.DETECTOR_PROMOTED,))
    assert event.details["detector"] == "bright/1"
    assert event.details["replaced"].startswith("pad-lite0-linear/")

    assert told(pad(home, "demote", "--json"))["demoted"] is True
    container = build(read_settings(settings(home)))
    assert container.pad_in_service.chosen is Chosen.SHIPPED
    assert container.identity.audit.list_events(tags=(Tag.DETECTOR_DEMOTED,))
    assert told(pad(home, "demote", "--json"))["demoted"] is False


def test_a_worse_detector_is_refused_with_both_figures_and_nothing_changes(
    home: Path, shades: Path, tmp_path: Path
) -> None:
    assert promote(home, write_bright_detector(tmp_path / "good"), shades).exit_code == 0
    strict = write_bright_detector(tmp_path / "strict", name="strict", middle=170.0)
    result = promote(home, strict, shades)
    assert result.exit_code == 1
    for said in ("OLD bright/1", "NEW strict/1", "BPCER", "worse by more than its interval"):
        assert said in result.stdout
    assert build(read_settings(settings(home))).engine.pad.name == "bright/1"

    values = told(promote(home, strict, shades, "--json", "--despite-worse", "strict on purpose"))
    assert values["promoted"] is True
    assert values["refused"] == ["BPCER is worse by more than its interval."]
    container = build(read_settings(settings(home)))
    newest = container.identity.audit.list_events(tags=(Tag.DETECTOR_PROMOTED,))[0]
    assert newest.details["despite_worse"] == "strict on purpose"


def test_figures_on_its_own_training_sources_are_no_figures(
    home: Path, shades: Path, tmp_path: Path
) -> None:
    card = write_bright_detector(tmp_path / "new", sources=["hall"])
    values = told(promote(home, card, shades, "--json"), exit_code=1)
    assert (values["promoted"], values["card"]) == (False, None)
    assert "24 presentations are of sources that it was trained with: hall." in values["refused"]
    assert values["new_in_training"] == ["hall"]
    assert not list((home / "models").glob("pad/*"))


def test_a_handful_of_pictures_tells_too_little(home: Path, tmp_path: Path) -> None:
    few = write_shades(tmp_path / "few", of_each=6)
    result = promote(home, write_bright_detector(tmp_path / "new"), few)
    assert result.exit_code == 1
    assert "6 bona fide presentations tell too little" in result.stdout


def test_the_setting_still_wins_and_is_reported(
    home: Path, shades: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = write_bright_detector(tmp_path / "chosen", name="chosen", middle=125.0)
    monkeypatch.setenv("COUNTENANCE_PAD_CARD", str(chosen))
    result = promote(home, write_bright_detector(tmp_path / "new"), shades)
    assert result.exit_code == 0, result.stderr
    assert "COUNTENANCE_PAD_CARD is set" in result.stderr
    container = build(read_settings(settings(home) | {"COUNTENANCE_PAD_CARD": str(chosen)}))
    assert container.engine.pad.name == "chosen/1"


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["--despite-worse", " "], 2, "needs a reason"),
        (["--kind", "clip"], 1, "no row of the kind clip"),
    ],
)
def test_wrong_usage_is_told(
    home: Path, shades: Path, tmp_path: Path, words: list[str], exit_code: int, said: str
) -> None:
    result = promote(home, write_bright_detector(tmp_path / "new"), shades, *words)
    assert result.exit_code == exit_code
    assert said in result.stderr


def test_the_detector_in_service_cannot_be_promoted_again(
    home: Path, shades: Path, tmp_path: Path
) -> None:
    card = write_bright_detector(tmp_path / "new")
    assert promote(home, card, shades).exit_code == 0
    result = promote(home, card, shades)
    assert result.exit_code == 1
    assert "in service already" in result.stderr


def test_a_card_without_its_model_changes_nothing(home: Path, shades: Path, tmp_path: Path) -> None:
    card = write_bright_detector(tmp_path / "new")
    card.with_name("bright.onnx").unlink()
    result = promote(home, card, shades, "--json")
    assert json.loads(result.stdout)["error"]["code"] == "vision.model_missing"
    assert not (home / "models" / "pad").exists()
