"""The lab in a real browser: collecting with the camera, looking through, trying it out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from countenance.bootstrap import build
from countenance.datasets.manifest import read_folder
from countenance.datasets.takes import read_takes
from countenance.settings import read_settings
from tests.e2e.conftest import BrowserFactory
from tests.fixtures.clips import ClipShelf
from tests.fixtures.films import film
from tests.fixtures.portraits import Person
from tests.fixtures.scenes import Kind, Scene
from tests.harness.browser import Visitor
from tests.harness.server import Server, free_port

LIVE = Scene(Kind.TURNS, Person.COLLINS, site=0, seconds=8)
LIMIT_MS = 60_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with one administrator; what one test collects the next may see."""
    running = Server(tmp_path_factory.mktemp("lab") / "home", free_port(), {})
    identity = build(read_settings({"COUNTENANCE_HOME": str(running.home)})).identity
    identity.users.set_up(name="eileen", display_name="Eileen Collins", password="nine blue kites")
    yield running.start()
    running.stop()


def log_in(visitor: Visitor, server: Server) -> None:
    """How somebody logs in is for other tests; here the session is simply there."""
    identity = build(read_settings({"COUNTENANCE_HOME": str(server.home)})).identity
    user = identity.users.find("eileen")
    assert user is not None
    token = identity.sessions.begin(user.id, methods=("pwd", "face"), address="127.0.0.1")
    visitor.context.add_cookies([{"name": "countenance", "value": token, "url": server.url}])


def test_a_take_of_the_camera_is_looked_through_and_mended(
    server: Server, clips: ClipShelf, browser_with_camera: BrowserFactory
) -> None:
    visitor = browser_with_camera(clips.of_scene(LIVE))
    log_in(visitor, server)
    page = visitor.page
    page.goto(f"{server.url}/lab")
    page.get_by_label("Name", exact=True).fill("hall")
    page.get_by_role("button", name="Make it and collect").click()
    page.get_by_label("Subject").fill("eileen")
    page.get_by_label("Source").fill("studio")
    page.get_by_label("Pictures, at most").fill("4")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#line")).to_have_text("Fill in the form, then start")  # nobody agreed yet
    page.get_by_text("The person filmed agrees").click()
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#count")).to_be_visible(timeout=LIMIT_MS)
    expect(page.locator("#line")).to_have_text("4 presentations are kept", timeout=LIMIT_MS)
    folder = server.home / "lab" / "datasets" / "hall"
    assert len(read_folder(folder)) == 8
    assert [take.by for take in read_takes(folder)] == ["eileen"]
    page.get_by_role("link", name="Look through them").click()
    shots = page.locator(".shot img")
    expect(shots).to_have_count(4)
    for shot in shots.all():
        expect(shot).to_have_js_property("naturalWidth", 320)
    page.locator(".shot input").first.check()
    page.get_by_role("button", name="Delete what is ticked").click()
    page.get_by_role("button", name="Delete 1 presentation").click()
    expect(shots).to_have_count(3)
    page.get_by_role("button", name="Undo").click()
    expect(shots).to_have_count(4)
    assert visitor.page_errors == []


def test_what_each_check_saw_is_shown_stepped_through_and_exported(
    server: Server, browser_with_camera: BrowserFactory, clips: ClipShelf, tmp_path: Path
) -> None:
    """By keyboard alone but for the choice of a file."""
    visitor = browser_with_camera(clips.of_scene(LIVE), viewport={"width": 400, "height": 800})
    log_in(visitor, server)
    page = visitor.page
    page.goto(f"{server.url}/lab/try")
    page.get_by_role("button", name="Start the camera").press("Enter")
    expect(page.locator("#readout")).to_contain_text("Whole frame", timeout=LIMIT_MS)
    expect(page.locator("#readout")).to_contain_text(re.compile(r"Frame[5-9]|Frame\d\d"))
    page.get_by_role("button", name="Stop").press("Enter")
    expect(page.locator("#stage")).to_have_attribute("data-state", "done", timeout=LIMIT_MS)
    page.locator("#cursor").press("Home")
    expect(page.locator("#readout")).to_contain_text("Frame0, ")
    with page.expect_download() as caught:
        page.get_by_role("button", name="Export as CSV").press("Enter")
    rows = list(csv.DictReader(io.StringIO(Path(caught.value.path()).read_text())))
    assert len(rows) >= 5
    assert all(0 <= float(row["whole_frame_score"]) <= 1 for row in rows if row["x0"])
    seen = film(tmp_path / "replay.avi", Scene(Kind.REPLAY, Person.COLLINS, seconds=0.8, fps=15))
    page.locator("#file").set_input_files(seen)
    expect(page.locator("#line")).to_have_text("The rule is not met", timeout=LIMIT_MS)
    expect(page.locator("#detail")).to_contain_text("12 frames")
    assert list((server.home / "lab" / "uploads").iterdir()) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert visitor.page_errors == []


def test_without_a_camera_the_lab_says_what_to_do(
    server: Server, browser_with_camera: BrowserFactory
) -> None:
    visitor = browser_with_camera(camera="none")
    log_in(visitor, server)
    visitor.page.goto(f"{server.url}/lab/try")
    visitor.page.get_by_role("button", name="Start the camera").click()
    expect(visitor.page.locator("#line")).to_have_text("No camera to use", timeout=LIMIT_MS)
    expect(visitor.page.get_by_role("button", name="Start the camera")).to_be_visible()
