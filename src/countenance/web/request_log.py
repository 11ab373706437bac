"""One id for each request, in its answer and in whatever is logged meanwhile."""

from __future__ import annotations

import logging
import re
import secrets
from time import perf_counter
from typing import Final

import structlog
from flask import Flask, Response, g, request

from countenance.web.metrics import METHODS

_LOG = logging.getLogger(__name__)
HEADER: Final = "X-Request-ID"
_GIVEN: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")


def register_request_log(app: Flask, *, believes_proxies: bool) -> None:
    """Bind the id, and log each answer at level INFO: route, method, status, time; no address.

    Args: believes_proxies: whether a proxy before the server may give the id.
    """

    def begin() -> None:
        given = request.headers.get(HEADER, "") if believes_proxies else ""
        g.request_id = given if _GIVEN.fullmatch(given) else secrets.token_hex(8)
        g.logged_from_s = perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    def end(response: Response) -> Response:
        if "request_id" in g:
            response.headers[HEADER] = g.request_id
            fields = {
                "route": request.url_rule.rule if request.url_rule else "none",
                "method": request.method if request.method in METHODS else "other",
                "status": response.status_code,
                "duration_ms": round((perf_counter() - g.logged_from_s) * 1000, 1),
            }
            _LOG.info("request", extra=fields)
        return response

    app.before_request(begin)
    app.after_request(end)
