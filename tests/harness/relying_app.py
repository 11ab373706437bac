"""The worked example of `examples/embed` as a process: a relying app at an origin of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from countenance.bench.leash import on_leash
from tests.harness.server import answers, clean_environment, free_port

PROGRAM = Path(__file__).parents[2] / "examples" / "embed" / "app.py"


@contextmanager
def example_shop(door_url: str, token: str, *, log: Path) -> Iterator[str]:
    """Run the shop of the example; yields its origin, on another site than `localhost` is.

    Args:
        token: of the door's API, with the scope `verify`.
        log: what the process writes.
    """
    origin = f"http://127.0.0.1:{free_port()}"
    settings = {"DOOR": door_url, "DOOR_TOKEN": token, "SHOP": origin}
    with log.open("ab") as written:
        process = subprocess.Popen(
            on_leash([sys.executable, str(PROGRAM)]), env=clean_environment() | settings,
            stdin=subprocess.DEVNULL, stdout=written, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            _wait(process, origin, log)
            yield origin
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait(process: subprocess.Popen[bytes], origin: str, log: Path) -> None:
    give_up_at = time.monotonic() + 60
    while not answers(origin):
        if process.poll() is not None or time.monotonic() > give_up_at:
            raise AssertionError(f"the example does not answer:\n{log.read_text()}")
        time.sleep(0.1)
