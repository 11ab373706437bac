"""What the page shows and says while moves are asked for; the engine is painted, the page real."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from countenance.ceremony.challenge import Move, PlannedMove
from countenance.ceremony.evidence import Hint
from countenance.geometry.planarity import Planarity
from countenance.images.image import Image
from countenance.web.capture import login
from tests.e2e.conftest import BrowserFactory
from tests.fakes.doors import PASSWORD, Door, open_door
from tests.fakes.recognition import Seen
from tests.fakes.servers import serving
from tests.fixtures.clips import ClipShelf
from tests.fixtures.scenes import Kind, Scene

STRAIGHT = Seen()
HEAD = Planarity(
    rms=0.08, off_plane_share=0.6, points=80, depth=0.3, bulge=0.2, off_sheet_share=0.6, skew=0.03
)
MOVES = (Move.TURN_LEFT, Move.MOVE_CLOSER, Move.TURN_RIGHT, Move.TURN_LEFT)
FRAMES = 35
PHONE = {"width": 390, "height": 780}

# The places of the lit segments around the middle of the ring: -1 is far left, 1 far right.
_LIT = """
() => [...document.querySelectorAll("#ring .lit")].map((segment) => {
  const box = segment.getBBox();
  return (box.x + box.width / 2 - 144) / 141;
})
"""


def turned(yaw_deg: float) -> Seen:
    return Seen(yaw_deg=yaw_deg, hint=Hint.TURNED, planarity=HEAD)


class Body:
    """Who is before the camera of a door.

    Time passes with each frame, for a while after each change of pose: however slow the machine,
    no move is over before the test has looked at the page.
    """

    def __init__(self, door: Door) -> None:
        self.door, self._seen, self._left = door, STRAIGHT, FRAMES
        door.recognition.see = self.look

    def shows(self, seen: Seen) -> None:
        self._seen, self._left = seen, FRAMES

    def look(self, _image: Image) -> Seen:
        if self._left > 0:
            self._left -= 1
            self.door.clock.advance(0.05)
        return self._seen


@pytest.fixture
def body(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Body]:
    """A door whose moves are known, so that the page can be looked at in each."""
    draw = tuple(PlannedMove(move, 0.3) for move in MOVES)
    monkeypatch.setattr(login, "draw_moves", lambda _policy: (draw, draw))
    door = open_door(tmp_path, login={"policy": "standard", "own_time_limit_s": 3600.0})
    door.administrator(face=1)
    return Body(door)


def enter(page: Page, host: str) -> None:
    page.goto(f"http://{host.replace('127.0.0.1', 'localhost')}/login")
    page.get_by_label("Name", exact=True).fill("eileen")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue to the face step").click()


def expect_line(page: Page, text: str) -> None:
    expect(page.locator("#line")).to_have_text(text, timeout=60_000)


def expect_lit(page: Page, *, left: int, right: int) -> None:
    """So many of the ten segments are lit on each side of the mirrored picture."""
    for _ in range(300):
        places = [float(place) for place in page.evaluate(_LIT)]
        seen = sum(place < 0 for place in places), sum(place > 0 for place in places)
        if seen == (left, right):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"lit left and right: {seen}")


def test_moves_are_shown_spoken_and_lit_on_the_side_that_a_mirror_shows(
    body: Body, clips: ClipShelf, browser_with_camera: BrowserFactory
) -> None:
    visitor = browser_with_camera(
        clips.of_scene(Scene(Kind.LIVE, seconds=2.0)), viewport=PHONE, reduced_motion="reduce"
    )
    page = visitor.page
    with serving(body.door.app) as host:
        enter(page, host)
        expect_line(page, "Turn your head to the left")
        expect(page.locator("#detail")).to_have_text("Slowly, until the left side lights up")
        expect(page.locator("#live")).to_contain_text("Turn your head to the left")
        expect(page.get_by_role("link", name="I cannot do this")).to_be_visible()
        body.shows(turned(12.0))
        expect_lit(page, left=3, right=0)
        expect(page.locator("#line")).to_have_text("Turn your head to the left")
        body.shows(turned(24.0))
        expect_line(page, "Look straight into the camera")
        body.shows(STRAIGHT)
        expect_line(page, "Come closer")
        x0, y0, x1, y1 = STRAIGHT.box_xyxy
        body.shows(Seen(box_xyxy=(x0, y0, x0 + 1.11 * (x1 - x0), y1)))
        expect_lit(page, left=3, right=3)
        body.shows(Seen(box_xyxy=(x0, y0, x0 + 1.3 * (x1 - x0), y1)))
        expect_line(page, "Turn your head to the right")
        body.shows(turned(-12.0))
        expect_lit(page, left=0, right=3)
        body.shows(turned(-24.0))
        expect_line(page, "Look straight into the camera")
        body.shows(STRAIGHT)
        expect_line(page, "Turn your head to the left")
        body.shows(turned(24.0))
        expect_line(page, "Look straight into the camera")
        body.shows(STRAIGHT)
        expect_line(page, "Authorized")
        left, right = "Turn your head to the left", "Turn your head to the right"
        moves = [line for line in visitor.spoken() if line in (left, right, "Come closer")]
        assert moves == [left, "Come closer", right, left]
        page.wait_for_url(f"http://{host.replace('127.0.0.1', 'localhost')}/")
    eileen = body.door.identity.users.find("eileen")
    assert eileen is not None
    (known,) = body.door.identity.cameras.list_cameras(eileen.id)
    assert re.fullmatch("[0-9a-f]{64}", known.camera.mark), "the page sends no mark of its camera"
    assert visitor.page_errors == []


def test_who_cannot_move_so_is_led_to_another_way_and_a_mistake_begins_again(
    body: Body, clips: ClipShelf, browser_with_camera: BrowserFactory
) -> None:
    visitor = browser_with_camera(clips.of_scene(Scene(Kind.LIVE, seconds=2.0)))
    page = visitor.page
    with serving(body.door.app) as host:
        enter(page, host)
        expect_line(page, "Turn your head to the left")
        body.shows(turned(-24.0))
        expect_line(page, "Once more")
        body.shows(STRAIGHT)
        expect_line(page, "Turn your head to the left")
        page.get_by_role("link", name="I cannot do this").click()
        page.wait_for_url(re.compile(r"/login/(other|code)$"))
    assert visitor.page_errors == []
