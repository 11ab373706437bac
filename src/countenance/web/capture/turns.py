"""Whose frame the engine looks at next, and a clock that stands still for those who wait.

Twenty captures on two cores would otherwise all run at once: each slower than its share, the
processor's caches shared by twenty, and who is lucky decides who is refused as too slow.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from countenance.clock import Clock

MAX_STANDSTILL_S: Final = 30.0
"""How long waiting may stretch one capture in all; a capture ends whatever the load. With the
longest time limit it stays below what a redeemed ticket is good for."""


class Turns:
    """Lets so many frames at a time into the engine, in the order in which they asked.

    A capture has one frame in the queue at most, so the order is also a round: nobody gets a
    second turn before everybody who waits has had one.
    """

    def __init__(self, *, places: int) -> None:
        """Args: places: frames at a time, at least 1."""
        self._places = self._free = places
        self._waiting: deque[threading.Lock] = deque()
        self._lock = threading.Lock()

    @property
    def is_crowded(self) -> bool:
        """Whether enough frames wait to keep the engine busy without a further one."""
        with self._lock:
            return len(self._waiting) >= self._places

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a place and hold it."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        mine.acquire()  # until whoever leaves hands the place over

    def _leave(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1


def places_for(engine_threads: int) -> int:
    """How many frames this machine looks at best at a time.

    Args: engine_threads: of one inference; 0 stands for all cores.
    """
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return max(1, cores // engine_threads) if engine_threads else 1


class CaptureClock:
    """The time of one capture: it stands still while a frame of it waits for its turn.

    A person is not refused as too slow for what the server took. An attacker gains nothing: while
    it stands still no frame is judged, and after `MAX_STANDSTILL_S` it stands still no more.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stood_s = 0.0

    def now_s(self) -> float:
        """Seconds on a clock that never goes back."""
        return self._clock.monotonic_s() - self._stood_s

    @contextmanager
    def standing_still(self, turns: Turns) -> Iterator[None]:
        """Wait for a turn and hold it; the wait does not count."""
        asked_at_s = self._clock.monotonic_s()
        with turns.turn():
            waited_s = self._clock.monotonic_s() - asked_at_s
            self._stood_s = min(MAX_STANDSTILL_S, self._stood_s + waited_s)
            yield
