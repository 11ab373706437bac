"""What the page shows before and while the screen changes its colour; the engine is painted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from countenance.ceremony.challenge import Move, PlannedMove
from countenance.ceremony.colour_answer import FaceLight
from countenance.ceremony.evidence import Hint
from countenance.ceremony.palette import SHADES, Colour, pull
from countenance.geometry.planarity import Planarity
from countenance.images.image import Image
from countenance.web.capture import login, session
from countenance.web.capture.replies import FrameView, Reply
from tests.e2e.conftest import BrowserFactory
from tests.e2e.test_challenge_page import enter, expect_line
from tests.fakes.doors import PASSWORD, Door, open_door
from tests.fakes.recognition import Seen
from tests.fakes.servers import serving
from tests.fixtures.clips import ClipShelf
from tests.fixtures.scenes import Kind, Scene

COLOURS = (Colour.AMBER, Colour.GREEN, Colour.AZURE, Colour.VIOLET) * 2
HEAD = Planarity(
    rms=0.08, off_plane_share=0.6, points=80, depth=0.3, bulge=0.2, off_sheet_share=0.6, skew=0.03
)
WATCH = """
() => {
  window.seen = [];
  const look = () => {
    const shade = document.body.dataset.shade ?? null;
    if (!window.seen.length || window.seen.at(-1)[0] !== shade) window.seen.push([shade, ""]);
    window.seen.at(-1)[1] = getComputedStyle(document.body).backgroundColor;
    requestAnimationFrame(look);
  };
  look();
}
"""
MOVES = (Move.TURN_LEFT, Move.TURN_RIGHT) * 2
YAWS = {Move.TURN_LEFT: 24.0, Move.TURN_RIGHT: -24.0}


class Sitter:
    """Somebody before the screen of a door, who moves as asked and takes on its colours.

    What the page was told last is read where the server says it; time passes with each frame.
    """

    def __init__(self, door: Door, patch: pytest.MonkeyPatch) -> None:
        self.door, self.frames = door, 0
        self.told: list[FrameView] = []
        door.recognition.see = self.look
        tell = session.replies.frame

        def note(sequence: int, view: FrameView, *, credit: int = 1) -> Reply:
            self.told.append(view)
            return tell(sequence, view, credit=credit)

        patch.setattr(session.replies, "frame", note)

    def look(self, _image: Image) -> Seen:
        self.frames += 1
        self.door.clock.advance(0.1)
        view = self.told[-1] if self.told else None
        if view is None:
            return Seen()
        # A move that is there on the third frame would have been under way before.
        if view.prompt in set(Move) and {v.prompt for v in self.told[-4:]} == {view.prompt}:
            yaw_deg = YAWS[Move(view.prompt)]
            return Seen(yaw_deg=yaw_deg, hint=Hint.TURNED, planarity=HEAD)
        red, blue = pull(Colour(view.colour)) if view.colour else (0.0, 0.0)
        return Seen(light=FaceLight((0.1 * red, 0.1 * blue), (0.0, 0.0)))


@contextmanager
def at_the_door(
    home: Path, patch: pytest.MonkeyPatch, **settings: str
) -> Iterator[tuple[Sitter, str]]:
    """A door under `strict` whose moves and colours are known."""
    draw = tuple(PlannedMove(move, 0.0) for move in MOVES)
    patch.setattr(login, "draw_moves", lambda _policy: (draw, draw))
    patch.setattr(login, "draw_shades", lambda _policy: (COLOURS, COLOURS))
    door = open_door(home, login={"policy": "strict", "own_time_limit_s": 3600.0, **settings})
    door.administrator(face=1)
    with serving(door.app) as host:
        yield Sitter(door, patch), host


def seen_backgrounds(page: Page) -> list[tuple[str | None, str]]:
    """Each shade that the page went through, with the colour of the screen at its end."""
    return [(shade, colour) for shade, colour in page.evaluate("window.seen")]


def test_the_notice_comes_first_and_the_screen_shows_the_drawn_colours(
    tmp_path: Path,
    clips: ClipShelf,
    browser_with_camera: BrowserFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visitor = browser_with_camera(clips.of_scene(Scene(Kind.LIVE, seconds=2.0)))
    page = visitor.page
    with at_the_door(tmp_path, monkeypatch) as (sitter, host):
        enter(page, host)
        expect_line(page, "The screen will change its colour")
        expect(page.locator("#detail")).to_contain_text("without flashes")
        expect(page.get_by_role("link", name="I cannot do this")).to_be_visible()
        expect(page.get_by_role("button", name="I prefer moves only")).to_have_count(0)
        page.wait_for_timeout(300)
        assert sitter.frames == 0
        page.evaluate(WATCH)
        page.get_by_role("button", name="Continue").press("Enter")
        expect_line(page, "Look at the screen")
        expect(page.locator("#detail")).to_have_text(re.compile(r"Hold still. Colour \d of 8"))
        # The page stays, so that what it went through can be read.
        page.route("**/login/complete", lambda route: route.abort())
        expect_line(page, "Authorized")
        shades = seen_backgrounds(page)
    assert [shade for shade, _ in shades] == [None, *(c.value for c in COLOURS), None]
    painted = dict(shades[1:-1])
    assert painted == {c.value: "rgb({}, {}, {})".format(*SHADES[c]) for c in COLOURS}
    assert "Look at the screen" in visitor.spoken()
    assert visitor.page_errors == []


def test_who_wants_less_motion_is_offered_moves_first_and_sees_no_colour(
    tmp_path: Path,
    clips: ClipShelf,
    browser_with_camera: BrowserFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visitor = browser_with_camera(
        clips.of_scene(Scene(Kind.LIVE, seconds=2.0)),
        reduced_motion="reduce",
        viewport={"width": 390, "height": 780},
    )
    page = visitor.page
    draw = tuple(PlannedMove(move, 0.0) for move in MOVES[:2] * 3)
    with at_the_door(tmp_path, monkeypatch, without_colour="moves") as (sitter, host):
        monkeypatch.setattr(login, "draw_moves", lambda _policy: (draw, draw))
        enter(page, host)
        buttons = page.locator("#actions button:visible")
        expect(buttons).to_have_text(["I prefer moves only", "Continue"])
        buttons.first.click()
        expect_line(page, "Authorized")
        assert {view.colour for view in sitter.told} == {None}
        assert {view.moves[1] for view in sitter.told if view.moves} == {6}
    assert visitor.page_errors == []


def test_no_button_can_be_pressed_before_its_press_would_be_heard(
    tmp_path: Path,
    clips: ClipShelf,
    browser_with_camera: BrowserFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visitor = browser_with_camera(clips.of_scene(Scene(Kind.LIVE, seconds=2.0)))
    page = visitor.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/static/js/stage.js", hold)
    with at_the_door(tmp_path, monkeypatch, without_colour="moves") as (_, host):
        page.goto(f"http://{host.replace('127.0.0.1', 'localhost')}/login")
        page.get_by_label("Name", exact=True).fill("eileen")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Continue to the face step").click(no_wait_after=True)
        buttons = [page.get_by_role("button", name=name) for name in ("Continue", "I prefer moves")]
        for button in buttons:
            expect(button).to_be_disabled(timeout=30_000)
        for route in held:
            route.continue_()
        for button in buttons:
            expect(button).to_be_enabled()
