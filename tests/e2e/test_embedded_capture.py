"""The element in the page of the worked example, at another origin than the door's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from countenance.bootstrap import build
from countenance.events import Tag
from countenance.identity.api_scopes import Scope
from countenance.settings import read_settings
from tests.e2e import journey
from tests.e2e.conftest import BrowserFactory, ServerFactory
from tests.e2e.homes import copy_of
from tests.e2e.test_colour_page import at_the_door
from tests.fakes.doors import Door, open_door
from tests.fakes.recognition import Seen
from tests.fakes.servers import serving
from tests.fixtures.clips import ClipShelf
from tests.fixtures.portraits import Person
from tests.fixtures.scenes import Kind, Scene
from tests.harness.browser import Visitor
from tests.harness.relying_app import example_shop

SHORT = Scene(Kind.LIVE, seconds=2.0)
PHONE = {"width": 360, "height": 740}
# Run before every page: what the element tells its page.
LISTEN = """
window.told = [];
for (const name of ["progress", "finish", "error", "leave"]) {
  addEventListener(`countenance-${name}`, ({ detail }) => window.told.push([name, detail]));
}
"""


@dataclass
class Shop:
    """The example, and a door with a painted engine behind it."""

    door: Door
    origin: str
    door_url: str


def shop_of(door: Door, host: str, tmp_path: Path) -> Any:
    """The example with a token of the door's administrator."""
    maker = door.identity.users.find("eileen")
    assert maker is not None
    _, token = door.identity.api_tokens.make(
        name="Shop", scopes=[Scope.VERIFY], days=1, maker=maker.id
    )
    door_url = f"http://{host.replace('127.0.0.1', 'localhost')}"
    return example_shop(door_url, token, log=tmp_path / "shop.log")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    door = open_door(tmp_path / "home", login={"tries": 2})
    door.administrator(face=1)
    door.recognition.see = lambda _image: Seen()
    with serving(door.app) as host, shop_of(door, host, tmp_path) as origin:
        yield Shop(door, origin, f"http://{host.replace('127.0.0.1', 'localhost')}")


def enter(visitor: Visitor, origin: str, name: str = "eileen") -> Page:
    """Ask to come in; ends with the element in the page."""
    page = visitor.page
    page.add_init_script(LISTEN)
    page.goto(origin)
    page.get_by_label("Member name").fill(name)
    page.get_by_role("button", name="Come in with your face").click()
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()
    return page


def told(page: Page, name: str) -> list[Any]:
    return [detail for kind, detail in page.evaluate("window.told") if kind == name]


def expect_line(page: Page, text: str) -> None:
    expect(page.locator("#line")).to_have_text(text, timeout=journey.VERDICT_LIMIT_MS)


def hold_reload(page: Page) -> None:
    """Keep the page from going on, so that what it was told can be read."""
    page.route("**/finish", lambda route: route.abort())


def test_a_member_comes_in_with_the_keyboard_alone_and_nothing_else_is_asked(
    shop: Shop, clips: ClipShelf, browser_with_camera: BrowserFactory
) -> None:
    visitor = browser_with_camera(clips.of_scene(SHORT))
    page, asked = visitor.page, set()
    page.on("request", lambda request: asked.add(re.match(r"[a-z]+://[^/]+", request.url)[0]))  # type: ignore[index]  # every URL has a host
    page.goto(shop.origin)
    page.keyboard.press("Tab")
    page.keyboard.type("eileen")
    page.keyboard.press("Enter")
    start = page.get_by_role("button", name="Start the camera")
    expect(start).to_be_visible()
    for _ in range(3):
        page.keyboard.press("Tab")
        if start.evaluate("(button) => button.getRootNode().activeElement === button"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("You are in, eileen.")).to_be_visible(timeout=60_000)
    assert asked == {shop.origin, shop.door_url}
    assert {cookie["name"] for cookie in visitor.context.cookies()} == {"shop"}
    (row,) = shop.door.identity.audit.list_events(tags=(Tag.VERIFICATION_GRANTED,))
    assert row.details["origin"] == shop.origin
    assert visitor.page_errors == []


def test_the_page_is_told_that_it_is_over_and_nothing_of_how(
    shop: Shop, clips: ClipShelf, browser_with_camera: BrowserFactory
) -> None:
    visitor = browser_with_camera(clips.of_scene(SHORT))
    page = enter(visitor, shop.origin)
    hold_reload(page)
    page.get_by_role("button", name="Start the camera").click()
    expect_line(page, "Confirmed")
    assert told(page, "finish") == [{"granted": True}]
    progress = told(page, "progress")
    assert progress[0] == {"state": "asking", "done": 0, "all": 10}
    assert {"state": "good", "done": 5, "all": 10} in progress
    assert progress[-1] == {"state": "granted", "done": 10, "all": 10}
    assert {key for detail in progress for key in detail} == {"state", "done", "all"}
    assert told(page, "error") == []
    spoken = visitor.spoken()
    assert (spoken[0], spoken[-1]) == ("Allow the camera", "Confirmed")
    expect(page.get_by_role("button", name="Spoken hints on")).to_be_visible()


