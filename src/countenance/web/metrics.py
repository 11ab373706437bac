"""What a watcher may count: logins, times, places, refusals. Names nobody, keeps labels few.

Every label takes its values from a list in the code. Whatever is on none of them counts as
`other`, so that no stranger can make the server keep a series for what they send.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import Final

from flask import Flask, Response, g, request
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily

from countenance.ceremony.verdict import Reason
from countenance.events import Tag
from countenance.identity.errors import IdentityError
from countenance.identity.interfaces import Sessions
from countenance.web.capture.admission import Admission

VERDICTS: Final[Mapping[str, str]] = {
    Tag.LOGIN_GRANTED: "granted",
    Tag.LOGIN_REFUSED: "refused",
    Tag.PASSWORD_REFUSED: "refused",
    Tag.LOGIN_CODE_REFUSED: "refused",
    Tag.FACTOR_REFUSED: "refused",
}
_FALLBACK: Final[Mapping[str, str]] = {
    Tag.LOGIN_GRANTED: "none",
    Tag.PASSWORD_REFUSED: "password",
    Tag.LOGIN_CODE_REFUSED: "code",
    Tag.FACTOR_REFUSED: "factor",
}
VERIFICATIONS: Final[Mapping[str, str]] = {
    Tag.VERIFICATION_GRANTED: "granted",
    Tag.VERIFICATION_REFUSED: "refused",
}
_REASONS: Final = frozenset(reason.value for reason in Reason)
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
STAGE_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.3)
WAIT_BUCKETS_S: Final = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
REQUEST_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10)


# A second series for each counter would say only when it began.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the package leaves it untyped


class Metrics:
    """The counts of this process, in a registry of their own; safe to use from many threads."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._logins = self._counter(
            "countenance_logins", "Steps of logins that ended.", "verdict", "reason"
        )
        self._verifications = self._counter(
            "countenance_verifications", "Captures for other apps that ended.", "verdict", "reason"
        )
        self._events = self._counter("countenance_audit_rows", "Audit rows written.", "tag")
        self._throttled = self._counter(
            "countenance_throttled", "Tries that were not let in.", "factor", "outcome"
        )
        self._turned_away = self._counter(
            "countenance_captures_turned_away", "Captures for which there was no place."
        )
        self._requests = self._counter(
            "countenance_http_requests", "Requests answered.", "route", "method", "status"
        )
        self._request_s = self._histogram(
            "countenance_http_request_seconds", "Time to answer.", REQUEST_BUCKETS_S
        )
        self._stage_s = self._histogram(
            "countenance_frame_stage_seconds", "Time of a frame.", STAGE_BUCKETS_S, "stage"
        )
        self._wait_s = self._histogram(
            "countenance_turn_wait_seconds", "Wait of a frame for the engine.", WAIT_BUCKETS_S
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(name, text, labels, registry=self.registry, buckets=buckets)

    def on_row(self, tag: str, details: Mapping[str, str]) -> None:
        """Count a row that was written into the audit trail."""
        known = tag if tag in set(Tag) else "other"
        self._events.labels(known).inc()
        if tag in VERDICTS:
            given = details.get("reason", "")
            reason = given if given in _REASONS else _FALLBACK.get(tag, "other")
            self._logins.labels(VERDICTS[tag], reason).inc()
        if tag in VERIFICATIONS:
            given = details.get("reason", "none")
            reason = given if given in {*_REASONS, "none"} else "other"
            self._verifications.labels(VERIFICATIONS[tag], reason).inc()

    def throttled(self, factor: str, *, is_shut: bool) -> None:
        """Count a try that was not let in; `factor` is `identity.throttling.Tried`."""
        self._throttled.labels(factor, "shut" if is_shut else "paused").inc()

    def turned_away(self) -> None:
        """Count a capture for which there was no place."""
        self._turned_away.inc()

    def waited(self, seconds: float) -> None:
        """Note how long a frame waited for its turn at the engine."""
        self._wait_s.observe(seconds)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage of a frame: decode, detect, pad or embed."""
        began = perf_counter()
        try:
            yield
        finally:
            self._stage_s.labels(name).observe(perf_counter() - began)

    def watch_requests(self, app: Flask) -> None:
        """Count and time each request by the rule of its route, never by its address."""

        def begin() -> None:
            g.began_s = perf_counter()

        def end(response: Response) -> Response:
            route = request.url_rule.rule if request.url_rule else "none"
            method = request.method if request.method in METHODS else "other"
            self._requests.labels(route, method, str(response.status_code)).inc()
            if "began_s" in g:
                self._request_s.observe(perf_counter() - g.began_s)
            return response

        app.before_request(begin)
        app.after_request(end)

    def watch_places(self, admission: Admission, *, limit: int) -> None:
        """Tell at each scrape how many captures run, of how many."""
        self.registry.register(_Gauges(lambda: _places(admission, limit)))

    def watch_sessions(self, sessions: Sessions) -> None:
        """Tell at each scrape how many logins are good; nothing while the database is away."""
        self.registry.register(_Gauges(lambda: _sessions(sessions)))

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)


class _Gauges:
    """Values that are asked for at each scrape."""

    def __init__(self, ask: object) -> None:
        self._ask = ask

    def describe(self) -> list[GaugeMetricFamily]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._ask()  # type: ignore[operator]  # a function without arguments


def _places(admission: Admission, limit: int) -> Iterator[GaugeMetricFamily]:
    yield GaugeMetricFamily("countenance_captures_open", "Captures that run.", admission.running)
    yield GaugeMetricFamily("countenance_captures_limit", "Captures that may run.", limit)


def _sessions(sessions: Sessions) -> Iterator[GaugeMetricFamily]:
    try:
        count = sessions.count()
    except IdentityError:
        return
    yield GaugeMetricFamily("countenance_sessions", "Logins that are good.", count)
