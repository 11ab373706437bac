"""Who asks the API: the token of the request, admitted before its view runs."""

from __future__ import annotations

from typing import Final, cast

from flask import current_app, g, request

from countenance.identity.administration_interfaces import ApiToken
from countenance.identity.api_scopes import Scope
from countenance.identity.throttling import neighbourhood
from countenance.web.api.errors import scope_missing, token_missing, token_refused, too_many
from countenance.web.api.limits import Windows
from countenance.web.context import address, identity, web

EXTENSION: Final = "countenance-api-limits"
PER_TOKEN: Final = 600
"""Requests of one token in a minute."""
PER_ADDRESS: Final = 1200
"""Requests of one address in a minute, with whatever tokens."""
WRONG_PER_ADDRESS: Final = 20
"""Wrong tokens of one address in a minute; after them it is not looked at any token."""


def admit(scope: Scope) -> None:
    """Let a request with a good token of that scope pass; `token` gives it to the view.

    Raises: RequestLimitError, TokenMissingError, TokenRefusedError, ScopeMissingError.
    """
    here = neighbourhood(address())
    count(f"address {here}", PER_ADDRESS)
    if wait_s := _wrong_wait_s(here):
        raise too_many(wait_s)
    text = _given()
    if not text:
        raise token_missing()
    found = identity().api_tokens.find(text)
    if found is None:
        _windows().take(f"wrong {here}", limit=WRONG_PER_ADDRESS, now_s=_now_s())
        raise token_refused()
    count(f"token {found.id}", PER_TOKEN)
    if scope not in found.usable_scopes:
        raise scope_missing(scope)
    g.api_token = found


def token() -> ApiToken:
    """The token of this request; only for views that ask for a scope."""
    return cast(ApiToken, g.api_token)


def count(key: str, limit: int) -> None:
    """Count a request in the present minute. Raises: RequestLimitError."""
    if not _is_limited():
        return
    if wait_s := _windows().take(key, limit=limit, now_s=_now_s()):
        raise too_many(wait_s)


def _wrong_wait_s(here: str) -> int:
    if not _is_limited():
        return 0
    return _windows().look(f"wrong {here}", limit=WRONG_PER_ADDRESS, now_s=_now_s())


def _given() -> str:
    """What stands after `Bearer`; empty when nothing does."""
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else ""


def _windows() -> Windows:
    return cast(Windows, current_app.extensions[EXTENSION])


def _now_s() -> float:
    return web().container.clock.monotonic_s()


def _is_limited() -> bool:
    """Tests that ask for everything at once switch it off, as that of the pages."""
    return bool(current_app.config.get("RATELIMIT_ENABLED", True))