def test_another_person_may_try_again_and_then_the_shop_stays_shut(
    shop: Shop, clips: ClipShelf, browser_with_camera: BrowserFactory
) -> None:
    shop.door.recognition.see = lambda _image: Seen(person=2)
    visitor = browser_with_camera(clips.of_scene(SHORT))
    page = enter(visitor, shop.origin)
    page.get_by_role("button", name="Start the camera").click()
    expect_line(page, "Unauthorized")
    expect(page.locator("#note")).to_have_text("1 try is left.")
    assert told(page, "finish") == []
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_focused()
    again.press("Enter")
    expect(page.get_by_text("The shop stays shut.")).to_be_visible(timeout=60_000)
    assert told(page, "finish") == [{"granted": False}]
    expect(page.locator("countenance-capture")).to_have_count(0)
    page.reload()
    expect(page.get_by_label("Member name")).to_be_visible()


def test_a_name_that_nobody_has_looks_like_one_of_somebody_else(
    shop: Shop, clips: ClipShelf, browser_with_camera: BrowserFactory
) -> None:
    page = enter(browser_with_camera(clips.of_scene(SHORT)), shop.origin, "nobody")
    page.get_by_role("button", name="Start the camera").click()
    expect_line(page, "Unauthorized")


def test_a_camera_that_is_refused_is_told_with_its_remedy_and_another_way_is_there(
    shop: Shop, clips: ClipShelf, browser_with_camera: BrowserFactory
) -> None:
    visitor = browser_with_camera(clips.of_scene(SHORT), camera="refused", viewport=PHONE)
    page = enter(visitor, shop.origin)
    page.get_by_role("button", name="Start the camera").click()
    expect_line(page, "No camera to use")
    expect(page.locator("#detail")).to_have_text(re.compile("allow it, then try again"))
    (error,) = told(page, "error")
    assert error["code"] == "camera.denied"
    assert error["message"] == "No camera to use"
    assert "allow it" in error["remedy"]
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"], "the page scrolls sideways"
    page.get_by_role("button", name="Use another way").click()
    expect(page.get_by_text("Ask at the counter")).to_be_visible()
    assert told(page, "leave") == [{}]


def test_whoever_cannot_do_this_may_stop_while_the_camera_runs(
    shop: Shop, clips: ClipShelf, browser_with_camera: BrowserFactory
) -> None:
    shop.door.recognition.see = lambda _image: Seen(person=None)
    page = enter(browser_with_camera(clips.of_scene(SHORT)), shop.origin)
    page.get_by_role("button", name="Start the camera").click()
    expect_line(page, "Come into the oval")
    page.get_by_role("button", name="I cannot do this").click()
    expect(page.get_by_text("Ask at the counter")).to_be_visible()
    live = "window.testStreams.flatMap((s) => s.getTracks()).filter((t) => t.readyState === 'live')"
    assert page.evaluate(f"{live}.length") == 0, "the camera is still on"


def test_a_page_may_choose_the_theme_and_start_the_camera_itself(
    shop: Shop, clips: ClipShelf, browser_with_camera: BrowserFactory
) -> None:
    shop.door.recognition.see = lambda _image: Seen(person=None)
    page = enter(browser_with_camera(clips.of_scene(SHORT)), shop.origin)
    capture = page.locator("countenance-capture")
    paint = "(e) => getComputedStyle(e.shadowRoot.getElementById('stage')).backgroundColor"
    assert capture.evaluate(paint) == "rgb(255, 255, 255)"
    capture.evaluate("(e) => e.setAttribute('theme', 'dark')")
    expect(page.locator("#stage")).to_have_css("background-color", "rgb(23, 31, 30)")
    capture.evaluate("(e) => e.start()")
    expect_line(page, "Come into the oval")
    # Moved to another place it begins anew, and by itself where that is asked for.
    capture.evaluate("(e) => { e.setAttribute('autostart', ''); document.body.append(e); }")
    # Not `wait_for_function`: the page's policy lets nothing evaluate text.
    while [detail["state"] for detail in told(page, "progress")].count("asking") < 2:
        page.wait_for_timeout(50)
    expect_line(page, "Come into the oval")
    live = "window.testStreams.flatMap((s) => s.getTracks()).filter((t) => t.readyState === 'live')"
    assert page.evaluate(f"{live}.length") == 1, "an earlier camera is still on"


