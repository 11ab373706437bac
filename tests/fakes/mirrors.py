"""A web server that keeps model files, and misbehaves as a test asks."""

from __future__ import annotations

import contextlib
import http.server
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Mirror:
    """What it keeps, how it answers, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    """One for each request; the last one stays. Empty answers as a good server does."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """Headers of each request, lower case, with its path as `path`."""
    url: str = ""
    closing: threading.Event = field(default_factory=threading.Event)
    """Set when the test is over; what hangs ends then."""

    def next_answer(self) -> Answer:
        if not self.answers:
            return whole
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Handler(http.server.BaseHTTPRequestHandler):
    """One request."""

    mirror: Mirror

    def do_GET(self) -> None:
        self.mirror.asked.append(
            {"path": self.path} | {k.lower(): v for k, v in self.headers.items()}
        )
        content = self.mirror.files.get(self.path.lstrip("/"))
        # A client that hangs up in the middle is what some tests want.
        with contextlib.suppress(ConnectionError):
            self.mirror.next_answer()(self, content)

    def begin(self, code: int, **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base has it
        """Nothing on standard error."""


Answer = Callable[[Handler, bytes | None], None]


def whole(to: Handler, content: bytes | None) -> None:
    """As a good server: the file, or the part that is asked for, or 404."""
    if content is None:
        to.begin(404)
        return
    first = _first_byte(to)
    if first is None:
        to.begin(200, Content_Length=str(len(content)), ETag='"v1"')
    else:
        place = f"bytes {first}-{len(content) - 1}/{len(content)}"
        length = str(len(content) - first)
        to.begin(206, Content_Range=place, Content_Length=length, ETag='"v1"')
    to.wfile.write(content[first or 0 :])


def _first_byte(to: Handler) -> int | None:
    found = re.match(r"bytes=(\d+)-", to.headers.get("Range", ""))
    return int(found[1]) if found else None


def without_ranges(to: Handler, content: bytes | None) -> None:
    """The whole file, whatever part is asked for."""
    assert content is not None
    to.begin(200, Content_Length=str(len(content)))
    to.wfile.write(content)


def cut_after(count: int) -> Answer:
    """Announces all, sends so many bytes, hangs up."""

    def answer(to: Handler, content: bytes | None) -> None:
        assert content is not None
        first = _first_byte(to) or 0
        place = f"bytes {first}-{len(content) - 1}/{len(content)}"
        length = str(len(content) - first)
        code = 206 if first else 200
        to.begin(code, Content_Range=place, Content_Length=length, ETag='"v1"')
        to.wfile.write(content[first : first + count])

    return answer


def cut_chunk(to: Handler, content: bytes | None) -> None:
    """Hangs up within a chunk (RFC 9112, section 7.1)."""
    assert content is not None
    to.protocol_version = "HTTP/1.1"
    to.begin(200, Transfer_Encoding="chunked")
    to.wfile.write(b"%x\r\n" % len(content) + content[: len(content) // 2])
    to.close_connection = True


def at_the_wrong_place(to: Handler, content: bytes | None) -> None:
    """Answers a request for a part with another part."""
    assert content is not None
    to.begin(206, Content_Range=f"bytes 0-9/{len(content)}", Content_Length="10")
    to.wfile.write(content[:10])


def status(code: int) -> Answer:
    return lambda to, _content: to.begin(code)


def redirect(place: str) -> Answer:
    return lambda to, _content: to.begin(302, Location=place)


def endless(to: Handler, _content: bytes | None) -> None:
    """Sends until the other side hangs up."""
    to.begin(200)
    while not to.mirror.closing.is_set():
        to.wfile.write(bytes(1 << 16))


def hang_after(count: int) -> Answer:
    """Sends so many bytes, then nothing more."""

    def answer(to: Handler, content: bytes | None) -> None:
        assert content is not None
        to.begin(200, Content_Length=str(len(content)))
        to.wfile.write(content[:count])
        to.wfile.flush()
        to.mirror.closing.wait(60)

    return answer


def hang(to: Handler, _content: bytes | None) -> None:
    """Never answers."""
    to.mirror.closing.wait(60)


def no_http(to: Handler, _content: bytes | None) -> None:
    """Speaks another protocol."""
    to.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")


@contextlib.contextmanager
def serve(*, certificate: Path | None = None) -> Iterator[Mirror]:
    """A mirror on this machine for as long as the block lasts; https with key and certificate."""
    mirror = Mirror()
    handler = type("BoundHandler", (Handler,), {"mirror": mirror})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = False  # so that closing waits for the last answer
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    scheme = "https" if certificate else "http"
    mirror.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    try:
        yield mirror
    finally:
        mirror.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
