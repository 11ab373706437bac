"""Homes whose administrator has enrolled: made once by the real journey, then copied per test."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import Playwright

from tests.e2e import journey
from tests.harness.browser import launch, put_before_camera
from tests.harness.server import Server, free_port


def make_enrolled_home(
    playwright: Playwright, *, chromium: str, clip: Path, folder: Path, env: dict[str, str]
) -> Path:
    """Set up and enrol before a camera that plays `clip`; returns the home."""
    server = Server(folder / "home", free_port(), env).start()
    feed = folder / f"camera{clip.suffix}"
    put_before_camera(clip, feed)
    visitor = launch(playwright, executable=chromium, feed=feed)
    try:
        journey.set_up(visitor, server)
        journey.enrol(visitor)
    finally:
        visitor.close()
        server.stop()
    return server.home


def copy_of(home: Path, target: Path) -> Path:
    """A home of its own for one test, so that refusals of one do not pause the next."""
    shutil.copytree(home, target)
    return target
