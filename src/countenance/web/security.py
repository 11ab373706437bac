"""Headers that keep a page to itself: nothing inline, nothing foreign, no frames, no traces."""

from __future__ import annotations

import re
from typing import Final

from flask import Flask, Response, request

from countenance.web.embeddable import is_embeddable

_HOST: Final = re.compile(r"[A-Za-z0-9.\-\[\]:]+")
_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(self), microphone=(), geolocation=(), display-capture=(), usb=(), serial=(), "
        "payment=(), midi=(), interest-cohort=()"
    ),
    "X-Frame-Options": "DENY",
}
_FOR_EVERY_PAGE: Final = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_YEAR_S: Final = 31_536_000


def register_headers(app: Flask) -> None:
    """Add the headers to every answer, errors included."""
    app.after_request(_add)


def _add(response: Response) -> Response:
    for name, value in _ALWAYS.items():
        response.headers[name] = value
    if is_embeddable(request.path):
        response.headers.update(_FOR_EVERY_PAGE)
    response.headers["Content-Security-Policy"] = content_security_policy(
        request.host, is_secure=request.is_secure
    )
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = f"max-age={_YEAR_S}"
    return response


def content_security_policy(host: str, *, is_secure: bool) -> str:
    """The policy of every page.

    Args:
        host: of the request; named for the WebSocket, since older browsers do not count one
            to 'self'. A host with odd characters is left out.
    """
    socket = f" {'wss' if is_secure else 'ws'}://{host}" if _HOST.fullmatch(host) else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",
            "manifest-src 'self'",
            f"connect-src 'self'{socket}",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def is_allowed_origin(origin: str, *, host: str, is_secure: bool, more: tuple[str, ...]) -> bool:
    """Whether a page of that origin may open the camera connection.

    Args:
        origin: the `Origin` header; empty when there is none, which no browser does.
        host: the host that was asked for, with its port.
        more: further origins that the installation allows.
    """
    schemes = ("https",) if is_secure else ("http", "https")
    return origin in more or any(origin == f"{scheme}://{host}" for scheme in schemes)


def safe_next(path: str) -> str:
    """A path of this site to go to after login; `/` for anything that could lead elsewhere."""
    is_local = path.startswith("/") and not path.startswith(("//", "/\\"))
    is_plain = all(" " < c != "\\" and c != "\x7f" for c in path)
    return path if is_local and is_plain and len(path) < 512 else "/"
