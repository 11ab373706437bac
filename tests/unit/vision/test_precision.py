from __future__ import annotations

import platform
from pathlib import Path

import pytest

from countenance.errors import ConfigurationError
from countenance.vision import precision
from countenance.vision.precision import Precision, has_dot_product, precision_named


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("flags : fpu avx2 avx512f avx512_vnni", True),
        ("flags : fpu avx2 avx_vnni", True),
        ("Features : fp asimd asimddp", True),
        ("flags : fpu sse4_1 avx2 avx512f", False),
        ("model name : avx_vnnisomething", False),
        ("", False),
    ],
)
def test_the_instructions_are_looked_up_in_the_description_of_the_processor(
    flags: str, expected: bool, tmp_path: Path
) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(flags)
    assert has_dot_product(path) is expected


@pytest.mark.parametrize(("machine", "expected"), [("arm64", True), ("AMD64", False)])
def test_without_a_description_only_apples_processors_are_known(
    machine: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert has_dot_product(tmp_path / "none") is expected


@pytest.mark.parametrize(("has", "expected"), [(True, "int8"), (False, "float32")])
def test_auto_takes_what_the_processor_is_fast_at(
    has: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "has_dot_product", lambda: has)
    assert Precision.AUTO.resolved() == expected
    assert Precision.FLOAT32.resolved() is Precision.FLOAT32
    assert Precision.INT8.resolved() is Precision.INT8


def test_an_unknown_precision_is_refused_with_those_there_are() -> None:
    assert precision_named("int8") is Precision.INT8
    with pytest.raises(ConfigurationError) as refused:
        precision_named("fp4")
    assert "fp4" in refused.value.message
    assert "auto, float32, int8" in refused.value.remedy
