"""Headless Chromium whose camera plays a clip."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright

CameraState = Literal["clip", "none", "refused"]

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MAC: Final = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
_FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",  # tests run as root in containers, where the sandbox cannot start
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
)

# Run before every page: keep the streams, so that a test can pull the plug, and what was spoken.
_WATCH: Final = """
(() => {
  const media = navigator.mediaDevices;
  window.testStreams = [];
  window.testSpoken = [];
  if (media) {
    const open = media.getUserMedia.bind(media);
    media.getUserMedia = async (wish) => {
      const stream = await open(wish);
      window.testStreams.push(stream);
      return stream;
    };
  }
  if (window.speechSynthesis) {
    const speak = window.speechSynthesis.speak.bind(window.speechSynthesis);
    window.speechSynthesis.speak = (words) => {
      window.testSpoken.push(words.text);
      return speak(words);
    };
  }
})();
"""

# The fake camera plays the same pixels in every capture, as no sensor does: each opened camera gets
# a fixed pattern of its own, so that a clip can be shown twice: a grey level or two, in patches too
# large to make a blurred picture look sharp.
_PATTERN: Final = """
(() => {
  const tile = new OffscreenCanvas(640, 640);
  const media = navigator.mediaDevices;
  if (!media) return;
  const repaint = () => {
    const patches = new OffscreenCanvas(40, 40);
    const pen = patches.getContext("2d");
    const grain = pen.createImageData(40, 40);
    for (let k = 0; k < grain.data.length; k += 4) {
      grain.data.fill(Math.random() < 0.5 ? 0 : 255, k, k + 3);
      grain.data[k + 3] = 4;
    }
    pen.putImageData(grain, 0, 0);
    const brush = tile.getContext("2d");
    brush.clearRect(0, 0, 640, 640);
    brush.drawImage(patches, 0, 0, 640, 640);
  };
  const open = media.getUserMedia.bind(media);
  media.getUserMedia = async (wish) => {
    const stream = await open(wish);
    repaint();
    return stream;
  };
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (source, ...where) {
    draw.call(this, source, ...where);
    if (!(source instanceof HTMLVideoElement)) return;
    this.save();
    this.fillStyle = this.createPattern(tile, "repeat");
    this.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.restore();
  };
})();
"""

# Ending a track from the page fires no event; a pulled cable does.
_UNPLUG: Final = """
() => {
  let ended = 0;
  for (const stream of window.testStreams) {
    for (const track of stream.getTracks()) {
      if (track.readyState !== "live") continue;
      track.stop();
      track.dispatchEvent(new Event("ended"));
      ended += 1;
    }
  }
  return ended;
}
"""


def find_chromium() -> str | None:
    """Path of a Chromium or Chrome; `COUNTENANCE_CHROMIUM` names one, None when there is none."""
    named = os.environ.get("COUNTENANCE_CHROMIUM")
    if named:
        return named if Path(named).exists() else None
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    return _MAC if sys.platform == "darwin" and Path(_MAC).exists() else None


@dataclass(slots=True)
class Visitor:
    """One person's browser: own cookies, own camera."""

    browser: Browser
    context: BrowserContext
    page: Page
    feed: Path
    """The file the camera plays; `show` puts another clip in its place."""
    console: list[str] = field(default_factory=list)
    """Messages of the console, `type: text`."""
    page_errors: list[str] = field(default_factory=list)
    """Uncaught errors of scripts; a healthy page has none."""

    def show(self, clip: Path) -> None:
        """Put another clip before the camera; seen when a page next opens the camera."""
        put_before_camera(clip, self.feed)

    def unplug_camera(self) -> int:
        """End every live track as a pulled cable does; returns how many there were."""
        return int(self.page.evaluate(_UNPLUG))

    def spoken(self) -> list[str]:
        """What this page has said aloud since it was loaded."""
        return [str(words) for words in self.page.evaluate("window.testSpoken")]

    def close(self) -> None:
        """End the browser; a second time does nothing."""
        if self.browser.is_connected():
            self.context.close()
            self.browser.close()

    def watch(self, page: Page) -> None:
        """Collect console messages and errors of a page."""

        def note(message: ConsoleMessage) -> None:
            self.console.append(f"{message.type}: {message.text}")

        page.on("console", note)
        page.on("pageerror", lambda error: self.page_errors.append(str(error)))


def put_before_camera(clip: Path, feed: Path) -> None:
    """Replace what the camera plays in one step, so that no half file is ever read."""
    waiting = feed.with_suffix(".next")
    waiting.unlink(missing_ok=True)
    try:
        os.link(clip, waiting)
    except OSError:
        shutil.copyfile(clip, waiting)
    waiting.replace(feed)


def launch(
    playwright: Playwright,
    *,
    executable: str,
    feed: Path,
    camera: CameraState = "clip",
    context_options: dict[str, Any] | None = None,
) -> Visitor:
    """Start a browser of its own, because the camera is chosen on its command line.

    Args:
        playwright: a running Playwright.
        executable: Chromium's path.
        feed: the `.mjpeg` or `.y4m` file that the camera plays, over and over.
        camera: `clip` plays `feed`; `none` is a machine without camera; `refused` has
            one, and the person does not allow its use.
        context_options: for `Browser.new_context`: viewport, color_scheme, locale...
    """
    browser = playwright.chromium.launch(
        executable_path=executable, headless=True, args=[*_FLAGS, *_camera_flags(camera, feed)]
    )
    context = browser.new_context(**{"locale": "en-GB", **(context_options or {})})
    context.add_init_script(_WATCH)
    context.add_init_script(_PATTERN)
    visitor = Visitor(browser, context, context.new_page(), feed)
    visitor.watch(visitor.page)
    # Playwright sets an attribute on the owner of a bound method, which a slotted object refuses.
    context.on("page", lambda page: visitor.watch(page))  # noqa: PLW0108 - see above
    return visitor


def _camera_flags(camera: CameraState, feed: Path) -> list[str]:
    if camera == "none":
        return [
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream=device-count=0",
        ]
    flags = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={feed}"]
    answer = "--use-fake-ui-for-media-stream" if camera == "clip" else "--deny-permission-prompts"
    return [*flags, answer]
