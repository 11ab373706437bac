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
from tests.e2e.conftest import BrowserFactory, ServerFactory
from tests.fixtures.clips import ClipShelf
from tests.fixtures.portraits import Person
from tests.fixtures.scenes import Kind, Scene
from tests.harness.server import Server, run_command


@pytest.fixture(scope="session")
def acted_detector(acted_pad_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Card of a detector trained on acted scenes by `countenance pad train`."""
    output = tmp_path_factory.mktemp("detector")
    cache = tmp_path_factory.mktemp("features")
    done = run_command(
        "pad", "train", "--data", str(acted_pad_dataset), "--split", "source", "--folds", "2",
        "--output", str(output), "--cache", str(cache), "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    cards = list(output.glob("*.json"))
    assert len(cards) == 1, cards
    return cards[0]


@pytest.fixture
def server(start_server: ServerFactory, acted_detector: Path) -> Server:
    return start_server(env={"COUNTENANCE_PAD_CARD": str(acted_detector)})


LIVE = Scene(Kind.LIVE, Person.COLLINS, site=0, seconds=8)


def test_set_up_enrol_log_in_and_see_the_apps(
    server: Server, clips: ClipShelf, browser_with_camera: BrowserFactory
) -> None:
    """The main job, from an empty home to the page of apps, and out again."""
    visitor = browser_with_camera(clips.of_scene(LIVE))
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


@pytest.fixture
def enrolled(server: Server, clips: ClipShelf, browser_with_camera: BrowserFactory) -> Server:
    """A server whose administrator has enrolled."""
    visitor = browser_with_camera(clips.of_scene(LIVE))
    journey.set_up(visitor, server)
    journey.enrol(visitor)
    visitor.close()
    return server


@pytest.mark.parametrize(
    ("scene", "reasons"),
    [
        (Scene(Kind.LIVE, Person.HOPPER, site=0), {"not_matched"}),
        (Scene(Kind.STILL, Person.COLLINS, site=0), {"frozen"}),
        (Scene(Kind.REPLAY, Person.COLLINS, site=0, seed=3), {"presentation_attack"}),
        (Scene(Kind.PRINT, Person.COLLINS, site=0, seed=3), {"presentation_attack"}),
        (Scene(Kind.EMPTY_ROOM, site=0), {"no_face"}),
        (Scene(Kind.TWO_FACES, Person.COLLINS, site=0), {"several_faces"}),
    ],
    ids=lambda value: value.kind.value if isinstance(value, Scene) else "",
)
def test_whoever_is_not_the_user_really_there_stays_outside(
    enrolled: Server,
    clips: ClipShelf,
    browser_with_camera: BrowserFactory,
    scene: Scene,
    reasons: set[str],
) -> None:
    """Refused, in words that do not tell which check it was; the owner learns the exact reason."""
    visitor = browser_with_camera(clips.of_scene(scene))
    journey.enter_password(visitor, enrolled)
    journey.expect_refusal(visitor.page)
    shown = visitor.page.locator("body").inner_text()
    assert not re.search("liveness|spoof|attack|match|score|confidence", shown, re.IGNORECASE)
    assert journey.refusal_reasons(enrolled)[0] in reasons
    journey.expect_shut(visitor.page, enrolled)
