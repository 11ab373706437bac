"""Whether the times that a client tells of its frames can be: the clock of a page as a fold.

The page counts milliseconds since it opened the camera. Its clock runs as ours does, so a frame
cannot be older than the one before, nor younger than the time that has passed here. Anything that
a slow network, a sleeping tab or a coarse clock explains is no certainty and refuses nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

MAX_AHEAD_MS: Final = 12_000.0
"""How much more time may have passed for the client than here: its first frame may have waited on
the way, but not longer than a silence that ends a capture."""
EVEN_FRAMES: Final = 20
"""So many steps in a row of one length, to the millisecond, are not a browser's."""
FAST_FRAMES: Final = 10
"""So many steps in a row that are shorter than `FASTEST_MS` are not a camera's."""
FASTEST_MS: Final = 4.0
"""240 frames a second."""


class TimingFault(StrEnum):
    """What is wrong with the times of a capture."""

    BACKWARDS = "backwards"
    """A frame is older than the one before. Certain."""
    AHEAD = "ahead"
    """More time has passed for the client than can have. Certain."""
    EVEN = "even"
    """The frames come in steps of exactly one length."""
    FAST = "fast"
    """The frames come faster than a camera takes them."""

    @property
    def is_certain(self) -> bool:
        """Whether no honest client can be the cause."""
        return self in {TimingFault.BACKWARDS, TimingFault.AHEAD}


@dataclass(frozen=True, slots=True)
class Timing:
    """What is remembered of the times so far."""

    began_ms: int
    """The client's time of the first frame."""
    began_s: float
    """Ours, when it arrived."""
    last_ms: int
    step_ms: int = -1
    """Between the last two frames; -1 before there are two."""
    even: int = 0
    """Steps in a row of that length."""
    fast: int = 0
    """Steps in a row shorter than a camera's."""
    faults: frozenset[TimingFault] = frozenset()
    """All that were found."""

    @property
    def is_impossible(self) -> bool:
        """Whether the capture is certainly not what a page sends."""
        return any(fault.is_certain for fault in self.faults)


def follow_timing(timing: Timing | None, *, captured_ms: int, arrived_s: float) -> Timing:
    """Take the next frame into account.

    Args:
        timing: of the frames before; None before the first.
        captured_ms: the client's time of the frame.
        arrived_s: ours, on a clock that never goes back and that no queue stops.
    """
    if timing is None:
        return Timing(captured_ms, arrived_s, captured_ms)
    step_ms = captured_ms - timing.last_ms
    timing = replace(
        timing,
        last_ms=captured_ms,
        step_ms=step_ms,
        even=timing.even + 1 if step_ms == timing.step_ms else 1,
        fast=timing.fast + 1 if step_ms < FASTEST_MS else 0,
    )
    passed_ms = 1000 * (arrived_s - timing.began_s)
    signs = {
        TimingFault.BACKWARDS: step_ms < 0,
        TimingFault.AHEAD: captured_ms - timing.began_ms > passed_ms + MAX_AHEAD_MS,
        TimingFault.EVEN: timing.even >= EVEN_FRAMES,
        TimingFault.FAST: timing.fast >= FAST_FRAMES,
    }
    return replace(
        timing, faults=timing.faults | {fault for fault, is_so in signs.items() if is_so}
    )
