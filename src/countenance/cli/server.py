"""The web server in this process: gunicorn with threads, one worker.

The worker opens database and engine itself, after the fork: the thread pools of OpenCV and
ONNX Runtime and the connections of SQLite do not survive one, so the master loads neither.
One worker, because captures and admission are counted in its memory.
"""

from __future__ import annotations

import errno
import http.client
import logging
import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from countenance.cli.tls import Contexts
from countenance.errors import ConfigurationError, CountenanceError

if TYPE_CHECKING:
    from flask import Flask

    from countenance.bootstrap import Container
    from countenance.cli.tls import Tls
    from countenance.settings import ServerSettings, Settings

BOOT_LIMIT_S: Final = 180
"""Longest time without a sign of life; the first start prepares models meanwhile."""
GRACEFUL_LIMIT_S: Final = 5
"""How long a stop waits for open captures."""
HOUSEKEEPING_EVERY_S: Final = 3600
FOLLOW_EVERY_S: Final = 60
"""How soon faces that another process erased leave the memory of an idle server."""
WORKER_BOOT_FAILED: Final = 3
"""gunicorn's own exit status for a worker that could not start."""

Ready = Callable[["Container"], None]


def check_threads(settings: Settings) -> None:
    """Keep threads for pages beside those that captures may hold.

    Raises: ConfigurationError: captures alone could hold every thread.
    """
    threads, captures = settings.server.threads, settings.capture.max_concurrent
    if captures >= threads:
        raise ConfigurationError(
            f"{captures} captures may hold all {threads} threads, and no page would be served.",
            remedy=f"Set COUNTENANCE_THREADS to {captures + captures // 2 + 1} or more, "
            "or COUNTENANCE_CAPTURES to fewer.",
        )


def listen(server: ServerSettings) -> socket.socket:
    """Bind the address before anything else is started, so that a taken port costs nothing.

    Returns: a bound socket that is not listening yet.
    Raises: ConfigurationError: the port is taken or forbidden, or the address is not ours.
    """
    try:
        found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
        return _bound(found[0])
    except (OSError, OverflowError) as error:
        raise _no_address(server, error) from error


def _bound(address: tuple[Any, ...]) -> socket.socket:
    """A socket bound to one answer of `getaddrinfo`."""
    family, kind, protocol, _, place = address
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(place)
    except OSError:
        bound.close()
        raise
    return bound


def _no_address(server: ServerSettings, error: Exception) -> ConfigurationError:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return ConfigurationError(
            f"Port {server.port} on {server.host} is taken by another program.",
            remedy=f"Stop that program, or choose another port: countenance run --port "
            f"{_next_port(server.port)} (or COUNTENANCE_PORT).",
        )
    if number == errno.EACCES:
        return ConfigurationError(
            f"Port {server.port} may not be opened by this user.",
            remedy="Choose a port above 1023 with --port, and put a reverse proxy before it.",
        )
    return ConfigurationError(
        f"Cannot listen on {server.host} port {server.port}: {error}.",
        remedy="Give --host an address of this machine (127.0.0.1, or 0.0.0.0 for all) and "
        "--port a number from 1 to 65535.",
    )


def _next_port(port: int) -> int:
    return port + 1 if port < 65535 else 8000


class QuietLogger(Logger):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's own messages through the process's logs."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers = []
        self.error_log.propagate = True
        self.error_log.setLevel(logging.WARNING)
        self.error_log.addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """False for what only repeats that a worker could not start; it has said why itself."""
    text = record.getMessage()
    told = (f"exited with code {WORKER_BOOT_FAILED}", "Shutting down:", "Worker failed to boot")
    return not any(part in text for part in told)


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn is untyped
    """One gunicorn master with one worker that serves the product."""

    def __init__(
        self,
        settings: Settings,
        *,
        bound: socket.socket,
        on_ready: Ready,
        tls: Tls | None = None,
    ) -> None:
        self._settings = settings
        self._tls = tls
        self._bound = bound
        self._on_ready = on_ready
        self._container: Container | None = None
        super().__init__()

    def load_config(self) -> None:
        memory = Path("/dev/shm")  # noqa: S108 # nosec B108 # gunicorn's heartbeat file, made with mkstemp
        options: dict[str, object] = {
            "bind": f"fd://{self._bound.fileno()}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": self._settings.server.threads,
            "worker_tmp_dir": str(memory) if os.access(memory, os.W_OK) else None,
            "timeout": BOOT_LIMIT_S,
            "graceful_timeout": GRACEFUL_LIMIT_S,
            "preload_app": False,
            "control_socket_disable": True,
            "proc_name": "countenance",
            "logger_class": QuietLogger,
            "post_worker_init": self._announce,
        }
        if self._tls is not None:
            options["certfile"] = str(self._tls.certificate)
            options["ssl_context"] = Contexts(self._tls)
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Open database and engine; runs in the worker."""
        from countenance.bootstrap import build
        from countenance.web.app import create_app

        container = build(self._settings)
        try:
            # Before the first request, so that a wrong key or model stops the start, no login.
            _ = container.identity, container.engine
            self._container = container
            return create_app(container)
        except CountenanceError as error:
            from countenance.cli.context import Session
            from countenance.cli.main import show_error

            show_error(error, session=Session())
            sys.exit(WORKER_BOOT_FAILED)

    def _announce(self, worker: Any) -> None:
        threading.Thread(target=self._keep_house, daemon=True).start()
        threading.Thread(target=self._follow_erasures, daemon=True).start()
        if worker.age == 1:  # a later one takes its place silently
            threading.Thread(target=self._when_ready, daemon=True).start()

    def _keep_house(self) -> None:
        """Drop expired sessions, transactions and codes now and then; only saves space."""
        while self._container is not None:
            try:
                identity = self._container.identity
                identity.purge_expired()
                identity.pruning.prune_daily(keep_days=self._settings.privacy.attempts_days)
                if self._tls is not None:
                    self._tls.renew()
            except CountenanceError as error:
                logging.getLogger(__name__).warning("housekeeping failed: %s", error.message)
            time.sleep(HOUSEKEEPING_EVERY_S)

    def _follow_erasures(self) -> None:
        """Let the faces held for 1:N follow the database; it has them wiped when it is away."""
        while self._container is not None:
            self._container.identity.faces.follow()
            time.sleep(FOLLOW_EVERY_S)

    def _when_ready(self) -> None:
        if self._container is not None and answers(self._settings.server, limit_s=30.0):
            self._on_ready(self._container)


def answers(server: ServerSettings, *, limit_s: float) -> bool:
    """Whether the server gives an HTTP answer within the limit."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        connection = _connection(server)
        try:
            connection.request("GET", "/login", headers={"Connection": "close"})
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        finally:
            connection.close()
    return False


def _connection(server: ServerSettings) -> http.client.HTTPConnection:
    """To the server itself; who it is does not matter, for nothing is told to it."""
    host = local_host(server.host)
    if not server.is_secure:
        return http.client.HTTPConnection(host, server.port, timeout=5)
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, server.port, timeout=5, context=anybody)


def local_host(host: str) -> str:
    """The address under which this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 # nosec B104 # compared with, not bound to
