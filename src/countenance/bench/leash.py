"""Run a command that ends when its starter does, even one that is killed.

    python -m countenance.bench.leash PARENT_PID COMMAND ...

Linux alone can promise it; elsewhere the command runs all the same.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def on_leash(command: Sequence[str]) -> list[str]:
    """The command line that ends `command` together with this process."""
    return [sys.executable, "-m", "countenance.bench.leash", str(os.getpid()), *command]


def main() -> None:
    """Ask the kernel for the signal, then become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the kernel was asked
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 # nosec B606 # the command that was given


if __name__ == "__main__":
    main()
