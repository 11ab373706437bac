"""The whole journey on real video: real people before real webcams, and real replays of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e import journey
from tests.e2e.conftest import BrowserFactory, ServerFactory
from tests.fixtures.clips import ClipShelf, Take
from tests.harness.server import Server

pytestmark = pytest.mark.timeout(600)


def clip_of(shared_data: Path, clips: ClipShelf, name: str, *, seconds: float = 8) -> Path:
    return clips.of_video(Take(shared_data / "liveness/clips" / name, seconds=seconds))


@pytest.fixture(scope="module")
def owner() -> str:
    """The person who owns the account: a webcam clip and a phone replay of it exist."""
    return "Apfol"


@pytest.fixture
def enrolled(
    shared_data: Path,
    owner: str,
    start_server: ServerFactory,
    clips: ClipShelf,
    browser_with_camera: BrowserFactory,
) -> Server:
    server = start_server()
    visitor = browser_with_camera(clip_of(shared_data, clips, f"{owner}_real.webm"))
    journey.set_up(visitor, server)
    journey.enrol(visitor)
    visitor.close()
    return server


def test_a_person_before_a_webcam_logs_in(
    enrolled: Server,
    shared_data: Path,
    owner: str,
    clips: ClipShelf,
    browser_with_camera: BrowserFactory,
) -> None:
    visitor = browser_with_camera(clip_of(shared_data, clips, f"{owner}_real.webm"))
    journey.expect_shut(visitor.page, enrolled)
    journey.enter_password(visitor, enrolled)
    journey.expect_home(visitor, enrolled)
    assert visitor.page_errors == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Apfol_fake.webm", "presentation_attack"),
        ("lestari15_fake.mp4", "presentation_attack"),
        ("lestari15_real.mp4", "not_matched"),
    ],
)
def test_a_replay_and_another_person_are_refused(
    enrolled: Server,
    shared_data: Path,
    clips: ClipShelf,
    browser_with_camera: BrowserFactory,
    name: str,
    reason: str,
) -> None:
    visitor = browser_with_camera(clip_of(shared_data, clips, name))
    journey.enter_password(visitor, enrolled)
    journey.expect_refusal(visitor.page)
    assert reason in journey.refusal_reasons(enrolled)
    journey.expect_shut(visitor.page, enrolled)


def test_a_photograph_given_out_as_a_camera_is_refused(
    enrolled: Server,
    shared_data: Path,
    owner: str,
    clips: ClipShelf,
    browser_with_camera: BrowserFactory,
) -> None:
    """One frame of the right person's own webcam, again and again."""
    take = Take(shared_data / f"liveness/clips/{owner}_real.webm", seconds=1 / 30, lead_in_s=1.0)
    visitor = browser_with_camera(clips.of_video(take))
    journey.enter_password(visitor, enrolled)
    journey.expect_refusal(visitor.page)
    assert journey.refusal_reasons(enrolled)[0] == "frozen"
    journey.expect_shut(visitor.page, enrolled)
