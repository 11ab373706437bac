"""Memory for templates in clear: never on a disk, gone when it is freed.

An anonymous mapping of its own, not the heap: the kernel takes it back as soon as nobody uses it
and clears it before anybody else gets it. It stays out of core dumps, and out of swap as far as
the system's limit of locked memory (RLIMIT_MEMLOCK) reaches.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
from functools import cache

import numpy as np

from countenance.biometrics.nearest import Rows

_ADVICE = ("MADV_DONTDUMP", "MADV_HUGEPAGE")
"""Of Linux; each is left out where the system does not know it."""


def private_rows(rows: int, dimension: int) -> Rows:
    """Room for (rows, dimension) float32, all zero.

    Raises: MemoryError: there is none.
    """
    try:
        memory = mmap.mmap(-1, max(1, 4 * rows * dimension))
    except OSError as error:
        raise MemoryError(f"no room for {rows} templates") from error
    for name in _ADVICE:
        if hasattr(mmap, name):
            with contextlib.suppress(OSError):
                memory.madvise(getattr(mmap, name))
    room = np.frombuffer(memory, np.float32, count=rows * dimension).reshape(rows, dimension)
    _lock(room)
    return room


def _lock(room: Rows) -> bool:
    """Keep pages out of swap; False when the limit of the system is reached."""
    lock = _mlock()
    return lock is not None and lock(room.ctypes.data, room.nbytes) == 0


@cache
def _mlock() -> ctypes._NamedFuncPointer | None:
    try:
        found = ctypes.CDLL(None).mlock
    except (OSError, TypeError, AttributeError):  # Windows has another way, and no such library
        return None
    found.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    return found
