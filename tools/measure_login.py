"""Measure a login in a real browser: from the camera's first picture to the verdict.

    python tools/measure_login.py CLIP [--times 5]

CLIP is a video of one person before a webcam; it is enrolled and then logged in with. Browser,
camera and server share this machine. Prints one JSON object; seconds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.e2e import journey
from tests.e2e.homes import make_enrolled_home
from tests.fixtures.clips import ClipShelf, Take
from tests.harness.browser import find_chromium, launch, put_before_camera
from tests.harness.server import Server, free_port

# Times of the first picture and of the verdict, kept across the change of page.
_STOPWATCH = """
document.addEventListener("DOMContentLoaded", () => {
  const stage = document.getElementById("stage");
  const video = document.getElementById("video");
  if (!stage || !video) return;
  video.addEventListener("playing", () => sessionStorage.setItem("began", performance.now()));
  new MutationObserver(() => {
    if (stage.dataset.state === "granted" && !sessionStorage.getItem("took")) {
      sessionStorage.setItem("took", performance.now() - sessionStorage.getItem("began"));
    }
  }).observe(stage, { attributes: true });
});
"""


def main() -> None:
    """Enrol once, log in several times."""
    wishes = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wishes.add_argument("clip", type=Path)
    wishes.add_argument("--times", type=int, default=5)
    given = wishes.parse_args()
    chromium = find_chromium()
    if chromium is None:
        sys.exit("needs Chromium: run tools/ensure-test-tools")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        place = Path(folder)
        clip = ClipShelf(place).of_video(Take(given.clip, seconds=8))
        home = make_enrolled_home(playwright, chromium=chromium, clip=clip, folder=place, env={})
        # A clip cannot answer what it is asked.
        server = Server(home, free_port(), {"COUNTENANCE_LOGIN_POLICY": "passive"}).start()
        feed = place / "login.mjpeg"
        put_before_camera(clip, feed)
        took_s = []
        for _ in range(given.times):
            visitor = launch(playwright, executable=chromium, feed=feed)
            visitor.context.add_init_script(_STOPWATCH)
            journey.enter_password(visitor, server)
            journey.expect_home(visitor, server)
            took_s.append(float(visitor.page.evaluate("sessionStorage.getItem('took')")) / 1000)
            visitor.close()
        server.stop()
    print(json.dumps({
        "clip": given.clip.name,
        "camera_to_verdict_s": [round(s, 2) for s in took_s],
        "median_s": round(statistics.median(took_s), 2),
        "worst_s": round(max(took_s), 2),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
