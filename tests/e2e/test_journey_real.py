"""The whole journey on real video: real people before real webcams, and real replays of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.e2e import journey
from tests.e2e.conftest import BrowserFactory, ServerFactory
from tests.e2e.homes import copy_of, make_enrolled_home
from tests.fixtures.clips import ClipShelf, Take
from tests.harness.server import Server

pytestmark = pytest.mark.timeout(600)


def clip_of(shared_data: Path, clips: ClipShelf, name: str, *, seconds: float = 8) -> Path:
    return clips.of_video(Take(shared_data / "liveness/clips" / name, seconds=seconds))


OWNER = "Apfol"
"""The person who owns the account: a webcam clip and a phone replay of it exist."""


@pytest.fixture(scope="module")
def enrolled_home(
    shared_data: Path,
    playwright: Playwright,
    chromium: str,
    clips: ClipShelf,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    return make_enrolled_home(
        playwright,
        chromium=chromium,
        clip=clip_of(shared_data, clips, f"{OWNER}_real.webm"),
        folder=tmp_path_factory.mktemp("real-home"),
        env={},
    )


@pytest.fixture
def enrolled(enrolled_home: Path, start_server: ServerFactory, tmp_path: Path) -> Server:
    return start_server(home=copy_of(enrolled_home, tmp_path / "enrolled"))


def test_a_person_before_a_webcam_logs_in(
    enrolled: Server,
    shared_data: Path,
    clips: ClipShelf,
    browser_with_camera: BrowserFactory,
) -> None:
    visitor = browser_with_camera(clip_of(shared_data, clips, f"{OWNER}_real.webm"))
    journey.expect_shut(visitor.page, enrolled)
    journey.enter_password(visitor, enrolled)
    journey.expect_home(visitor, enrolled)
    assert visitor.page_errors == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Apfol_fake.webm", "presentation_attack"),
        ("lestari15_fake.mp4", "presentation_attack"),
        ("Manikantha-M_fake.mp4", "presentation_attack"),
        ("lestari15_real.mp4", "not_matched"),
        ("thearvindk_real.mp4", "not_matched"),
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
    assert journey.refusal_reasons(enrolled) == [reason]
    journey.expect_shut(visitor.page, enrolled)


def test_a_photograph_given_out_as_a_camera_is_refused(
    enrolled: Server,
    shared_data: Path,
    clips: ClipShelf,
    browser_with_camera: BrowserFactory,
) -> None:
    """One frame of the right person's own webcam, again and again."""
    take = Take(shared_data / f"liveness/clips/{OWNER}_real.webm", seconds=1 / 30, lead_in_s=1.0)
    visitor = browser_with_camera(clips.of_video(take))
    journey.enter_password(visitor, enrolled)
    journey.expect_refusal(visitor.page)
    assert journey.refusal_reasons(enrolled) == ["frozen"]
    journey.expect_shut(visitor.page, enrolled)
