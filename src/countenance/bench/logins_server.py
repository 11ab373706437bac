"""The server under test: our own command on a home of its own, watched through /proc."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess  # nosec B404 # only commands of our own are started
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from countenance.bench.leash import on_leash
from countenance.bench.logins_errors import BenchServerError

READY_LIMIT_S: Final = 180.0
STOP_LIMIT_S: Final = 20.0
_OWN: Final = ("HOME", "PORT", "HOST", "DATABASE_URL", "MASTER_KEY", "TRUSTED_PROXIES", "ORIGINS")
"""Settings that the bench gives; what else is set for the engine and captures stays."""
_GIVEN: Final = {
    "COUNTENANCE_TRUSTED_PROXIES": "1",
    # A recording cannot answer what it is asked.
    "COUNTENANCE_LOGIN_POLICY": "passive",
    # The same recordings are sent again and again.
    "COUNTENANCE_REPLAY": "observe",
}


@dataclass(frozen=True, slots=True)
class Load:
    """What the server uses at one moment."""

    rss_bytes: int
    cpu_s: float
    """Since it began."""
    threads: int


class MeasuredServer:
    """`countenance run`; as a context manager it is stopped whatever happens."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.port = _free_port()
        self._log = home.with_name(f"{home.name}.log")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "countenance.cli.main", "--home", str(self._home)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 # nosec B603 # our own command
                on_leash([*command, "run", "--port", str(self.port)]),
                env=environment() | _GIVEN,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def log(self) -> str:
        """What the server said so far."""
        return self._log.read_text(errors="replace")

    def load(self) -> Load | None:
        """What the working process uses now; None where there is no /proc.

        Raises: BenchServerError: it is gone.
        """
        if self._process is None or self._process.poll() is not None:
            raise BenchServerError("The server under test went away.", remedy=self._last_words())
        return _load_of(_worker(self._process.pid)) if Path("/proc/self/stat").exists() else None

    def _wait(self) -> None:
        until_s = time.monotonic() + READY_LIMIT_S
        while time.monotonic() < until_s and self._process and self._process.poll() is None:
            if _answers(self.port):
                return
            time.sleep(0.1)
        raise BenchServerError("The server under test did not start.", remedy=self._last_words())

    def _last_words(self) -> str:
        return f"It said: {self.log()[-1500:].strip() or 'nothing'}"


def environment() -> dict[str, str]:
    """This environment without the settings of another home."""
    own = {f"COUNTENANCE_{name}" for name in _OWN} | {f"COUNTENANCE_{name}_FILE" for name in _OWN}
    return {name: value for name, value in os.environ.items() if name not in own}


def _worker(master: int) -> int:
    """The one worker of gunicorn, which does the work."""
    try:
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    except OSError:
        children = []
    return int(children[0]) if children else master


def _load_of(pid: int) -> Load | None:
    try:
        # The name in brackets may hold blanks; what follows it does not.
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    ticks = int(stat[11]) + int(stat[12])
    return Load(
        rss_bytes=int(stat[21]) * os.sysconf("SC_PAGE_SIZE"),
        cpu_s=ticks / os.sysconf("SC_CLK_TCK"),
        threads=int(stat[17]),
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/login")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
