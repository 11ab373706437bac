"""The programs in `examples` do what they say."""

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from countenance.apps.api import GROUP, find_apps
from countenance.images.codec import encode_jpeg
from countenance.images.image import Image
from tests.fixtures.portraits import Person

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name: str, *arguments: Path) -> str:
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_decision_needs_no_camera() -> None:
    assert run("decide_a_login.py").splitlines() == [
        "the owner: granted after 10 frames",
        "the owner on a phone: presentation_attack after 40 frames",
        "somebody else: not_matched after 40 frames",
        "a new face after every nine frames: face_changed after 46 frames",
    ]


def test_two_photographs_are_compared(
    portraits: dict[Person, NDArray[np.uint8]], tmp_path: Path
) -> None:
    one, other = (tmp_path / f"{number}.jpg" for number in (1, 2))
    for path, pixels in zip((one, other), portraits.values(), strict=True):
        path.write_bytes(encode_jpeg(Image(pixels)))
    assert run("compare_photographs.py", one, other).startswith("two people")
    assert run("compare_photographs.py", one, one).startswith("one person")


def test_an_app_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    (found,) = find_apps([EntryPoint("hello", "hello_app:app", GROUP)])
    assert found.title == "Hello"
    assert found.blueprint().name == "hello"
