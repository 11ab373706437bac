"""For which domain passkeys are asked on the page that is open now."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import request

from countenance.identity.relying_party import RelyingParty
from countenance.settings import Settings
from countenance.web.context import web

LOCAL = "localhost"


def relying_party() -> RelyingParty | None:
    """Of this request; None where its page is outside of the domain, so that no passkey works."""
    domain = passkey_domain(web().container.settings)
    scheme = "https" if request.is_secure else "http"
    own = f"{scheme}://{request.host}"
    if not lies_in(own, domain):
        return None
    further = web().container.settings.server.origins
    return RelyingParty(domain, origins_in(domain, [own, *further]))


def passkey_domain(settings: Settings) -> str:
    """The relying party id of this installation.

    Never the host that a request happens to name, for a passkey belongs to one domain for good.
    """
    if settings.factors.passkey_domain:
        return settings.factors.passkey_domain.lower()
    hosts = [urlsplit(origin).hostname for origin in settings.server.origins]
    return next((host for host in hosts if host), LOCAL)


def origins_in(domain: str, origins: Sequence[str]) -> tuple[str, ...]:
    """Those of the origins whose pages a browser lets ask for passkeys of the domain."""
    return tuple(dict.fromkeys(origin for origin in origins if lies_in(origin, domain)))


def lies_in(origin: str, domain: str) -> bool:
    """Whether the origin's host is the domain or below it, over HTTPS or on this computer."""
    try:
        parts = urlsplit(origin)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    is_secure = parts.scheme == "https" or host == LOCAL
    return is_secure and (host == domain or host.endswith(f".{domain}"))
