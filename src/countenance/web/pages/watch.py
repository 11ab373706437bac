"""For whoever watches the server: is it alive, is it ready, what has it counted."""

from __future__ import annotations

import hmac
import ipaddress
import shutil
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, abort, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST

from countenance.errors import CountenanceError
from countenance.web.access import public
from countenance.web.context import identity, web

LEAST_FREE_BYTES: Final = 200_000_000
_FORWARDED: Final = ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP")


def make_blueprint() -> Blueprint:
    """`/healthz`, `/readyz`, `/metrics`."""
    pages = Blueprint("watch", __name__)
    pages.add_url_rule("/healthz", "health", health)
    pages.add_url_rule("/readyz", "ready", ready)
    pages.add_url_rule("/metrics", "metrics", metrics)
    return pages


@public
def health() -> Response:
    """Whether the process answers; looks at nothing else, so that a restart helps."""
    return jsonify({"status": "ok"})


@public
def ready() -> tuple[Response, HTTPStatus]:
    """Whether logins can work, part by part; says what is wrong, never why in its own words."""
    parts = {name: _state(check) for name, check in _CHECKS.items()}
    is_ready = all(state == "ok" for state in parts.values())
    status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return jsonify({"ready": is_ready, "parts": parts}), status


def _state(check: Callable[[], str]) -> str:
    try:
        return check()
    except CountenanceError as error:
        return error.code
    except Exception:  # noqa: BLE001 - whatever it is, the part does not work
        return "failed"


def _database() -> str:
    identity().users.is_set_up()
    return "ok"


def _keys() -> str:
    return "ok" if identity().has_current_keys() else "another master key is in use"


def _engine() -> str:
    return "ok" if web().recognition.pack else "no model pack"


def _disk() -> str:
    free = shutil.disk_usage(web().container.settings.home).free
    return "ok" if free >= LEAST_FREE_BYTES else "less than 200 MB free"


_CHECKS: Final[Mapping[str, Callable[[], str]]] = {
    "database": _database,
    "keys": _keys,
    "engine": _engine,
    "disk": _disk,
}


@public
def metrics() -> Response:
    """For this machine itself, or with the token of the settings; nobody else."""
    if not (_has_token() or _is_here()):
        abort(HTTPStatus.FORBIDDEN)
    return Response(web().metrics.text(), content_type=CONTENT_TYPE_LATEST)


def _has_token() -> bool:
    wanted = web().container.settings.metrics_token
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    return (
        wanted is not None
        and kind.lower() == "bearer"
        and hmac.compare_digest(given.strip().encode(), wanted.encode())
    )


def _is_here() -> bool:
    """Whether a program on this machine asks by itself; a proxy here asks for somebody else."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
