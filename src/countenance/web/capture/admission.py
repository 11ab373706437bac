"""How many captures may run at once: each holds a thread and a share of the engine."""

from __future__ import annotations

import threading


class Admission:
    """Counts the captures of this process; safe to call from several threads."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._running: set[str] = set()
        self._lock = threading.Lock()

    @property
    def is_full(self) -> bool:
        """Whether a further capture would have to wait."""
        with self._lock:
            return len(self._running) >= self._limit

    def enter(self, transaction_id: str) -> bool:
        """Take a place; False when all are taken or this transaction already has one."""
        with self._lock:
            if len(self._running) >= self._limit or transaction_id in self._running:
                return False
            self._running.add(transaction_id)
            return True

    def leave(self, transaction_id: str) -> None:
        """Give the place back; nothing happens when there was none."""
        with self._lock:
            self._running.discard(transaction_id)
