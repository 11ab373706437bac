"""The whole journey on any machine, with injected animated portraits before the camera.

A good detector may take animated portraits for the pictures they are, so this journey runs with
a detector that the product's own trainer makes of such fixtures. Detection is never switched off.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e import journey
from tests.e2e.conftest import SITTING, BrowserFactory, ServerFactory
from tests.e2e.homes import copy_of
from tests.fixtures.clips import ClipShelf
from tests.fixtures.portraits import Person
from tests.fixtures.scenes import Kind, Scene
from tests.harness.server import Server

ONLY_AT_THE_END = ("no_face", "several_faces", "poor_quality")
"""Reasons that a login waits out its time for: somebody may still come and sit down well."""


@pytest.fixture
def env(acted_detector: Path) -> dict[str, str]:
    return {"COUNTENANCE_PAD_CARD": str(acted_detector)}


@pytest.fixture
def enrolled(
    acted_home: Path, env: dict[str, str], start_server: ServerFactory, tmp_path: Path
) -> Server:
    return start_server(home=copy_of(acted_home, tmp_path / "enrolled"), env=env)


def test_set_up_enrol_log_in_and_see_the_apps(
    env: dict[str, str],
    start_server: ServerFactory,
    clips: ClipShelf,
    browser_with_camera: BrowserFactory,
) -> None:
    """The main job, from an empty home to the page of apps, and out again."""
    server = start_server(env=env)
    visitor = browser_with_camera(clips.of_scene(SITTING))
    page = visitor.page
    page.goto(server.url)
    expect(page).to_have_url(re.compile("/setup"))
    journey.set_up(visitor, server)
    journey.enrol(visitor)
    journey.expect_shut(page, server)
    journey.enter_password(visitor, server)
    journey.expect_shut(page, server)
    page.goto(f"{server.url}/login/face")
    journey.expect_home(visitor, server)
    expect(page.get_by_text("Logged in with password and face")).to_be_visible()
    page.get_by_role("link", name=re.compile("People")).first.click()
    expect(page.get_by_role("heading", name="People")).to_be_visible()
    page.goto(f"{server.url}/account")
    page.get_by_role("button", name="Log out").first.click()
    journey.expect_shut(page, server)
    assert visitor.page_errors == []


def test_the_verdict_is_spoken_and_shown(
    enrolled: Server, clips: ClipShelf, browser_with_camera: BrowserFactory
) -> None:
    """Words, ring and voice say the same; the page leaves only after they did."""
    visitor = browser_with_camera(clips.of_scene(SITTING))
    page = visitor.page
    journey.enter_password(visitor, enrolled)
    expect(page.locator("#line")).to_have_text("Authorized", timeout=journey.VERDICT_LIMIT_MS)
    assert any("Access granted" in words for words in visitor.spoken())
    journey.expect_home(visitor, enrolled)


@pytest.mark.parametrize(
    ("scene", "reason"),
    [
        (Scene(Kind.LIVE, Person.HOPPER, site=0), "not_matched"),
        (Scene(Kind.STILL, Person.COLLINS, site=0), "frozen"),
        (Scene(Kind.REPLAY, Person.COLLINS, site=0, seed=3), "presentation_attack"),
        (Scene(Kind.PRINT, Person.COLLINS, site=0, seed=3), "presentation_attack"),
        (Scene(Kind.EMPTY_ROOM, site=0), "no_face"),
        (Scene(Kind.TWO_FACES, Person.COLLINS, site=0), "several_faces"),
        (Scene(Kind.SMALL, Person.COLLINS, site=0), "poor_quality"),
        (Scene(Kind.DARK, Person.COLLINS, site=0), "poor_quality"),
        (Scene(Kind.BLURRED, Person.COLLINS, site=0), "poor_quality"),
    ],
    ids=lambda value: value.kind.value if isinstance(value, Scene) else "",
)
def test_whoever_is_not_the_user_really_there_stays_outside(
    acted_home: Path,
    env: dict[str, str],
    start_server: ServerFactory,
    tmp_path: Path,
    clips: ClipShelf,
    browser_with_camera: BrowserFactory,
    scene: Scene,
    reason: str,
) -> None:
    """Refused, in words that do not tell which check it was; the owner learns the exact reason."""
    home = copy_of(acted_home, tmp_path / "enrolled")
    limit_s = "6" if reason in ONLY_AT_THE_END else "10"
    enrolled = start_server(home=home, env=env | {"COUNTENANCE_LOGIN_TIME_LIMIT_S": limit_s})
    visitor = browser_with_camera(clips.of_scene(scene))
    journey.enter_password(visitor, enrolled)
    journey.expect_refusal(visitor.page)
    shown = visitor.page.locator("body").inner_text()
    assert not re.search(r"liveness|spoof|attack|\bmatch|score|confidence", shown, re.IGNORECASE)
    assert journey.refusal_reasons(enrolled) == [reason]
    journey.expect_shut(visitor.page, enrolled)


def test_a_server_that_dies_midway_lets_nobody_in_and_loses_nothing(
    enrolled: Server, clips: ClipShelf, browser_with_camera: BrowserFactory
) -> None:
    """Killed without warning in the middle of a login; after the restart the way in is open."""
    visitor = browser_with_camera(clips.of_scene(Scene(Kind.EMPTY_ROOM, site=0)))
    journey.enter_password(visitor, enrolled)
    expect(visitor.page.locator("#line")).to_have_text("Come into the oval", timeout=30_000)
    enrolled.restart()
    expect(visitor.page.get_by_role("button", name="Try again")).to_be_visible(timeout=30_000)
    journey.expect_shut(visitor.page, enrolled)
    visitor.show(clips.of_scene(SITTING))
    journey.enter_password(visitor, enrolled)
    journey.expect_home(visitor, enrolled)


@pytest.mark.parametrize(("camera", "words"), [("none", "plug"), ("refused", "allow")])
def test_without_a_camera_the_page_says_how_to_mend_it_and_offers_another_way(
    enrolled: Server,
    clips: ClipShelf,
    browser_with_camera: BrowserFactory,
    camera: str,
    words: str,
) -> None:
    clip = None if camera == "none" else clips.of_scene(SITTING)
    visitor = browser_with_camera(clip, camera=camera)
    journey.enter_password(visitor, enrolled)
    page = visitor.page
    expect(page.locator("#line")).to_have_text("No camera to use", timeout=30_000)
    expect(page.locator("#detail")).to_have_text(re.compile(words, re.IGNORECASE))
    page.locator("#other, #cannot").and_(page.locator(":visible")).first.click()
    expect(page).to_have_url(re.compile("/login/code"))


def test_an_unplugged_camera_is_told_and_plugged_in_again_goes_on(
    enrolled: Server, clips: ClipShelf, browser_with_camera: BrowserFactory
) -> None:
    visitor = browser_with_camera(clips.of_scene(Scene(Kind.EMPTY_ROOM, site=0)))
    journey.enter_password(visitor, enrolled)
    expect(visitor.page.locator("#line")).to_have_text("Come into the oval", timeout=30_000)
    assert visitor.unplug_camera() == 1
    expect(visitor.page.locator("#detail")).to_have_text(re.compile("unplugged", re.IGNORECASE))
    visitor.show(clips.of_scene(SITTING))
    visitor.page.get_by_role("button", name="Try again").click()
    journey.expect_home(visitor, enrolled)


def test_a_login_code_of_an_administrator_is_the_way_in_without_a_face(
    enrolled: Server, browser_with_camera: BrowserFactory
) -> None:
    code = journey.login_code(enrolled)
    visitor = browser_with_camera(camera="none")
    page = visitor.page
    for given, opens in (("AAAAA-AAAAA", False), (code, True)):
        journey.enter_password(visitor, enrolled)
        page.goto(f"{enrolled.url}/login/code")
        page.get_by_label(re.compile("code", re.IGNORECASE)).fill(given)
        page.get_by_role("button", name=re.compile("Log in|Continue")).click()
        if opens:
            journey.expect_home(visitor, enrolled)
        else:
            expect(page.get_by_role("alert")).to_be_visible()
            journey.expect_shut(page, enrolled)
    expect(page.get_by_text("Logged in with password and")).to_be_visible()
