"""One capture as a conversation, free of any transport: messages in, replies out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from countenance.ceremony.camera_hello import unpack_hello
from countenance.ceremony.protocol import (
    FrameMessage,
    ProtocolError,
    Violation,
    accept,
    grant,
    greet,
    open_channel,
    unpack_frame,
)
from countenance.ceremony.timing import Timing, follow_timing
from countenance.ceremony.verdict import Reason, Verdict
from countenance.identity.errors import IdentityError
from countenance.images.codec import CAPTURE_LIMITS, decode_image
from countenance.images.errors import ImageError
from countenance.images.image import Image
from countenance.pad.virtual_cameras import virtual_camera
from countenance.web.capture import replies
from countenance.web.capture.course import Course
from countenance.web.capture.replies import Reply

_LOG = logging.getLogger(__name__)

_VIOLATION_MESSAGES = {
    Violation.NOT_BINARY: "This connection takes pictures only. Reload the page and try again.",
    Violation.TOO_LARGE: "The picture is larger than 300 kB. Reload the page and try again.",
    Violation.MALFORMED: "The message is no frame of this protocol. Reload the page.",
    Violation.OUT_OF_ORDER: "A frame came twice or out of order. Reload the page and try again.",
    Violation.NO_CREDIT: "More frames came than were asked for. Reload the page and try again.",
    Violation.NOT_AN_IMAGE: "A picture arrived damaged or too large. Reload and try again.",
    Violation.OVER: "This capture is over. Begin a new one.",
}


class CaptureSession:
    """Holds the client to the protocol and the course to an end: there is always one verdict."""

    def __init__(
        self,
        course: Course,
        *,
        credit: int,
        silence_limit_s: float,
        at_s: float,
        decoding: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Begin one.

        Args: decoding: times what happens within.
        """
        self._decoding = decoding
        self._course = course
        self._credit = credit
        self._channel = open_channel(credit=credit)
        self._silence_limit_s = silence_limit_s
        self._heard_at_s = at_s
        self._timing: Timing | None = None
        self.is_over = False
        """Whether the verdict is written; nothing is accepted any more."""

    def greet(self) -> Reply:
        """The first reply."""
        return replies.ready(
            credit=self._channel.credit,
            frames_needed=self._course.frames_needed,
            time_limit_s=self._course.time_limit_s,
            purpose=self._course.purpose,
        )

    def receive(
        self,
        message: bytes | str,
        *,
        at_s: float,
        arrived_s: float | None = None,
        is_crowded: bool = False,
    ) -> list[Reply]:
        """Take one message of the client; `tick` has to follow, which writes a verdict down.

        The two are apart because this needs the engine and the other the database: a slow disk
        must not hold a place at the engine.

        Args:
            message: as it came; text tells of the camera or breaks the protocol.
            at_s: when; seconds on a clock that never goes back.
            arrived_s: the same on one that no queue stops; None takes `at_s`.
            is_crowded: whether others wait for the engine. Then one frame under way is enough:
                a second one would only grow old in the queue.

        Returns: what to send, in order.
        """
        if self.is_over or self._course.verdict is not None:
            return [replies.error(Violation.OVER, _VIOLATION_MESSAGES[Violation.OVER])]
        self._heard_at_s = at_s
        try:
            if isinstance(message, str):
                return self._meet(message)
            frame = unpack_frame(message)
            self._channel = accept(self._channel, frame)
            self._check_time(frame, at_s if arrived_s is None else arrived_s)
            if self._course.verdict is not None:
                return []
            with self._decoding():
                image = _decode(frame)
            return self._look(frame, image, at_s=at_s, is_crowded=is_crowded)
        except ProtocolError as error:
            return self._broken(error.violation)

    def tick(self, *, at_s: float) -> list[Reply]:
        """Let time pass: ends the capture with its verdict, after a long silence or at the limit.

        Returns: nothing, or the last reply: the verdict, or why it could not be written.
        """
        if self.is_over:
            return []
        self._course.expire(at_s=at_s)
        if self._course.verdict is None and at_s - self._heard_at_s > self._silence_limit_s:
            self._course.interrupt(Reason.INTERRUPTED)
        return self._closing()

    def interrupt(self, reason: Reason = Reason.INTERRUPTED) -> None:
        """The connection is gone: write the refusal down, nobody hears it."""
        if not self.is_over:
            self._course.interrupt(reason)
            self._closing()

    def _meet(self, text: str) -> list[Reply]:
        """What the client tells of its camera gets no answer."""
        hello = unpack_hello(text)
        self._channel = greet(self._channel)
        if family := virtual_camera(hello.label):
            self._course.suspect(Reason.VIRTUAL_CAMERA, family, is_certain=False)
        return []

    def _check_time(self, frame: FrameMessage, arrived_s: float) -> None:
        before = self._timing.faults if self._timing else frozenset()
        self._timing = follow_timing(
            self._timing, captured_ms=frame.captured_ms, arrived_s=arrived_s
        )
        for fault in sorted(self._timing.faults - before):
            self._course.suspect(Reason.IMPOSSIBLE_TIMING, fault, is_certain=fault.is_certain)

    def _look(
        self, frame: FrameMessage, image: Image, *, at_s: float, is_crowded: bool
    ) -> list[Reply]:
        try:
            view = self._course.take(image, sequence=frame.sequence, at_s=at_s)
        except Exception:  # noqa: BLE001 - whatever breaks inside the engine, the door stays shut
            _LOG.exception("the engine failed on a frame of %d bytes", len(frame.image))
            self._course.interrupt(Reason.ENGINE_FAILED)
            return []
        credit = self._due(is_crowded=is_crowded)
        self._channel = grant(self._channel, credit=credit)
        return [replies.frame(frame.sequence, view, credit=credit)]

    def _due(self, *, is_crowded: bool) -> int:
        """How many frames more the client may send; never leaves it without any."""
        return max(0, (1 if is_crowded else self._credit) - self._channel.credit)

    def _broken(self, violation: Violation) -> list[Reply]:
        self._course.interrupt(Reason.PROTOCOL)
        return [replies.error(violation, _VIOLATION_MESSAGES[violation])]

    def _closing(self) -> list[Reply]:
        verdict = self._course.verdict
        if verdict is None:
            return []
        self.is_over = True
        return [self._conclude(verdict)]

    def _conclude(self, verdict: Verdict) -> Reply:
        try:
            return self._course.conclude(verdict)
        except IdentityError as error:
            _LOG.exception("a verdict could not be written")
            return replies.error(error.code, f"{error.message} {error.remedy}".strip())


def _decode(frame: FrameMessage) -> Image:
    try:
        return decode_image(frame.image, limits=CAPTURE_LIMITS)
    except ImageError:
        raise ProtocolError(Violation.NOT_AN_IMAGE) from None
