"""The capture protocol, free of any transport: which bytes are accepted, in which order.

One capture is one conversation. The client sends binary frames, the server grants credit for
the next ones, so the rate follows what the engine can do. A frame is

    offset 0   4 bytes   `CNF1`
    offset 4   uint32    sequence number, big endian, strictly rising from 0 upwards
    offset 8   uint32    milliseconds since the client started the camera, big endian
    offset 12  the rest  one JPEG or WebP image

Before the first frame it may send one text, which tells of its camera (`camera_hello`). Everything
else ends the capture: other text, an unknown magic, a number that does not rise, a frame
without credit, too many bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

MAGIC: Final = b"CNF1"
HEADER_BYTES: Final = 12
MAX_IMAGE_BYTES: Final = 300_000
MAX_MESSAGE_BYTES: Final = HEADER_BYTES + MAX_IMAGE_BYTES


class Violation(StrEnum):
    """How a client broke the protocol."""

    NOT_BINARY = "not_binary"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    OUT_OF_ORDER = "out_of_order"
    NO_CREDIT = "no_credit"
    NOT_AN_IMAGE = "not_an_image"
    OVER = "over"


class ProtocolError(ValueError):
    """The client broke the protocol; the capture ends and nothing is granted."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.value)
        self.violation = violation


@dataclass(frozen=True, slots=True)
class FrameMessage:
    """One accepted frame."""

    sequence: int
    """0..2^32-1, above that of every earlier frame."""
    captured_ms: int
    """The client's own clock; it may count against a capture (`timing`), never for it."""
    image: bytes
    """Encoded image, 1..`MAX_IMAGE_BYTES` bytes; not decoded yet."""


def pack_frame(frame: FrameMessage) -> bytes:
    """Encode a frame as the client does."""
    head = MAGIC + frame.sequence.to_bytes(4, "big") + frame.captured_ms.to_bytes(4, "big")
    return head + frame.image


def unpack_frame(message: bytes | str) -> FrameMessage:
    """Decode one message of a client.

    Raises: ProtocolError: text, too many bytes, an unknown magic or no image.
    """
    if isinstance(message, str):
        raise ProtocolError(Violation.NOT_BINARY)
    if len(message) > MAX_MESSAGE_BYTES:
        raise ProtocolError(Violation.TOO_LARGE)
    if len(message) <= HEADER_BYTES or message[:4] != MAGIC:
        raise ProtocolError(Violation.MALFORMED)
    return FrameMessage(
        sequence=int.from_bytes(message[4:8], "big"),
        captured_ms=int.from_bytes(message[8:12], "big"),
        image=bytes(message[HEADER_BYTES:]),
    )


@dataclass(frozen=True, slots=True)
class Channel:
    """What the server remembers of one client's frames."""

    credit: int
    """Frames that the client may still send."""
    last_sequence: int = -1
    frames: int = 0
    has_greeted: bool = False
    """Whether the camera was told of."""


def open_channel(*, credit: int) -> Channel:
    """A new conversation that begins with so many frames granted; at least 1."""
    if credit < 1:
        raise ValueError("a client without credit can never send")
    return Channel(credit=credit)


def greet(channel: Channel) -> Channel:
    """Take what is told of the camera; once, and before the first frame.

    Raises: ProtocolError: too late, or again.
    """
    if channel.has_greeted or channel.frames:
        raise ProtocolError(Violation.OUT_OF_ORDER)
    return replace(channel, has_greeted=True)


def accept(channel: Channel, frame: FrameMessage) -> Channel:
    """Take a frame in order and within credit.

    Raises: ProtocolError: the sequence number does not rise, or no credit is left.
    """
    if frame.sequence <= channel.last_sequence:
        raise ProtocolError(Violation.OUT_OF_ORDER)
    if channel.credit < 1:
        raise ProtocolError(Violation.NO_CREDIT)
    return replace(
        channel,
        credit=channel.credit - 1,
        last_sequence=frame.sequence,
        frames=channel.frames + 1,
    )


def grant(channel: Channel, *, credit: int = 1) -> Channel:
    """Allow the client that many more frames."""
    return replace(channel, credit=channel.credit + credit)
