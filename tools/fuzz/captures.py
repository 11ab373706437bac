"""A whole capture out of one input: a list of messages, told apart by kind and length.

byte 0     kind: 0 text, 1 binary as it is, 2 an image in a frame that is in order, 3 time passes
byte 1, 2  length of what follows, big endian, cut at the end of the input
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tools.fuzz.target import Probe

if TYPE_CHECKING:
    from countenance.web.capture.replies import Reply
    from countenance.web.capture.session import CaptureSession

KINDS = 4
MAX_MESSAGES = 40


def packed(messages: Iterable[tuple[int, bytes]]) -> bytes:
    """The input that gives these messages."""
    return b"".join(struct.pack(">BH", kind, len(body)) + body for kind, body in messages)


def unpacked(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each message; every input gives some list of them."""
    at = 0
    for _ in range(MAX_MESSAGES):
        if at + 3 > len(data):
            return
        kind, length = data[at] % KINDS, int.from_bytes(data[at + 1 : at + 3], "big")
        yield kind, data[at + 3 : at + 3 + length]
        at += 3 + length


def probe_capture() -> Probe:
    """Every list of messages has to end with one verdict, written once, and with no exception."""
    from countenance.web.capture.session import CaptureSession
    from tools.fuzz.capture_course import CountingCourse

    def probe(data: bytes) -> bool:
        course = CountingCourse()
        session = CaptureSession(course, credit=2, silence_limit_s=5.0, at_s=0.0)
        answers = [session.greet(), *_converse(session, unpacked(data))]
        assert session.is_over
        assert len(course.concluded) == 1
        is_granted = course.concluded[0].is_granted
        # A picture without credit, or past the verdict, is never judged.
        assert course.taken == 3 if is_granted else course.taken <= 3
        _check_answers(answers)
        return is_granted

    return probe


def _converse(session: CaptureSession, messages: Iterable[tuple[int, bytes]]) -> Iterator[Reply]:
    from countenance.ceremony.protocol import FrameMessage, pack_frame

    at_s, sent = 0.0, 0
    for kind, body in messages:
        at_s += 0.07 + (len(body) / 100 if kind == 3 else 0.0)
        if kind == 0:
            yield from session.receive(body.decode("utf-8", "replace"), at_s=at_s)
        elif kind == 1:
            yield from session.receive(body, at_s=at_s)
        elif kind == 2:
            message = pack_frame(FrameMessage(sent, round(1000 * at_s), body))
            yield from session.receive(message, at_s=at_s)
            sent += 1
        yield from session.tick(at_s=at_s)
    yield from session.tick(at_s=at_s + 100)


def _check_answers(answers: Iterable[Reply]) -> None:
    from countenance.web.capture.replies import encode

    told = [json.loads(encode(answer)) for answer in answers]
    assert sum(answer["type"] == "verdict" for answer in told) == 1
    assert {answer["type"] for answer in told} <= {"ready", "frame", "verdict", "error"}
