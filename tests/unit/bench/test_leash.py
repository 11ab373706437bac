"""A server that a measurement or a test starts does not outlive it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

STARTER = """
import subprocess, sys, time
from countenance.bench.leash import on_leash
started = subprocess.Popen(on_leash([sys.executable, "-c", sys.argv[1]]), start_new_session=True)
print(started.pid, flush=True)
time.sleep(60)
"""
SLEEPER = "import time; time.sleep(60)"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_command_on_a_leash_ends_when_its_starter_is_killed() -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, SLEEPER], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    assert _is_alive(pid)
    while b"leash" in Path(f"/proc/{pid}/cmdline").read_bytes():  # until it is the command itself
        time.sleep(0.01)
    starter.kill()
    starter.wait()
    starter.stdout.close()
    for _ in range(500):
        if not _is_alive(pid):
            return
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    raise AssertionError("the command outlived its starter")


def _is_alive(pid: int) -> bool:
    try:
        return " Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]
    except FileNotFoundError:
        return False
    except ProcessLookupError:
        return False


def test_the_command_keeps_its_output_and_its_exit_status() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "countenance.bench.leash", str(os.getpid()), sys.executable, "-c",
         "print('here'); raise SystemExit(7)"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (7, "here\n")
