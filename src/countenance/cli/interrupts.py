"""Ctrl-C at points where it can do no harm.

JAX does not survive an interrupt inside its compiled code: the process ends, says so, and crashes
on the way out. Work that runs there asks to be told between its steps instead.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_held() -> Iterator[Callable[[], None]]:
    """Keep the first Ctrl-C until somebody asks for it; a second one comes at once.

    Yields: what to call between two steps; it raises KeyboardInterrupt when Ctrl-C was pressed.
        In another thread than the main one nothing is held, for signals do not come there.
    """
    pressed = threading.Event()

    def check() -> None:
        if pressed.is_set():
            raise KeyboardInterrupt

    def hold(_number: int, _frame: FrameType | None) -> None:
        check()
        pressed.set()

    if threading.current_thread() is not threading.main_thread():
        yield check
        return
    before = signal.signal(signal.SIGINT, hold)
    try:
        yield check
        check()
    finally:
        signal.signal(signal.SIGINT, before)
