"""From two videos to a login, by the commands of the how-to alone.

One video of a person and one of a replay are collected, a detector is trained on them, and a
server with that detector lets the person in and keeps the replay out, with other takes than it
was trained on. Acted scenes stand in for people; the figures say nothing about real ones.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.films import film
from tests.fixtures.portraits import Person
from tests.fixtures.scenes import Kind, Scene
from tests.harness.server import run_command

pytest.importorskip("scipy", reason="needs the extra 'train'")

SITE = 3


def told(*arguments: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    done = run_command(*arguments, "--json", env=env)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`pad collect` twice, then `pad train`."""
    folder = tmp_path_factory.mktemp("lab")
    home, captures = str(folder / "home"), str(folder / "captures")
    for kind, more in (
        (Kind.TURNS, ("--label", "bona_fide")),
        (Kind.REPLAY, ("--label", "attack", "--species", "replay_phone")),
    ):
        seen = film(folder / f"{kind}.avi", Scene(kind, seconds=3.0, fps=15, site=SITE, seed=5))
        collected = told(
            *("--home", home, "pad", "collect", "--input", str(seen), "--output", captures),
            *("--subject", "eileen", "--source", "desk", "--limit", "8", *more),
        )
        assert collected["kept"] >= 4
    trained = told(
        *("--home", home, "pad", "train", "--data", captures, "--output", str(folder / "detector"))
    )
    return Path(trained["card"])


def test_a_detector_of_two_videos_works_in_the_login_at_once(card: Path, tmp_path: Path) -> None:
    for kind, name in ((Kind.LIVE, "real"), (Kind.REPLAY, "fake")):
        scene = Scene(kind, Person.COLLINS, seconds=3.0, fps=15, site=SITE, seed=0)
        film(tmp_path / f"{Person.COLLINS}_{name}.avi", scene)
    logins = told(
        *("bench", "logins", "--clips", str(tmp_path), "--concurrent", "1", "--logins", "5"),
        *("--fps", "15"),
        env={"COUNTENANCE_PAD_CARD": str(card)},
    )
    (level,) = logins["levels"]
    assert level["bona_fide"] == level["granted"] > 0
    assert level["hostile"] > 0
    assert logins["wrongly_admitted"] == 0
