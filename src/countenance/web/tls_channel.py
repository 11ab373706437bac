"""A WebSocket over TLS whose two threads do not meet inside OpenSSL.

`simple_websocket` reads in one thread and writes in another. A plain socket bears that; a TLS
connection is one state machine, which must not be entered twice at a time (OpenSSL,
"openssl-threads"). So each step holds a lock, never waits while it holds it, and a whole message
goes out before the next one.
"""

from __future__ import annotations

import selectors
import ssl
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, TypeVar

SOCKET: Final = "gunicorn.socket"
STALL_LIMIT_S: Final = 20.0
"""How long a peer may take nothing of what is sent, or leave a record unfinished, seconds."""
T = TypeVar("T")
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class TlsChannel:
    """What `simple_websocket` needs of a socket: `send`, `recv`, `close`, `fileno`."""

    def __init__(self, connection: ssl.SSLSocket) -> None:
        self._connection = connection
        self._step = threading.Lock()
        self._message = threading.Lock()

    def send(self, data: bytes) -> int:
        """Send all of it. Raises: OSError: the connection is over or stalled."""
        with self._message:
            view = memoryview(data)
            while view:
                sent = self._do(partial(self._connection.send, view))
                view = view[sent:]
        return len(data)

    def recv(self, size: int) -> bytes:
        """At least one byte, or none at the end. Raises: OSError: it is over or stalled."""
        found = self._do(partial(self._connection.recv, size))
        # What OpenSSL has deciphered already, no selector sees.
        while found and (left := self._connection.pending()):
            found += self._do(partial(self._connection.recv, left))
        return found

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def fileno(self) -> int:
        """For selectors."""
        return self._connection.fileno()

    def _do(self, step: Callable[[], T]) -> T:
        """Do a step, waiting outside of the lock as often as it asks for it."""
        while True:
            try:
                with self._step:
                    self._connection.setblocking(False)
                    return step()
            except ssl.SSLWantReadError:
                self._wait(selectors.EVENT_READ)
            except ssl.SSLWantWriteError:
                self._wait(selectors.EVENT_WRITE)

    def _wait(self, event: int) -> None:
        with selectors.DefaultSelector() as selector:
            try:
                selector.register(self._connection, event)
            except (ValueError, KeyError) as error:
                raise ConnectionAbortedError("the connection was closed") from error
            if not selector.select(STALL_LIMIT_S):
                raise TimeoutError("the peer neither takes nor completes anything")


def with_tls_channels(application: Wsgi) -> Wsgi:
    """Let upgrades over TLS find a `TlsChannel` in the place of their socket."""

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        connection = environ.get(SOCKET)
        if environ.get("HTTP_UPGRADE") and isinstance(connection, ssl.SSLSocket):
            environ[SOCKET] = TlsChannel(connection)
        return application(environ, start_response)

    return call
