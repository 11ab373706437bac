"""How long the server takes for a page, asked through WSGI as its own server asks it.

Knows no page: it is told which to open, and as whom. Time is that of the whole call, from the
request's environment to the last byte of the answer, in this process; no network is in it.
"""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from wsgiref.types import WSGIApplication
from wsgiref.util import setup_testing_defaults

OK: Final = 200
WARM_UPS: Final = 2
"""Calls before the first that counts: templates are compiled, files are in memory."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call gave."""

    status: int
    body: bytes
    wall_ms: float
    cpu_ms: float
    """Processor time of all threads of this process."""


@dataclass(frozen=True, slots=True)
class PageTimes:
    """What a page took, for one person."""

    path: str
    person: str
    """Whose session opened it."""
    status: int
    wall_ms: tuple[float, ...]
    cpu_ms: tuple[float, ...]

    @property
    def median_ms(self) -> float:
        """Of the wall times."""
        return statistics.median(self.wall_ms)

    @property
    def p95_ms(self) -> float:
        """Of the wall times; of twenty calls the slowest but one."""
        return p95(self.wall_ms)

    @property
    def median_cpu_ms(self) -> float:
        """Processor time, which a busy machine blurs least."""
        return statistics.median(self.cpu_ms)

    def as_json(self) -> dict[str, object]:
        """For an answer in JSON."""
        return {
            "path": self.path,
            "person": self.person,
            "status": self.status,
            "median_ms": round(self.median_ms, 2),
            "p95_ms": round(self.p95_ms, 2),
            "cpu_ms": round(self.median_cpu_ms, 2),
        }


def p95(values: Sequence[float]) -> float:
    """The nearest-rank 95th percentile of at least one value."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * 95 // 100) - 1)]


def call(
    app: WSGIApplication,
    path: str,
    *,
    cookie: str = "",
    form: bytes | None = None,
    address: str = "127.0.0.1",
) -> Answer:
    """One request to the application.

    Args:
        path: with its query.
        cookie: the header.
        form: of a POST, URL-encoded; None asks with GET.
        address: where the request comes from.
    """
    environ = _environ(path, cookie=cookie, form=form)
    environ["REMOTE_ADDR"] = address
    told: list[str] = []

    def start_response(status: str, _headers: Any, _error: Any = None) -> Callable[[bytes], object]:
        told.append(status)
        return lambda _data: None

    began, began_cpu = time.perf_counter(), time.process_time()
    body = _read(app(environ, start_response))
    wall, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    return Answer(int(told[-1].split()[0]), body, wall * 1000, cpu * 1000)


def _environ(path: str, *, cookie: str, form: bytes | None) -> dict[str, Any]:
    name, _, query = path.partition("?")
    environ: dict[str, Any] = {
        "PATH_INFO": name,
        "QUERY_STRING": query,
        "REQUEST_METHOD": "GET" if form is None else "POST",
        "HTTP_COOKIE": cookie,
        "HTTP_ACCEPT": "text/html",
        "wsgi.input": io.BytesIO(form or b""),
    }
    if form is not None:
        environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
        environ["CONTENT_LENGTH"] = str(len(form))
    setup_testing_defaults(environ)
    environ["HTTP_HOST"] = "localhost"
    return environ


def _read(chunks: Iterable[bytes]) -> bytes:
    try:
        return b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()


def measure_page(
    app: WSGIApplication, path: str, *, person: str, cookie: str, repeats: int
) -> PageTimes:
    """Open one page again and again; one that is not for this person is asked for once."""
    first = call(app, path, cookie=cookie)
    if first.status != OK:
        return PageTimes(path, person, first.status, (first.wall_ms,), (first.cpu_ms,))
    for _ in range(WARM_UPS - 1):
        call(app, path, cookie=cookie)
    answers = [call(app, path, cookie=cookie) for _ in range(repeats)]
    return PageTimes(
        path=path,
        person=person,
        status=answers[-1].status,
        wall_ms=tuple(answer.wall_ms for answer in answers),
        cpu_ms=tuple(answer.cpu_ms for answer in answers),
    )
