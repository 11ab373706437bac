"""The harness itself: a page in the browser sees the clip, and nothing else."""

from __future__ import annotations

import base64
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.e2e.conftest import BrowserFactory
from tests.fixtures.clips import ClipShelf, read_mjpeg, write_scene_y4m
from tests.fixtures.portraits import Person
from tests.fixtures.reference_engine import embed_largest, similarity
from tests.fixtures.scenes import Frame, Kind, Scene

_PAGE = b"""<!doctype html><meta charset="utf-8"><title>camera</title>
<video autoplay muted playsinline></video>
<script>
  const video = document.querySelector("video");
  async function start() {
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({
        video: { width: 640, height: 480 },
      });
      await video.play();
      return "playing";
    } catch (problem) {
      return problem.name;
    }
  }
  function stop() {
    for (const track of video.srcObject.getTracks()) track.stop();
  }
  function shoot() {
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    return canvas.toDataURL("image/png").split(",")[1];
  }
  function after(ms) { return new Promise((done) => setTimeout(done, ms)); }
</script>"""


@pytest.fixture(scope="module")
def camera_page() -> Iterator[str]:
    """A small local page that opens the camera."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(_PAGE)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://localhost:{served.server_port}/"
        served.shutdown()


def _decoded(shot: str) -> Frame:
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(shot), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture, dtype=np.uint8)


def _thumbnail(frame: Frame) -> NDArray[np.float64]:
    return cv2.resize(frame, (80, 60), interpolation=cv2.INTER_AREA).astype(np.float64)


def _distance_to_clip(frame: Frame, clip: Path) -> float:
    """Mean difference in grey levels to the most similar frame of a clip."""
    seen = _thumbnail(frame)
    return min(float(np.abs(seen - _thumbnail(own)).mean()) for own in read_mjpeg(clip))


def test_a_page_sees_the_frames_of_the_clip_one_after_the_other(
    browser_with_camera: BrowserFactory, clips: ClipShelf, camera_page: str
) -> None:
    clip = clips.of_scene(Scene(Kind.TURNS, seconds=2))
    visitor = browser_with_camera(clip)
    visitor.page.goto(camera_page)
    assert visitor.page.evaluate("start()") == "playing"
    shots = [_decoded(visitor.page.evaluate("after(150).then(shoot)")) for _ in range(5)]
    assert {shot.shape for shot in shots} == {(480, 640, 3)}
    assert max(_distance_to_clip(shot, clip) for shot in shots) < 5
    assert len({shot.tobytes() for shot in shots}) > 1
    assert visitor.page_errors == []


def test_the_person_on_the_clip_is_recognised_from_the_canvas(
    browser_with_camera: BrowserFactory,
    clips: ClipShelf,
    camera_page: str,
    portraits: dict[Person, Frame],
) -> None:
    visitor = browser_with_camera(clips.of_scene(Scene(Kind.LIVE, Person.HOPPER, seconds=1)))
    visitor.page.goto(camera_page)
    visitor.page.evaluate("start()")
    seen = embed_largest(_decoded(visitor.page.evaluate("after(150).then(shoot)")))
    own, other = (embed_largest(portraits[who]) for who in (Person.HOPPER, Person.COLLINS))
    assert seen is not None
    assert own is not None
    assert other is not None
    assert similarity(seen, own) > 0.6
    assert similarity(seen, other) < 0.36


def test_another_clip_shows_when_the_camera_is_next_opened(
    browser_with_camera: BrowserFactory, clips: ClipShelf, camera_page: str
) -> None:
    live, empty = (clips.of_scene(Scene(k, seconds=1)) for k in (Kind.LIVE, Kind.EMPTY_ROOM))
    visitor = browser_with_camera(live)
    for clip in (live, empty):
        visitor.show(clip)
        visitor.page.goto(camera_page)
        visitor.page.evaluate("start()")
        shot = _decoded(visitor.page.evaluate("after(150).then(shoot)"))
        assert _distance_to_clip(shot, clip) < 5
        visitor.page.evaluate("stop()")


def test_raw_clips_play_too(
    browser_with_camera: BrowserFactory, clips: ClipShelf, camera_page: str, tmp_path: Path
) -> None:
    scene = Scene(Kind.STILL, Person.HOPPER, seconds=0.2)
    raw = tmp_path / "still.y4m"
    write_scene_y4m(raw, scene)
    visitor = browser_with_camera(raw)
    visitor.page.goto(camera_page)
    visitor.page.evaluate("start()")
    shot = _decoded(visitor.page.evaluate("after(150).then(shoot)"))
    assert _distance_to_clip(shot, clips.of_scene(scene)) < 5


@pytest.mark.parametrize(("camera", "told"), [("none", "NotFoundError"),
                                              ("refused", "NotAllowedError")])  # fmt: skip
def test_a_page_learns_that_there_is_no_camera_for_it(
    browser_with_camera: BrowserFactory, clips: ClipShelf, camera_page: str, camera: str, told: str
) -> None:
    clip = None if camera == "none" else clips.of_scene(Scene(Kind.LIVE, seconds=1))
    visitor = browser_with_camera(clip, camera=camera)
    visitor.page.goto(camera_page)
    assert visitor.page.evaluate("start()") == told


def test_a_pulled_cable_ends_the_track_and_tells_the_page(
    browser_with_camera: BrowserFactory, clips: ClipShelf, camera_page: str
) -> None:
    visitor = browser_with_camera(clips.of_scene(Scene(Kind.LIVE, seconds=1)))
    visitor.page.goto(camera_page)
    visitor.page.evaluate("start()")
    visitor.page.evaluate(
        "video.srcObject.getTracks()[0].onended = () => { document.title = 'gone'; }"
    )
    assert visitor.unplug_camera() == 1
    assert visitor.page.title() == "gone"
    assert visitor.unplug_camera() == 0


def test_what_a_page_says_aloud_is_heard(
    browser_with_camera: BrowserFactory, camera_page: str
) -> None:
    visitor = browser_with_camera(camera="none")
    visitor.page.goto(camera_page)
    visitor.page.evaluate("speechSynthesis.speak(new SpeechSynthesisUtterance('Access granted'))")
    assert visitor.spoken() == ["Access granted"]
