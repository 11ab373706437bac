"""What is fuzzed, and what has to hold for every input."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/self/status")
Probe = Callable[[bytes], bool]
"""Feeds one input in, catches the errors that are documented and asserts the rest; whether it was
accepted."""


class TooSlowError(AssertionError):
    """An input took more processor time than any may."""


class TooLargeError(AssertionError):
    """An input made the process larger than any may."""


@dataclass(frozen=True, slots=True)
class Target:
    """One reader of bytes."""

    name: str
    modules: tuple[str, ...]
    """Whose branches guide the search; not imported before it."""
    load: Callable[[], Probe]
    """Imports them and makes the probe."""
    seeds: Callable[[], Iterable[bytes]]
    """Valid inputs, and what is known to be near an edge."""
    max_bytes: int
    limit_ms: float
    """Processor time of one input, at most."""
    memory_mb: int
    """How far the process may grow over all inputs."""
    is_json: bool = False
    """Whether inputs are JSON, which is then kept whole by most mutations."""


def watched(target: Target, probe: Probe) -> Callable[[bytes], None]:
    """The probe with limits of time and memory.

    The time is that of this thread on the processor, so a busy machine changes nothing. The memory
    is the highest that the process ever had, so that what was freed again counts too.
    """
    before_mb = _peak_mb()

    def run(data: bytes) -> None:
        began_s = time.thread_time()
        probe(data)
        took_ms = 1000 * (time.thread_time() - began_s)
        if took_ms > target.limit_ms:
            raise TooSlowError(f"{took_ms:.0f} ms for {len(data)} bytes")
        if (grown_mb := _peak_mb() - before_mb) > target.memory_mb:
            raise TooLargeError(f"grew by {grown_mb:.0f} MB at {len(data)} bytes")

    return run


def _peak_mb() -> float:
    """The most that this process ever held.

    Linux hands what `getrusage` says of a parent down to a program that it starts, so it is asked
    for the program's own.
    """
    if _STATUS.exists():
        content = _STATUS.read_bytes()
        at = content.index(b"VmHWM:") + len(b"VmHWM:")
        return int(content[at : content.index(b"kB", at)]) / (1 << 10)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
