"""The conversation without a transport: always one verdict, written once, whatever is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.ceremony.protocol import FrameMessage, pack_frame
from countenance.ceremony.verdict import Reason, Verdict
from countenance.identity.errors import StorageError
from countenance.images.image import Image
from countenance.web.capture import replies
from countenance.web.capture.replies import FrameView, Reply
from countenance.web.capture.session import CaptureSession
from tests.fakes.recognition import painted

IMAGE = painted(1)
VIEW = FrameView((0.1, 0.1, 0.5, 0.5), "hold_still", None, (1, 3), True)


class ThreeFrames:
    """A course that is granted by its third frame."""

    purpose = "login"
    frames_needed = 3
    time_limit_s = 20.0

    def __init__(self) -> None:
        self.verdict: Verdict | None = None
        self.taken = 0
        self.concluded: list[Verdict] = []
        self.fails_on = -1
        self.is_storage_away = False

    def take(self, image: Image, *, sequence: int, at_s: float) -> FrameView:
        del image, at_s
        if sequence == self.fails_on:
            raise RuntimeError("inside the engine")
        self.taken += 1
        if self.taken == 3:
            self.verdict = Verdict.granted()
        return VIEW

    def suspect(self, reason: Reason, detail: str, *, is_certain: bool) -> None:
        """Timing is for other tests."""

    def expire(self, *, at_s: float) -> None:
        if at_s > self.time_limit_s and self.verdict is None:
            self.verdict = Verdict.denied(Reason.TIMED_OUT)

    def interrupt(self, reason: Reason) -> None:
        self.verdict = self.verdict or Verdict.denied(reason)

    def conclude(self, verdict: Verdict) -> Reply:
        self.concluded.append(verdict)
        if self.is_storage_away:
            raise StorageError("The disk is full.", remedy="Free space.")
        return replies.verdict(granted=verdict.is_granted, reason=None, next_url="/", tries_left=1)


def frame(sequence: int, image: bytes = IMAGE) -> bytes:
    return pack_frame(FrameMessage(sequence, 0, image))


def session_of(course: ThreeFrames) -> CaptureSession:
    return CaptureSession(course, credit=2, silence_limit_s=10.0, at_s=0.0)


def hear(
    session: CaptureSession, message: bytes | str, *, at_s: float, is_crowded: bool = False
) -> list[Reply]:
    """What the socket sends after a message."""
    said = session.receive(message, at_s=at_s, is_crowded=is_crowded)
    return [*said, *session.tick(at_s=at_s)]


def test_nothing_is_written_while_the_engine_is_held_and_nothing_taken_after_the_verdict() -> None:
    course = ThreeFrames()
    session = session_of(course)
    for number in range(3):
        assert [r["type"] for r in session.receive(frame(number), at_s=0.0)] == ["frame"]
    assert (course.concluded, session.is_over) == ([], False)
    assert session.receive(frame(3), at_s=0.0)[0]["code"] == "over"
    assert course.taken == 3
    assert [r["type"] for r in session.tick(at_s=0.0)] == ["verdict"]
    assert (course.concluded, session.is_over) == ([Verdict.granted()], True)
    assert session.tick(at_s=1.0) == []


def test_the_third_frame_brings_the_verdict_after_its_own_reply() -> None:
    course = ThreeFrames()
    session = session_of(course)
    types = [r["type"] for n in range(3) for r in hear(session, frame(n), at_s=float(n))]
    assert types == ["frame", "frame", "frame", "verdict"]
    assert session.is_over
    assert hear(session, frame(3), at_s=4.0)[0]["code"] == "over"
    assert course.taken == 3
    assert course.concluded == [Verdict.granted()]


def credits_of(session: CaptureSession, *, crowded: list[bool]) -> list[object]:
    return [
        hear(session, frame(n), at_s=float(n), is_crowded=is_crowded)[0]["credit"]
        for n, is_crowded in enumerate(crowded)
    ]


@pytest.mark.parametrize(
    ("crowded", "granted"),
    [
        ([False] * 3, [1, 1, 1]),
        # The first one is withheld: one frame stays under way.
        ([True] * 3, [0, 1, 1]),
        ([True, False, False], [0, 2, 1]),
        ([True, True, False], [0, 1, 2]),
    ],
)
def test_while_others_wait_one_frame_is_under_way_and_later_two_again(
    crowded: list[bool], granted: list[int]
) -> None:
    assert credits_of(session_of(ThreeFrames()), crowded=crowded) == granted


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 5))
def test_no_load_leaves_a_client_without_credit_or_with_more_than_at_first(
    crowded: list[bool], credit: int
) -> None:
    course = ThreeFrames()
    course.taken = -1000  # never granted
    session = CaptureSession(course, credit=credit, silence_limit_s=10.0, at_s=0.0)
    left = credit
    for n, is_crowded in enumerate(crowded):
        reply = hear(session, frame(n), at_s=0.0, is_crowded=is_crowded)[0]
        assert reply["type"] == "frame"
        left += -1 + int(str(reply["credit"]))
        assert 1 <= left <= credit


def test_an_engine_that_breaks_refuses() -> None:
    course = ThreeFrames()
    course.fails_on = 1
    session = session_of(course)
    hear(session, frame(0), at_s=0.0)
    (reply,) = hear(session, frame(1), at_s=1.0)
    assert reply["granted"] is False
    assert course.concluded == [Verdict.denied(Reason.ENGINE_FAILED)]


def test_a_verdict_that_cannot_be_written_is_no_grant() -> None:
    course = ThreeFrames()
    course.is_storage_away = True
    session = session_of(course)
    said = [r for n in range(3) for r in hear(session, frame(n), at_s=float(n))]
    assert said[-1] == {
        "type": "error",
        "code": "identity.storage",
        "message": "The disk is full. Free space.",
    }
    assert session.is_over


@pytest.mark.parametrize(("at_s", "reason"), [(10.1, Reason.INTERRUPTED), (20.1, Reason.TIMED_OUT)])
def test_silence_and_time_end_it(at_s: float, reason: Reason) -> None:
    course = ThreeFrames()
    session = session_of(course)
    assert session.tick(at_s=9.9) == []
    assert len(session.tick(at_s=at_s)) == 1
    assert session.tick(at_s=at_s + 1) == []
    assert course.concluded == [Verdict.denied(reason)]


def test_a_lost_connection_is_written_down_once() -> None:
    course = ThreeFrames()
    session = session_of(course)
    session.interrupt()
    session.interrupt()
    assert course.concluded == [Verdict.denied(Reason.INTERRUPTED)]


MESSAGES = st.one_of(
    st.text(max_size=20),
    st.binary(max_size=40),
    st.builds(frame, st.integers(0, 8)),
    st.builds(frame, st.integers(0, 8), st.binary(min_size=1, max_size=30)),
)


@given(st.lists(MESSAGES, max_size=12))
def test_whatever_is_sent_there_is_one_verdict_and_a_grant_takes_three_frames(
    messages: list[bytes | str],
) -> None:
    course = ThreeFrames()
    session = session_of(course)
    for message in messages:
        for reply in hear(session, message, at_s=1.0):
            assert reply["type"] in ("frame", "verdict", "error")
    session.interrupt()
    assert session.is_over
    assert len(course.concluded) == 1
    assert not course.concluded[0].is_granted or course.taken == 3
