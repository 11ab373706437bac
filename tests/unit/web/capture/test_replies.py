"""What is said during a capture."""

from __future__ import annotations

import json

from countenance.web.capture import replies
from countenance.web.capture.replies import FrameView


def test_a_box_that_reaches_outside_is_cut_at_the_frame() -> None:
    view = FrameView((-0.2, 0.123456, 1.4, 0.9), "too_large", None, (0, 10), False)
    assert replies.frame(7, view)["box"] == [0.0, 0.1235, 1.0, 0.9]


def test_no_face_is_no_box() -> None:
    view = FrameView(None, "no_face", None, (0, 10), False)
    assert replies.frame(7, view)["box"] is None


def test_a_reply_is_one_line_of_json() -> None:
    line = replies.encode(replies.error("web.busy", "Later.\nPlease."))
    assert "\n" not in line
    assert json.loads(line)["code"] == "web.busy"
