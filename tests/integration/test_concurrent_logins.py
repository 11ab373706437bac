"""Whole logins at once against a real server: none lost, none admitted that should not be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from countenance.images.image import Image
from countenance.images.video import VideoWriter
from tests.fixtures.portraits import Person
from tests.fixtures.scenes import Kind, Scene, frames
from tests.harness.server import run_command

FPS = 15


def film(path: Path, scene: Scene) -> None:
    with VideoWriter(path, fps=scene.fps) as writer:
        for frame in frames(scene):
            writer.write(Image(frame))


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people and an attack on each, as short films."""
    folder = tmp_path_factory.mktemp("recordings")
    for person in Person:
        live = Scene(Kind.LIVE, person, seconds=4.0, fps=FPS, site=3)
        film(folder / f"{person}_real.avi", live)
        replay = Scene(Kind.REPLAY, person, seconds=3.0, fps=FPS, site=3)
        film(folder / f"{person}_fake.avi", replay)
    return folder


@pytest.fixture(scope="module")
def told(recordings: Path, acted_detector: Path) -> dict[str, Any]:
    """What `bench logins` says of six at a time, four of which find a place at once."""
    done = run_command(
        *("bench", "logins", "--clips", str(recordings), "--concurrent", "6", "--logins", "15"),
        *("--fps", str(FPS), "--json"),
        env={"COUNTENANCE_PAD_CARD": str(acted_detector), "COUNTENANCE_CAPTURES": "4"},
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return dict(json.loads(done.stdout))


def test_none_is_lost_and_nobody_else_is_admitted(told: dict[str, Any]) -> None:
    (level,) = told["levels"]
    assert (level["concurrent"], level["logins"]) == (6, 15)
    assert (told["lost"], level["lost_at"]) == (0, {})
    assert (told["wrongly_admitted"], level["hostile"], level["bona_fide"]) == (0, 6, 9)


def test_the_people_themselves_get_in(told: dict[str, Any]) -> None:
    (level,) = told["levels"]
    assert level["wrongly_refused_of"] == {}
    assert level["granted"] == 9
    assert level["verdict_s"]["p50"] <= level["verdict_s"]["p95"] <= level["verdict_s"]["max"]


def test_every_refusal_stands_in_the_audit_trail_with_its_reason(told: dict[str, Any]) -> None:
    reasons = told["audited_reasons"]
    assert sum(reasons.values()) == 6
    assert set(reasons) <= {"not_matched", "presentation_attack"}


def test_without_a_clip_of_a_person_there_is_nothing_to_measure(
    recordings: Path, tmp_path: Path
) -> None:
    (tmp_path / "only_fake.avi").symlink_to(recordings / f"{Person.COLLINS}_fake.avi")
    for place, said in (
        (tmp_path, "clips of attacks only"),
        (tmp_path / "absent", "does not exist"),
        (Path(__file__), "No video was found"),
    ):
        done = run_command("bench", "logins", "--clips", str(place), "--json")
        assert done.returncode == 1
        error = json.loads(done.stdout)["error"]
        assert error["code"] == "bench.clips"
        assert said in error["message"]
        assert error["remedy"]
