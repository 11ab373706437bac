"""What the page of the lab is told of each frame, and that nothing of it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from countenance.ceremony.policy import PassivePolicy
from countenance.events import Tag
from countenance.images.codec import encode_jpeg, encode_png
from countenance.images.image import Image
from countenance.vision.pad_values import as_full_row
from countenance.vision.pad_watch import PadWatch
from tests.fakes.doors import Door, Visit, open_door
from tests.fakes.lab_browser import LabBrowser, close_all
from tests.fakes.servers import serving


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path, login={"frames": 3}, capture={"silence_limit_s": 90.0})


@pytest.fixture
def visit(door: Door) -> Visit:
    return door.visit_as(door.administrator())


@pytest.fixture
def browser(door: Door, visit: Visit) -> Iterator[LabBrowser]:
    with serving(door.app) as host:
        yield LabBrowser(host, visit)


def picture(seed: int) -> Image:
    small = np.random.default_rng(seed).integers(40, 210, (48, 64, 3), np.uint8)
    large = cv2.resize(small, (640, 480), interpolation=cv2.INTER_CUBIC)
    return Image(np.asarray(large, np.uint8))


def test_a_camera_is_told_frame_by_frame_and_summed_up(door: Door, browser: LabBrowser) -> None:
    assert browser.want(**{"do": "try", "from": "camera"})["type"] == "ready"
    replies = []
    for seed in range(4):
        door.clock.advance(0.1)
        replies.append(browser.show(encode_jpeg(picture(seed))))
    row = replies[-1]["row"]
    assert (row["bona_fide"], row["faces"], row["hint"]) == (True, 1, "hold_still")
    assert row["tight_crop_score"] == 0.25
    assert row["second_opinion_score"] is None
    assert row["at_s"] == pytest.approx(0.4)
    assert replies[0]["thresholds"] == {"tight_crop": 0.5, "detector": 0.5, "bona_fide": 0.5}
    assert replies[0]["box"] == [0.375, 0.25, 0.625, 0.6667]
    done = browser.stop()
    assert (done["frames"], done["judged"], done["rule_met"]) == (4, 4, True)
    assert done["decided_at_s"] == pytest.approx(0.3)


def test_a_picture_is_told_as_one_frame(door: Door, browser: LabBrowser) -> None:
    content = encode_png(picture(7))
    wish = {"do": "try", "from": "file", "name": "me.png", "size": len(content)}
    ready = browser.want(**wish)
    frame, done = browser.give(content, piece_bytes=ready["piece_bytes"])
    assert frame["row"]["bona_fide"] is True
    assert (done["frames"], done["rule_met"], done["reason"]) == (1, False, "timed_out")
    uploads = door.home / "lab" / "uploads"
    assert list(uploads.iterdir()) == []
    events = door.identity.audit.list_events(tags=(Tag.LAB_TRIED,))
    assert [event.details for event in events] == [{"from": "file"}]


def test_an_attack_does_not_meet_the_rule(door: Door, browser: LabBrowser) -> None:
    door.lab.pad.value = 0.1
    browser.want(**{"do": "try", "from": "camera"})
    for seed in range(4):
        door.clock.advance(0.1)
        assert browser.show(encode_jpeg(picture(seed)))["row"]["bona_fide"] is False
    done = browser.stop()
    assert (done["bona_fide"], done["longest_run"], done["rule_met"]) == (0, 0, False)


def test_sixty_seconds_are_enough(door: Door, browser: LabBrowser) -> None:
    browser.want(**{"do": "try", "from": "camera"})
    door.clock.advance(61)
    browser.show(encode_jpeg(picture(1)))
    done = browser.rest()[-1]
    assert (done["type"], done["cut_off"]) == ("done", True)


def test_a_silent_page_is_given_up(door: Door, browser: LabBrowser) -> None:
    browser.want(**{"do": "try", "from": "camera"})
    door.clock.advance(door.settings.capture.silence_limit_s + 1)
    assert browser.rest()[-1]["type"] == "done"


def test_an_engine_that_opens_slowly_takes_no_time_of_the_person(
    door: Door, browser: LabBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = door.lab.watch

    def slow(policy: PassivePolicy) -> PadWatch:
        door.clock.advance(100)
        return watch(policy)

    monkeypatch.setattr(door.lab, "watch", slow)
    assert browser.want(**{"do": "try", "from": "camera"})["type"] == "ready"
    frame = browser.show(encode_jpeg(picture(1)))
    assert (frame["type"], frame["row"]["at_s"]) == ("frame", 0.0)


@pytest.mark.parametrize("message", [b"CNF1", b"\x00" * 40, b"CNF1" + bytes(8) + b"no picture"])
def test_what_is_no_frame_ends_it_with_a_word(browser: LabBrowser, message: bytes) -> None:
    browser.want(**{"do": "try", "from": "camera"})
    browser.socket.send_binary(message)
    assert browser.hear()["type"] == "error"
    assert browser.hear() == {}


def test_an_engine_that_breaks_is_told_and_lets_go(
    door: Door, browser: LabBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.want(**{"do": "try", "from": "camera"})

    def broken(*_args: object) -> None:
        raise RuntimeError("inside the engine")

    monkeypatch.setattr("countenance.web.lab.work.as_full_row", broken)
    assert browser.show(encode_jpeg(picture(1)))["code"] == "lab"
    monkeypatch.setattr("countenance.web.lab.work.as_full_row", as_full_row)
    assert browser.hear() == {}
    admission = door.app.extensions["countenance"].admission
    assert not admission.is_full


def test_the_page_names_the_detector_and_needs_the_right(door: Door, visit: Visit) -> None:
    page = visit.get("/lab/try").text
    assert "fake/1" in page
    assert door.visit_as(door.viewer()).get("/lab/try").status_code == 403
