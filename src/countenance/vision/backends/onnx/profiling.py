"""What ONNX Runtime's own profiler says of the sessions that are opened meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

KERNEL_SUFFIX: Final = "_kernel_time"
_PLAUSIBLE_NS: Final = 60_000_000_000
"""A session was opened less than a minute ago when its clock is looked for."""

Interval = tuple[int, int]
"""Begin and end, nanoseconds on one clock."""


class ProfiledSession(Protocol):
    """What the profile needs of an `onnxruntime.InferenceSession`."""

    def get_profiling_start_time_ns(self) -> int: ...

    def end_profiling(self) -> str: ...


@dataclass(slots=True)
class Profile:
    """The sessions that are profiled, and what they tell in the end."""

    folder: Path
    """Takes the profiler's files; whoever made it removes it."""
    _sessions: list[tuple[ProfiledSession, Callable[[], int]]] = field(default_factory=list)
    _prefixes: int = 0

    def next_prefix(self) -> str:
        """Where the next session writes; each has a name of its own."""
        self._prefixes += 1
        return str(self.folder / f"kernels-{self._prefixes}")

    def watch(self, session: ProfiledSession) -> None:
        """Take a session in that was opened just now with profiling on."""
        self._sessions.append((session, _clock_of(session.get_profiling_start_time_ns())))

    def now_ns(self) -> int:
        """The time on the clock of the profile; some session must be watched."""
        return self._sessions[0][1]()

    def kernel_intervals(self) -> list[Interval]:
        """End the profile: when each kernel of any session ran, in order of its begin."""
        found: list[Interval] = []
        for session, _ in self._sessions:
            begin_ns = session.get_profiling_start_time_ns()
            events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
            for event in events:
                if event.get("cat") == "Node" and event["name"].endswith(KERNEL_SUFFIX):
                    start = begin_ns + 1000 * int(event["ts"])
                    found.append((start, start + 1000 * int(event["dur"])))
        return sorted(found)


# Not a context variable: an engine may open its sessions in threads of its own.
_active: Final[list[Profile]] = []


def current_profile() -> Profile | None:
    """The profile that new sessions join; None outside `profiling`."""
    return _active[-1] if _active else None


@contextmanager
def profiling(folder: Path) -> Iterator[Profile]:
    """Profile every session that this process opens inside the block, for as long as it lives."""
    profile = Profile(folder)
    _active.append(profile)
    try:
        yield profile
    finally:
        _active.remove(profile)


def covered_ns(intervals: Sequence[Interval], *, within: Interval) -> int:
    """How much of a span of time is covered by at least one interval.

    Args:
        intervals: in order of their begin; they may overlap.
        within: the span.

    Returns: nanoseconds; kernels that run beside each other count once.
    """
    covered, reached = 0, within[0]
    for begin, end in intervals:
        if begin >= within[1]:
            break
        low, high = max(begin, reached), min(end, within[1])
        if high > low:
            covered += high - low
            reached = high
    return covered


def _clock_of(start_ns: int) -> Callable[[], int]:
    """The clock that the runtime used: the system's on Linux, the steady one elsewhere."""
    clocks = (time.time_ns, time.monotonic_ns, time.perf_counter_ns)
    near = (clock for clock in clocks if 0 <= clock() - start_ns < _PLAUSIBLE_NS)
    return next(near, time.time_ns)