def test_a_page_of_another_origin_cannot_use_what_it_stole(
    shop: Shop, clips: ClipShelf, browser_with_camera: BrowserFactory
) -> None:
    visitor = browser_with_camera(clips.of_scene(SHORT))
    page = enter(visitor, shop.origin)
    capture = page.locator("countenance-capture")
    stolen = [capture.get_attribute(name) for name in ("verification", "client-secret")]
    page.goto(shop.origin.replace("127.0.0.1", "localhost"))
    page.evaluate(
        """([door, verification, secret]) => {
          const capture = document.createElement("countenance-capture");
          capture.setAttribute("server", door);
          capture.setAttribute("verification", verification);
          capture.setAttribute("client-secret", secret);
          document.body.append(capture);
        }""",
        [shop.door_url, *stolen],
    )
    expect_line(page, "The connection broke")
    assert [error["code"] for error in told(page, "error")] == ["lost"]
    expect(page.get_by_role("button", name="Start the camera")).to_be_hidden()


def test_what_is_over_or_missing_is_told(
    shop: Shop, clips: ClipShelf, browser_with_camera: BrowserFactory
) -> None:
    page = enter(browser_with_camera(clips.of_scene(SHORT)), shop.origin)
    shop.door.clock.advance(shop.door.settings.login.pending_limit_s)
    page.get_by_role("button", name="Start the camera").click()
    expect_line(page, "The time for this has passed")
    expect(page.get_by_role("button", name="Try again")).to_be_hidden()
    page.locator("countenance-capture").evaluate("(e) => e.removeAttribute('client-secret')")
    expect_line(page, "This page is not ready")
    assert [error["code"] for error in told(page, "error")] == ["expired", "setup"]


def test_colours_fill_the_screen_over_the_page_and_give_it_back(
    tmp_path: Path,
    clips: ClipShelf,
    browser_with_camera: BrowserFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visitor = browser_with_camera(clips.of_scene(SHORT))
    with (
        at_the_door(tmp_path / "home", monkeypatch) as (sitter, host),
        shop_of(sitter.door, host, tmp_path) as origin,
    ):
        page = visitor.page
        page.goto(origin)
        page.get_by_label("Member name").fill("eileen")
        page.get_by_role("button", name="Come in with your face").click()
        expect_line(page, "The screen will change its colour")
        page.evaluate(
            """() => {
              window.covered = new Map();
              const { shadowRoot } = document.querySelector("countenance-capture");
              const stage = shadowRoot.getElementById("stage");
              const look = () => {
                const { width, height } = stage.getBoundingClientRect();
                const above = document.elementFromPoint(3, 3)?.localName;
                const whole = width === innerWidth && height === innerHeight;
                if (stage.dataset.shade) window.covered.set(stage.dataset.shade, [whole, above]);
                requestAnimationFrame(look);
              };
              look();
            }"""
        )
        hold_reload(page)
        page.get_by_role("button", name="Continue").click()
        expect_line(page, "Confirmed")
        covered = dict(page.evaluate("[...window.covered]"))
        assert set(covered) == {"amber", "green", "azure", "violet"}
        assert set(map(tuple, covered.values())) == {(True, "countenance-capture")}
        expect(page.get_by_role("heading", name="The shop")).to_be_visible()
        assert page.evaluate("document.elementFromPoint(3, 3).localName") != "countenance-capture"


@pytest.mark.parametrize(
    ("person", "outcome"),
    [(Person.COLLINS, "You are in, eileen."), (Person.HOPPER, "The shop stays shut.")],
)
def test_the_real_engine_lets_the_member_in_and_nobody_else(
    acted_home: Path,
    acted_detector: Path,
    start_server: ServerFactory,
    tmp_path: Path,
    clips: ClipShelf,
    browser_with_camera: BrowserFactory,
    person: Person,
    outcome: str,
) -> None:
    env = {"COUNTENANCE_PAD_CARD": str(acted_detector), "COUNTENANCE_LOGIN_TRIES": "1"}
    server = start_server(home=copy_of(acted_home, tmp_path / "enrolled"), env=env)
    identity = build(read_settings({"COUNTENANCE_HOME": str(server.home), **env})).identity
    maker = identity.users.find("eileen")
    assert maker is not None
    _, token = identity.api_tokens.make(name="Shop", scopes=[Scope.VERIFY], days=1, maker=maker.id)
    scene = Scene(Kind.LIVE, person, site=0, seconds=8)
    with example_shop(server.url, token, log=tmp_path / "shop.log") as origin:
        page = enter(browser_with_camera(clips.of_scene(scene)), origin)
        page.get_by_role("button", name="Start the camera").click()
        expect(page.get_by_text(outcome)).to_be_visible(timeout=journey.VERDICT_LIMIT_MS)
