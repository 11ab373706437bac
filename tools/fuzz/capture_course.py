"""A course that counts what a session does with it, and needs no engine and no database."""

from __future__ import annotations

from countenance.ceremony.verdict import Reason, Verdict
from countenance.images.image import Image
from countenance.web.capture import replies
from countenance.web.capture.replies import FrameView, Reply


class CountingCourse:
    """Granted by its third picture; what a `Course` may count on is asserted."""

    purpose = "login"
    frames_needed = 3
    time_limit_s = 20.0

    def __init__(self) -> None:
        self.verdict: Verdict | None = None
        self.taken = 0
        """Pictures that were judged."""
        self.concluded: list[Verdict] = []

    def take(self, image: Image, *, sequence: int, at_s: float) -> FrameView:
        """Judge a picture."""
        assert max(image.width_px, image.height_px) <= 1280
        assert sequence >= 0
        assert at_s >= 0
        assert self.verdict is None
        self.taken += 1
        if self.taken == self.frames_needed:
            self.verdict = Verdict.granted()
        return FrameView((0.1, 0.1, 0.5, 0.5), "hold_still", None, (self.taken, 3), True)

    def suspect(self, reason: Reason, detail: str, *, is_certain: bool) -> None:
        """Hear of something odd."""
        assert detail
        if is_certain and self.verdict is None:
            self.verdict = Verdict.denied(reason)

    def expire(self, *, at_s: float) -> None:
        """Let time pass."""
        if at_s > self.time_limit_s and self.verdict is None:
            self.verdict = Verdict.denied(Reason.TIMED_OUT)

    def interrupt(self, reason: Reason) -> None:
        """End, refused."""
        self.verdict = self.verdict or Verdict.denied(reason)

    def conclude(self, verdict: Verdict) -> Reply:
        """Write the verdict down."""
        self.concluded.append(verdict)
        granted = verdict.is_granted
        return replies.verdict(granted=granted, reason=None, next_url="/", tries_left=1)
