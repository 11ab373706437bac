"""How the C library keeps memory for a server of many threads."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_M_ARENA_MAX: Final = -8
"""Of `mallopt(3)`, glibc."""
ARENAS: Final = 2
"""Pools of memory that threads share.

By default glibc keeps up to eight for each core, and each holds on to what the largest pictures
once took: over 500 logins a server grew by 30 to 50 KiB a login, with two pools by none.
"""


def share_arenas() -> bool:
    """Let all threads share `ARENAS` pools; call it before there are threads.

    Returns: whether this C library can; others (macOS, musl) keep memory in their own way.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS))
    except (OSError, AttributeError):
        return False
