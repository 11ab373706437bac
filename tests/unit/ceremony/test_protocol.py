"""The capture protocol refuses whatever is not the next frame in order and within credit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from countenance.ceremony.protocol import (
    HEADER_BYTES,
    MAX_IMAGE_BYTES,
    FrameMessage,
    ProtocolError,
    Violation,
    accept,
    grant,
    open_channel,
    pack_frame,
    unpack_frame,
)

numbers = st.integers(0, 2**32 - 1)


@given(numbers, numbers, st.binary(min_size=1, max_size=2000))
def test_a_packed_frame_unpacks_to_itself(sequence, captured_ms, image):
    frame = FrameMessage(sequence, captured_ms, image)
    assert unpack_frame(pack_frame(frame)) == frame


@pytest.mark.parametrize(
    ("message", "violation"),
    [
        ("hello", Violation.NOT_BINARY),
        (b"", Violation.MALFORMED),
        (b"CNF1", Violation.MALFORMED),
        (b"CNF1" + bytes(8), Violation.MALFORMED),  # a header without an image
        (b"CNF2" + bytes(20), Violation.MALFORMED),
        (b"CNF1" + bytes(HEADER_BYTES - 4 + MAX_IMAGE_BYTES + 1), Violation.TOO_LARGE),
    ],
)
def test_other_messages_are_refused_by_name(message, violation):
    with pytest.raises(ProtocolError) as caught:
        unpack_frame(message)
    assert caught.value.violation is violation


@given(st.binary(max_size=400))
def test_any_bytes_either_unpack_or_are_refused(message):
    try:
        frame = unpack_frame(message)
    except ProtocolError:
        return
    assert pack_frame(frame) == message


class Conversation(RuleBasedStateMachine):
    """A client that sends what it likes; the channel keeps order and credit."""

    def __init__(self) -> None:
        super().__init__()
        self.channel = open_channel(credit=2)
        self.granted = 2
        self.taken: list[int] = []

    @rule(sequence=st.integers(0, 40))
    def send(self, sequence: int) -> None:
        try:
            self.channel = accept(self.channel, FrameMessage(sequence, 0, b"x"))
        except ProtocolError as error:
            rises = sequence > max(self.taken, default=-1)
            has_credit = len(self.taken) < self.granted
            assert not (rises and has_credit)
            expected = Violation.NO_CREDIT if rises else Violation.OUT_OF_ORDER
            assert error.violation is expected
        else:
            self.taken.append(sequence)

    @rule(credit=st.integers(1, 3))
    def allow(self, credit: int) -> None:
        self.channel = grant(self.channel, credit=credit)
        self.granted += credit

    @invariant()
    def frames_rise_and_stay_within_credit(self) -> None:
        assert self.taken == sorted(set(self.taken))
        assert len(self.taken) <= self.granted
        assert self.channel.frames == len(self.taken)


TestConversation = Conversation.TestCase


def test_a_conversation_needs_credit_to_begin():
    with pytest.raises(ValueError, match="credit"):
        open_channel(credit=0)
