"""Which detector is in service is never guessed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from countenance.vision.backends.onnx.pad import OnnxPadModel, shipped_pad_card
from countenance.vision.errors import (
    InstallationError,
    ModelAlteredError,
    ModelInvalidError,
    ModelMissingError,
    VisionError,
)
from countenance.vision.pad_card import read_pad_card
from countenance.vision.pad_service import (
    Chosen,
    PadInService,
    detector_named,
    install_detector,
    is_promoted,
    pad_in_service,
    put_in_service,
    take_out_of_service,
)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "home" / "models"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The card of a detector under another name: the shipped model again."""
    shipped = shipped_pad_card()
    card = replace(read_pad_card(shipped), name="door of the hall")
    folder = tmp_path / "other"
    folder.mkdir()
    shutil.copyfile(shipped.with_name(card.file), folder / card.file)
    (folder / "door.json").write_text(card.as_json())
    return folder / "door.json"


def in_service(models: Path, *, setting: str = "") -> PadInService:
    return pad_in_service(models, setting=setting, shipped=shipped_pad_card())


def promoted(other: Path, models: Path) -> Path:
    card = install_detector(other, models)
    put_in_service(card, models)
    return card


def test_the_shipped_detector_serves_until_another_is_promoted(models: Path, other: Path) -> None:
    assert in_service(models) == PadInService(shipped_pad_card(), Chosen.SHIPPED)
    card = promoted(other, models)
    assert in_service(models) == PadInService(card, Chosen.PROMOTED)
    assert OnnxPadModel.load(card).name == "door of the hall/4"


def test_the_setting_goes_before_what_was_promoted(models: Path, other: Path) -> None:
    promoted(other, models)
    assert in_service(models, setting=str(other)) == PadInService(other, Chosen.SETTING)


def test_a_demoted_detector_stays_installed(models: Path, other: Path) -> None:
    card = promoted(other, models)
    assert is_promoted(models)
    take_out_of_service(models)
    assert in_service(models).chosen is Chosen.SHIPPED
    assert card.is_file()
    take_out_of_service(models)  # twice does nothing


def test_nothing_but_card_model_and_pointer_is_left(models: Path, other: Path) -> None:
    promoted(other, models)
    promoted(other, models)
    names = sorted(p.relative_to(models / "pad").as_posix() for p in models.glob("pad/**/*"))
    assert len(names) == 4
    assert names[-1] == "in-service.json"
    assert names[1].endswith("/card.json")


def test_a_promoted_card_that_changed_is_not_used(models: Path, other: Path) -> None:
    card = promoted(other, models)
    card.write_text(card.read_text().replace('"threshold": 0.5', '"threshold": 0.0'))
    with pytest.raises(ModelAlteredError, match="promoted"):
        in_service(models)


@pytest.mark.parametrize("text", ["", "{}", '["x"]', "\x00"])
def test_a_damaged_pointer_stops_the_start(models: Path, other: Path, text: str) -> None:
    promoted(other, models)
    (models / "pad" / "in-service.json").write_text(text)
    with pytest.raises(ModelInvalidError, match="cannot be read") as caught:
        in_service(models)
    assert "demote" in caught.value.remedy


def test_a_pointer_leads_to_installed_detectors_alone(models: Path, other: Path) -> None:
    promoted(other, models)
    pointer = models / "pad" / "in-service.json"
    values = json.loads(pointer.read_text())
    pointer.write_text(json.dumps({**values, "folder": f"../../../{other.parent.name}"}))
    with pytest.raises(VisionError):
        in_service(models)


def test_a_promoted_detector_that_was_deleted_is_missed(models: Path, other: Path) -> None:
    shutil.rmtree(promoted(other, models).parent)
    with pytest.raises(ModelMissingError, match="promoted"):
        in_service(models)


def test_a_model_that_is_not_its_cards_is_not_copied(models: Path, other: Path) -> None:
    other.with_name("pad-lite0-linear.onnx").write_bytes(b"another")
    with pytest.raises(ModelAlteredError):
        install_detector(other, models)
    assert not list(models.glob("pad/*"))


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, other: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(InstallationError, match="cannot be written"):
        install_detector(other, tmp_path / "models")


def test_detectors_are_named_by_card_name_or_folder(models: Path, other: Path) -> None:
    card = promoted(other, models)
    shipped = shipped_pad_card()
    named = {
        name: detector_named(name, models, shipped=shipped)
        for name in ("pad-lite0-linear", "door of the hall", card.parent.name, str(other))
    }
    assert list(named.values()) == [shipped, card, card, other]
    with pytest.raises(ModelMissingError, match="no detector") as caught:
        detector_named("nobody", models, shipped=shipped)
    assert card.parent.name in caught.value.remedy
