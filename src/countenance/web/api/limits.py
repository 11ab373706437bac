"""How many requests one key may make in a window of time, counted in the memory of this worker."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from typing import Final

WINDOW_S: Final = 60.0
MAX_KEYS: Final = 20_000
"""Beyond it, the counts of the windows that ended are dropped, then the oldest ones."""


@dataclass(slots=True)
class Windows:
    """Counts by key in fixed windows of `WINDOW_S`; safe to use from several threads."""

    _began: dict[str, tuple[float, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, key: str, *, limit: int, now_s: float) -> int:
        """Count one.

        Returns: 0 when it is within the limit, else the seconds until the window ends; what is
            over the limit does not lengthen it.
        """
        with self._lock:
            began_s, count = self._current(key, now_s)
            if count >= limit:
                return _left_s(began_s, now_s)
            if key not in self._began and len(self._began) >= MAX_KEYS:
                self._make_room(now_s)
            self._began[key] = (began_s, count + 1)
            return 0

    def look(self, key: str, *, limit: int, now_s: float) -> int:
        """What `take` would return; counts nothing."""
        with self._lock:
            began_s, count = self._current(key, now_s)
            return _left_s(began_s, now_s) if count >= limit else 0

    def _current(self, key: str, now_s: float) -> tuple[float, int]:
        began_s, count = self._began.get(key, (now_s, 0))
        return (began_s, count) if now_s - began_s < WINDOW_S else (now_s, 0)

    def _make_room(self, now_s: float) -> None:
        for key in [k for k, (began_s, _) in self._began.items() if now_s - began_s >= WINDOW_S]:
            del self._began[key]
        while len(self._began) >= MAX_KEYS:
            del self._began[next(iter(self._began))]


def _left_s(began_s: float, now_s: float) -> int:
    return max(1, math.ceil(WINDOW_S - (now_s - began_s)))
