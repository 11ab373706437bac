"""What a browser tells of its camera before the first frame: one short text message.

    {"type": "camera", "label": "Integrated Camera", "width": 640, "height": 480,
     "frame_rate": 30, "facing": "user", "capabilities": ["brightness", "zoom"]}

`type` and `label` have to be there, nothing else may be. Whoever controls the browser writes what
they like, so it may count against a capture and never for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from countenance.ceremony.protocol import ProtocolError, Violation

MAX_HELLO_BYTES: Final = 2_048
MAX_LABEL: Final = 200
MAX_CAPABILITIES: Final = 40
MAX_WORD: Final = 40
_FIELDS: Final = frozenset(
    {"type", "label", "width", "height", "frame_rate", "facing", "capabilities"}
)
MAX_SIDE_PX: Final = 16_384
MAX_FPS: Final = 1_000


@dataclass(frozen=True, slots=True)
class CameraHello:
    """Of `MediaStreamTrack`: its label, and a summary of settings and capabilities."""

    label: str
    """As the system names the camera; may be empty. Never stored."""
    width_px: float = 0
    """0 where the browser does not tell."""
    height_px: float = 0
    fps: float = 0
    facing: str = ""
    """`user`, `environment`, `left`, `right` or nothing."""
    capabilities: tuple[str, ...] = ()
    """Names of what can be adjusted."""


def unpack_hello(text: str) -> CameraHello:
    """Read a hello.

    Raises: ProtocolError: too long, no JSON object, a field that is unknown, missing or of another
        kind, or a value out of range.
    """
    if len(text) > MAX_HELLO_BYTES or len(text.encode("utf-8", "replace")) > MAX_HELLO_BYTES:
        raise ProtocolError(Violation.TOO_LARGE)
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise ProtocolError(Violation.NOT_BINARY) from None
    if not isinstance(told, dict) or told.get("type") != "camera" or not set(told) <= _FIELDS:
        raise ProtocolError(Violation.NOT_BINARY)
    return CameraHello(
        label=_word(told, "label", most=MAX_LABEL),
        width_px=_number(told, "width", most=MAX_SIDE_PX),
        height_px=_number(told, "height", most=MAX_SIDE_PX),
        fps=_number(told, "frame_rate", most=MAX_FPS),
        facing=_word({"facing": ""} | told, "facing", most=MAX_WORD),
        capabilities=_words(told.get("capabilities", [])),
    )


def _word(told: Mapping[str, object], name: str, *, most: int) -> str:
    value = told.get(name)
    if not isinstance(value, str) or len(value) > most:
        raise ProtocolError(Violation.NOT_BINARY)
    return value


def _number(told: Mapping[str, object], name: str, *, most: float) -> float:
    value = told.get(name, 0)
    # A bool is an int to Python, and NaN is in no range.
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= most:
        return float(value)
    raise ProtocolError(Violation.NOT_BINARY)


def _words(values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or len(values) > MAX_CAPABILITIES:
        raise ProtocolError(Violation.NOT_BINARY)
    if not all(isinstance(value, str) and len(value) <= MAX_WORD for value in values):
        raise ProtocolError(Violation.NOT_BINARY)
    return tuple(values)
