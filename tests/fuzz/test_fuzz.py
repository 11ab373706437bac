"""A short search of each reader of foreign bytes; `python -m tools.fuzz` searches longer.

What a search finds is kept in `regressions/TARGET` and replayed here for good.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.fuzz import with_atheris
from tools.fuzz.__main__ import ENGINES, fuzz, main
from tools.fuzz.find import find_target
from tools.fuzz.json_mutations import mutated
from tools.fuzz.target import Target, TooSlowError, watched
from tools.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
REGRESSIONS = Path(__file__).parent / "regressions"
KEPT = sorted(path for path in REGRESSIONS.rglob("*") if path.is_file())

needs_atheris = pytest.mark.skipif(
    not with_atheris.is_here(), reason="atheris has wheels for Linux on x86-64 alone"
)


@pytest.mark.parametrize("name", TARGETS)
def test_a_short_search_breaks_nothing(name: str, tmp_path: Path) -> None:
    assert fuzz(name, seconds=1, corpus=tmp_path) == []


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_stays_mended(path: Path) -> None:
    target = TARGETS[path.parent.name]
    watched(target, target.load())(path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_a_search_begins_at_inputs_that_are_accepted_and_at_others(name: str) -> None:
    """Else it would never come past the first check, or never see one fail."""
    target = TARGETS[name]
    probe = target.load()
    accepted = [probe(seed) for seed in target.seeds()]
    assert any(accepted)
    assert not all(accepted) or name == "wish"


# The real parsers, each with one line changed. The third asks for two bytes in a row that no
# seed has: a search that sees its own progress gets there soon.
PLANTS = {
    "an empty picture": (
        "ceremony/protocol.py",
        "len(message) <= HEADER_BYTES",
        "len(message) < HEADER_BYTES",
        "frame",
    ),
    "reading beyond the end": (
        "images/header.py",
        "while at + 4 <= len(data):",
        "while True:",
        "header",
    ),
    "one kind of segment of odd length": (
        "images/header.py",
        "        if length < 2 or",
        (
            "        if marker == 0xE2:\n"
            "            assert data[at + 2] != 0x4D\n"
            "        if length < 2 or"
        ),
        "header",
    ),
}
TARGET_OF = """
from dataclasses import replace
from tools.fuzz.targets import TARGETS

TARGET = replace(TARGETS[{name!r}], name="planted")
"""


@pytest.fixture
def planted(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A folder with a copy of the product, broken in one place."""
    file, right, wrong, name = PLANTS[request.param]
    source, copy = ROOT / "src" / "countenance", tmp_path / "site" / "countenance"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__", "weights"))
    text = (copy / file).read_text()
    assert text.count(right) == 1
    (copy / file).write_text(text.replace(right, wrong))
    (copy.parent / "planted_target.py").write_text(TARGET_OF.format(name=name))
    return copy.parent


def search(
    site: Path, corpus: Path, *, engine: str, seconds: int
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.fuzz", "--target", "planted_target:TARGET"]
    command += ["--engine", engine, "--seconds", str(seconds), "--corpus", str(corpus)]
    path = os.pathsep.join([str(site), *sys.path])
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path},
        check=False, capture_output=True, text=True,
    )  # fmt: skip


@needs_atheris
@pytest.mark.parametrize("planted", PLANTS, indirect=True)
def test_a_planted_bug_is_found_and_its_input_is_kept(planted: Path, tmp_path: Path) -> None:
    done = search(planted, tmp_path / "corpus", engine="atheris", seconds=45)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "planted_target:TARGET: 1 inputs that break something" in done.stdout
    (kept,) = (tmp_path / "corpus" / "crashes" / "planted").iterdir()
    assert str(kept) in done.stdout
    # The parser that is right takes it.
    for name in ("frame", "header"):
        TARGETS[name].load()(kept.read_bytes())


@pytest.mark.parametrize("planted", ["an empty picture", "reading beyond the end"], indirect=True)
def test_the_floor_finds_what_lies_near_the_edges(planted: Path, tmp_path: Path) -> None:
    done = search(planted, tmp_path / "corpus", engine="hypothesis", seconds=20)
    assert "planted_target:TARGET: 1 inputs that break something" in done.stdout, done.stderr
    assert len(list((tmp_path / "corpus" / "crashes" / "planted").iterdir())) == 1


def test_both_engines_are_offered_and_an_unknown_target_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ENGINES == ("atheris", "hypothesis")
    with pytest.raises(SystemExit) as refused:
        main(["--target", "nobody"])
    assert refused.value.code == 2
    assert "no target 'nobody'" in capsys.readouterr().err
    with pytest.raises(KeyError, match="is no target"):
        find_target("tools.fuzz.targets:json")


def _target(limit_ms: float, memory_mb: int) -> Target:
    return Target("own", (), lambda: lambda _: True, lambda: [b""], 10, limit_ms, memory_mb)


def test_an_input_that_takes_too_long_is_a_find() -> None:
    def slow(_: bytes) -> bool:
        return sum(range(3_000_000)) > 0

    with pytest.raises(TooSlowError):
        watched(_target(1, 1000), slow)(b"x")


def test_an_input_that_takes_too_much_memory_is_a_find_even_when_it_is_given_back() -> None:
    # In a process of its own: the highest ever of this one may be higher already.
    program = (
        "from tests.fuzz.test_fuzz import _target; from tools.fuzz.target import *\n"
        "try: watched(_target(1e9, 100), lambda _: len(b'x' * 200_000_000) > 0)(b'x')\n"
        "except TooLargeError: print('found')\n"
        "watched(_target(1e9, 100), lambda _: True)(b'x')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.stdout == "found\n", done.stderr


def test_mutations_of_json_stay_json_and_go_everywhere() -> None:
    text = b'{"a": {"b": [1, 2]}, "c": "d"}'
    made = {mutated(text, seed=seed, otherwise=lambda _: b"") for seed in range(3000)}
    whole = [
        json.loads(one) for one in made - {b""} if not one.startswith((b"[[[", b'{"a":{"a":{'))
    ]
    assert any(isinstance(one, dict) and one.get("a") == [] for one in whole)
    assert any(isinstance(one, dict) and "c" not in one for one in whole)
    assert any(
        isinstance(one, dict) and isinstance(one.get("a"), dict) and one["a"].get("b") == [1, None]
        for one in whole
    )
    assert mutated(b"no json", seed=1, otherwise=lambda data: data[:2]) == b"no"
