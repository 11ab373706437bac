import subprocess
import sys

import pytest

from countenance.cli.memory import share_arenas

PROGRAM = """
import threading
from countenance.cli.memory import ARENAS, share_arenas
shared = share_arenas()
hold, taken = threading.Event(), threading.Barrier(9)

def take():
    kept = [bytearray(1000) for _ in range(1000)]
    taken.wait()
    hold.wait()

threads = [threading.Thread(target=take) for _ in range(8)]
for thread in threads:
    thread.start()
taken.wait()
import ctypes
ctypes.CDLL(None).malloc_stats()
hold.set()
print(shared, ARENAS)
"""


def test_threads_share_as_few_pools_as_the_server_allows_them() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    if done.stdout.strip() != "True 2":
        pytest.skip("this C library does not keep memory in arenas")
    assert 1 <= done.stderr.count("Arena ") <= 2


def test_a_library_without_arenas_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert share_arenas() is False
