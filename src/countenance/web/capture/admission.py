"""How many captures may run at once: each holds a thread and a share of the engine."""

from __future__ import annotations

import threading


class Admission:
    """Counts the captures of this process; safe to call from several threads."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._running: set[str] = set()
        self._changed = threading.Condition()

    @property
    def running(self) -> int:
        """How many captures there are."""
        with self._changed:
            return len(self._running)

    @property
    def is_full(self) -> bool:
        """Whether a further capture would have to wait."""
        with self._changed:
            return len(self._running) >= self._limit

    def enter(self, transaction_id: str, *, patience_s: float = 0.0) -> bool:
        """Take a place; False when all are taken or this transaction already has one.

        Args:
            transaction_id: whose capture begins.
            patience_s: how long to wait for an earlier capture of the same transaction to end,
                as after a reload of the page; seconds.
        """
        with self._changed:
            self._changed.wait_for(lambda: transaction_id not in self._running, patience_s)
            if len(self._running) >= self._limit or transaction_id in self._running:
                return False
            self._running.add(transaction_id)
            return True

    def leave(self, transaction_id: str) -> None:
        """Give the place back; nothing happens when there was none."""
        with self._changed:
            self._running.discard(transaction_id)
            self._changed.notify_all()
