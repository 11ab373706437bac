"""The product as a process: started, asked, killed, started again."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from countenance.bench.leash import on_leash

READY_LIMIT_S = 180.0
"""A first start prepares models and keys; two cores may be busy."""
LINK_LIMIT_S = 20.0
"""The link is printed a moment after the first answer."""


class ServerDidNotStartError(AssertionError):
    """The process ended or did not answer in time; the message holds its log."""


@dataclass(slots=True)
class Server:
    """`countenance run` on a home of its own."""

    home: Path
    port: int
    env: dict[str, str] = field(default_factory=dict)
    """Added to the environment, which is otherwise free of COUNTENANCE_ settings."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where a browser finds it, without a slash at the end."""
        scheme = "https" if self.env.get("COUNTENANCE_TLS") else "http"
        return f"{scheme}://localhost:{self.port}"

    @property
    def log_path(self) -> Path:
        """Everything the process wrote, of all starts."""
        return self.home.parent / f"{self.home.name}.log"

    @property
    def setup_url(self) -> str:
        """The link of the latest start that makes the first administrator.

        Raises: LookupError: the start printed none, because there is an administrator.
        """
        give_up_at = time.monotonic() + LINK_LIMIT_S
        while not (links := re.findall(r"https?://\S+/setup\?code=\S+(?=\s)", self.log())):
            if time.monotonic() > give_up_at:
                raise LookupError(f"no setup link in the log:\n{self.log()[-2000:]}")
            time.sleep(0.1)
        return str(links[-1])

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def start(self) -> Server:
        """Start the process and wait until it answers.

        Raises: ServerDidNotStartError: it ended, or gave no answer in time.
        """
        with self.log_path.open("ab") as log:
            # Its own process group, so that a kill reaches the web server's workers too; on a
            # leash, so that it does not outlive tests that are killed.
            self.process = subprocess.Popen(
                on_leash(command("--home", str(self.home), "run", "--port", str(self.port))),
                env=clean_environment() | self.env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._wait_until_it_answers()
        return self

    def stop(self) -> int | None:
        """End it as a service manager does (SIGTERM); its exit status, None when not running."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does: no handler runs."""
        self._end(signal.SIGKILL)

    def restart(self) -> Server:
        """Kill it without warning and start it on the same home and port."""
        self.kill()
        return self.start()

    def _end(self, how: signal.Signals) -> int | None:
        process, self.process = self.process, None
        if process is None:
            return None
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            return process.wait()
        try:
            return process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait()

    def _wait_until_it_answers(self) -> None:
        assert self.process is not None
        give_up_at = time.monotonic() + READY_LIMIT_S
        while time.monotonic() < give_up_at:
            if self.process.poll() is not None:
                raise ServerDidNotStartError(
                    f"countenance run ended with {self.process.returncode}:\n{self.log()[-4000:]}"
                )
            if answers(self.url):
                return
            time.sleep(0.1)
        self.kill()
        raise ServerDidNotStartError(f"no answer from {self.url}:\n{self.log()[-4000:]}")


def command(*arguments: str) -> list[str]:
    """The command line that starts our own program in the environment of the tests."""
    return [str(Path(sys.executable).with_name("countenance")), *arguments]


def interruptible_command(*arguments: str) -> list[str]:
    """The same program, which Ctrl-C (SIGINT) ends however the tests themselves were started.

    A process that is started in the background of a shell without job control inherits that the
    signal is ignored, and so do its children.
    """
    start = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from countenance.cli.main import main; main(sys.argv[1:])"
    )
    return [sys.executable, "-c", start, *arguments]


def clean_environment() -> dict[str, str]:
    """This environment without settings of the product, so that a developer's do not leak in."""
    return {k: v for k, v in os.environ.items() if not k.startswith("COUNTENANCE_")}


def run_command(
    *arguments: str, env: Mapping[str, str] | None = None, timeout_s: float = 600
) -> subprocess.CompletedProcess[str]:
    """Run one of our own commands to its end; the output is text."""
    return subprocess.run(
        command(*arguments), env=clean_environment() | dict(env or {}), timeout=timeout_s,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


def free_port() -> int:
    """A TCP port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """Whether something speaks HTTP there, whatever it says."""
    parts = urlsplit(url)
    # A request that arrives while the server starts waits in its queue and is answered then.
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=10)
    if parts.scheme == "https":
        anybody = ssl._create_unverified_context()  # noqa: S323 - only whether it answers
        connection = http.client.HTTPSConnection(
            "127.0.0.1", parts.port or 443, timeout=10, context=anybody
        )
    try:
        connection.request("GET", f"{parts.path or '/'}?{parts.query}")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
