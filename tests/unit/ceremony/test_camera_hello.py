"""What a browser tells of its camera: a short text of known fields, or nothing."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.ceremony.camera_hello import MAX_HELLO_BYTES, CameraHello, unpack_hello
from countenance.ceremony.protocol import ProtocolError, Violation, greet, open_channel

WHOLE = {
    "type": "camera",
    "label": "Integrated Camera (04f2:b6d9)",
    "width": 640,
    "height": 480,
    "frame_rate": 29.97,
    "facing": "user",
    "capabilities": ["brightness", "zoom"],
}


def test_a_whole_hello_is_read_and_a_short_one_too() -> None:
    assert unpack_hello(json.dumps(WHOLE)) == CameraHello(
        WHOLE["label"], 640, 480, 29.97, "user", ("brightness", "zoom")
    )
    assert unpack_hello('{"type":"camera","label":""}') == CameraHello("")


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "frame"},
        {"label": 7},
        {"label": "x" * 201},
        {"label": None},
        {"width": -1},
        {"width": True},
        {"width": "640"},
        {"frame_rate": float("nan")},
        {"frame_rate": 1e9},
        {"facing": ["user"]},
        {"capabilities": "zoom"},
        {"capabilities": ["x" * 41]},
        {"capabilities": ["zoom"] * 41},
        {"capabilities": [1]},
        {"deviceId": "0f3a"},
    ],
)
def test_other_fields_kinds_and_sizes_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError) as caught:
        unpack_hello(json.dumps(WHOLE | changed))
    assert caught.value.violation is Violation.NOT_BINARY


@pytest.mark.parametrize("text", ["", "hello", "[]", "null", "[" * 2000, '{"type":"camera"}'])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        unpack_hello(text)
    assert caught.value.violation is Violation.NOT_BINARY


@pytest.mark.parametrize("text", ["x" * (MAX_HELLO_BYTES + 1), "ü" * (MAX_HELLO_BYTES // 2 + 1)])
def test_long_text_is_not_even_looked_at(text: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        unpack_hello(text)
    assert caught.value.violation is Violation.TOO_LARGE


@given(st.text(max_size=300) | st.builds(json.dumps, st.dictionaries(st.text(), st.text())))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ProtocolError):
        unpack_hello(text)


def test_a_camera_is_told_of_once_and_before_the_first_frame() -> None:
    greeted = greet(open_channel(credit=2))
    assert greeted.credit == 2
    with pytest.raises(ProtocolError) as caught:
        greet(greeted)
    assert caught.value.violation is Violation.OUT_OF_ORDER
