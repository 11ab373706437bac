"""What comes with the product is what its code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from countenance.vision.errors import ModelAlteredError
from countenance.vision.pins import SHIPPED, check_pin
from tools import pin_models


def test_the_pins_are_those_of_the_files() -> None:
    assert pin_models.MODULE.read_text("utf-8") == pin_models.module(), (
        "something in vision/weights changed; run: python -m tools.pin_models"
    )


def test_every_shipped_file_passes_and_one_with_a_flipped_bit_is_named() -> None:
    files = [path for path in SHIPPED.rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = bytearray(path.read_bytes())
        check_pin(path, bytes(content))
        content[len(content) // 2] ^= 1
        with pytest.raises(ModelAlteredError, match=path.name):
            check_pin(path, bytes(content))


def test_a_file_that_somebody_put_beside_the_shipped_ones_is_refused() -> None:
    with pytest.raises(ModelAlteredError, match="planted"):
        check_pin(SHIPPED / "packs" / "planted.json", b"{}")


def test_files_elsewhere_are_not_spoken_of(tmp_path: Path) -> None:
    check_pin(tmp_path / "sface.json", b"{}")
