"""Time as a value that is passed in, so that nothing below the edges reads it by itself."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Two kinds of time, because only one of them may jump."""

    def now(self) -> datetime:
        """The calendar time, UTC and aware; may jump when the machine's clock is set."""

    def monotonic_s(self) -> float:
        """Seconds from an arbitrary start; never goes back. For durations and deadlines."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that moves only when told, for tests and simulations."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._monotonic_s = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Let time pass; `seconds` is not negative."""
        self._now += timedelta(seconds=seconds)
        self._monotonic_s += seconds
