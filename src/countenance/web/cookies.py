"""The cookies. On HTTPS they carry the `__Host-` prefix: this host only, never over plain HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie; its value is a random token or signed."""

    base_name: str
    same_site: Literal["Lax", "Strict"]

    @property
    def name(self) -> str:
        """The name for this request's scheme."""
        return f"__Host-{self.base_name}" if request.is_secure else self.base_name


SESSION: Final = Cookie("countenance", "Lax")
"""A login. Lax, so that a link from elsewhere finds the person logged in; POSTs need tokens."""
PENDING: Final = Cookie("countenance-pending", "Strict")
"""A ceremony that has begun."""
DEVICE: Final = Cookie("countenance-device", "Strict")
"""Which browser this is, over many logins; opens nothing."""
FRESH: Final = Cookie("countenance-fresh", "Strict")
"""A confirmation that waits for its act."""
FORM: Final = Cookie("countenance-form", "Strict")
"""Signed by us, holds the CSRF token and notices; says nothing of who is logged in."""


def read(cookie: Cookie) -> str:
    """The value that the browser sent; empty when it sent none."""
    return request.cookies.get(cookie.name, "")


def write(
    response: Response, cookie: Cookie, value: str, *, lifetime: timedelta | None = None
) -> None:
    """Set a cookie; the server's row says when it is over.

    Args:
        lifetime: how long the browser keeps it; None until it closes.
    """
    response.set_cookie(
        cookie.name,
        value,
        max_age=lifetime,
        secure=request.is_secure,
        httponly=True,
        samesite=cookie.same_site,
        path="/",
    )


def clear(response: Response, cookie: Cookie) -> None:
    """Take a cookie back."""
    response.delete_cookie(
        cookie.name, secure=request.is_secure, httponly=True, samesite=cookie.same_site, path="/"
    )


class FormSessions(SecureCookieSessionInterface):
    """Flask's signed cookie under the name and flags of `FORM`."""

    def get_cookie_name(self, app: Flask) -> str:
        return FORM.name

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def get_cookie_samesite(self, app: Flask) -> str:
        return FORM.same_site

    def get_cookie_domain(self, app: Flask) -> None:
        return None

    def get_cookie_path(self, app: Flask) -> str:
        return "/"
