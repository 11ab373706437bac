"""Cards say enough to run a detector, and are refused when they make no sense."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from countenance.pad.calibration import NO_SHIFT, OUTER_BOUNDS
from countenance.vision.backends.onnx.pad import shipped_pad_card
from countenance.vision.errors import ModelInvalidError, ModelMissingError
from countenance.vision.pad_card import PadView, parse_pad_card, read_pad_card


@pytest.fixture
def values() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shipped_pad_card().read_text(encoding="utf-8"))
    return found


def test_a_card_survives_being_written_and_read(values: dict[str, Any]) -> None:
    card = parse_pad_card(values)
    assert parse_pad_card(json.loads(card.as_json())) == card


def test_the_shipped_card_tells_origin_licence_data_and_figures(values: dict[str, Any]) -> None:
    card = parse_pad_card(values)
    assert set(card.views) == {PadView.FULL_FRAME, PadView.TIGHT_CROP}
    assert card.licence == "Apache-2.0"
    assert "EfficientNet-Lite0" in card.attribution
    assert card.data["sources"]
    assert card.figures["eer"] <= 0.10
    assert card.figures["n_bona_fide"] > 200
    assert len(card.golden) == 2


def test_a_card_without_measured_bounds_allows_no_shift(values: dict[str, Any]) -> None:
    assert parse_pad_card({**values, "shift_bounds": {}}).shift_bounds == NO_SHIFT
    assert parse_pad_card(values).shift_bounds.fall > 0


def test_no_card_allows_more_than_the_product(values: dict[str, Any]) -> None:
    greedy = {**values, "shift_bounds": {"fall": 99, "rise": 99}}
    assert parse_pad_card(greedy).shift_bounds == OUTER_BOUNDS


def test_a_fingerprint_tells_detectors_apart_and_not_their_thresholds(
    values: dict[str, Any],
) -> None:
    own = parse_pad_card(values).fingerprint
    assert parse_pad_card({**values, "threshold": 0.6, "figures": {}}).fingerprint == own
    assert parse_pad_card({**values, "sha256": "0" * 64}).fingerprint != own
    views = {"full_frame": {"output": "frame_logit", "weight": 1.0}}
    assert parse_pad_card({**values, "views": views}).fingerprint != own


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "other"}, "format"),
        ({"threshold": 1.0}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"file": "../elsewhere.onnx"}, "plain name"),
        ({"file": ""}, "plain name"),
        ({"views": {}}, "weight"),
        ({"views": {"full_frame": {"output": "frame_logit", "weight": 0.4}}}, "sum to 1"),
        ({"views": {"profile": {"output": "x", "weight": 1}}}, "profile"),
        ({"input": {"width_px": 0, "height_px": 4, "colour_order": "rgb", "mean": 0, "std": 1}},
         "pixels a side"),
        ({"input": None}, "not usable"),
        ({"shift_bounds": {"fall": -1}}, "bounds"),
        ({"shift_bounds": {"rise": float("inf")}}, "bounds"),
    ],
)  # fmt: skip
def test_a_senseless_card_is_refused(
    tmp_path: Path, values: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    path = tmp_path / "card.json"
    path.write_text(json.dumps({**values, **change}), encoding="utf-8")
    with pytest.raises(ModelInvalidError, match=said):
        read_pad_card(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_a_file_that_is_no_card_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "card.json").write_bytes(content)
    with pytest.raises(ModelInvalidError, match="not usable"):
        read_pad_card(tmp_path / "card.json")


def test_a_missing_card_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError) as caught:
        read_pad_card(tmp_path / "none.json")
    assert "COUNTENANCE_PAD_CARD" in caught.value.remedy
