"""Fixtures for journeys in a real browser against the real server; see tests/README.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Playwright, sync_playwright

from tests.e2e.homes import make_enrolled_home
from tests.fixtures.clips import ClipShelf
from tests.fixtures.once import made_once
from tests.fixtures.portraits import Person
from tests.fixtures.scenes import Kind, Scene
from tests.harness.browser import (
    CameraState,
    Visitor,
    find_chromium,
    launch,
    put_before_camera,
)
from tests.harness.server import Server, free_port

SITTING: Final = Scene(Kind.LIVE, Person.COLLINS, site=0, seconds=8)
"""Who has enrolled in the homes of acted journeys, before the camera."""
BrowserFactory = Callable[..., Visitor]
ServerFactory = Callable[..., Server]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; the tests that need one skip where there is none."""
    found = find_chromium()
    if found is None:
        pytest.skip("needs Chromium: run tools/ensure-test-tools, or set COUNTENANCE_CHROMIUM")
    return found


@pytest.fixture(scope="module")
def playwright(chromium: str) -> Iterator[Playwright]:
    """A driver for each file: while one runs, its event loop is that of the whole process."""
    del chromium  # only asked for, so that Playwright is not started for nothing
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def acted_home(
    of_this_run: Path, acted_detector: Path, playwright: Playwright, chromium: str, clips: ClipShelf
) -> Path:
    """The home of a server whose administrator, Eileen Collins' portrait, has enrolled.

    The journey of `SITTING` on the acted detector made it, once per run; take a `copy_of` it.
    """

    def enrol(folder: Path) -> None:
        env = {"COUNTENANCE_PAD_CARD": str(acted_detector)}
        clip = clips.of_scene(SITTING)
        make_enrolled_home(playwright, chromium=chromium, clip=clip, folder=folder, env=env)

    return made_once(of_this_run / "acted-home", enrol) / "home"


@pytest.fixture
def browser_with_camera(
    playwright: Playwright, chromium: str, tmp_path: Path
) -> Iterator[BrowserFactory]:
    """Factory of visitors: `browser_with_camera(clip, camera="clip", **context_options)`.

    `clip` may be None for `camera="none"`. Every visitor has its own browser, closed at the end
    of the test.
    """
    opened: list[Visitor] = []

    def open_browser(
        clip: Path | None = None, *, camera: CameraState = "clip", **context_options: Any
    ) -> Visitor:
        if clip is None and camera == "clip":
            raise ValueError('a camera needs a clip to play; or say camera="none"')
        suffix = clip.suffix if clip else ".mjpeg"
        feed = tmp_path / f"camera-{len(opened)}{suffix}"
        if clip is not None:
            put_before_camera(clip, feed)
        visitor = launch(
            playwright, executable=chromium, feed=feed, camera=camera,
            context_options=context_options,
        )  # fmt: skip
        opened.append(visitor)
        return visitor

    yield open_browser
    for visitor in opened:
        visitor.close()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[ServerFactory]:
    """Factory of running servers: `start_server(env={"COUNTENANCE_LOGIN_FRAMES": "5"})`.

    Each has a fresh home and a free port unless told otherwise, and ends with the test.
    """
    started: list[Server] = []

    def start(
        *, home: Path | None = None, port: int | None = None, env: dict[str, str] | None = None
    ) -> Server:
        place = home or tmp_path / f"home-{len(started)}"
        # A clip cannot answer what it is asked.
        given = {"COUNTENANCE_LOGIN_POLICY": "passive"} | (env or {})
        server = Server(place, port or free_port(), given)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def server(start_server: ServerFactory) -> Server:
    """A running server with default settings and an empty home."""
    return start_server()
