"""Who may open what. Denied unless marked: a page without a mark asks for a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from flask import Flask, abort, current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from countenance.identity.interfaces import Role
from countenance.web import context
from countenance.web.errors import login_needed, wants_json

View = TypeVar("View", bound=Callable[..., Any])
_PUBLIC: Final = "countenance_public"
_ROLES: Final = "countenance_roles"
_LIMIT: Final = "countenance_limit"


def public(view: View) -> View:
    """Mark a page that opens without a session."""
    vars(view)[_PUBLIC] = True
    return view


def role_required(*roles: Role) -> Callable[[View], View]:
    """Mark a page that asks for one of these roles."""

    def mark(view: View) -> View:
        vars(view)[_ROLES] = frozenset(roles)
        return view

    return mark


def limited(rule: str) -> Callable[[View], View]:
    """Mark a page that takes only so many POSTs of one address, such as `20 per minute`."""

    def mark(view: View) -> View:
        vars(view)[_LIMIT] = rule
        return view

    return mark


def is_public(app: Flask, endpoint: str) -> bool:
    """Whether that endpoint opens without a session."""
    view = app.view_functions[endpoint]
    return endpoint == "static" or bool(vars(view).get(_PUBLIC))


def limit_of(view: Callable[..., Any]) -> str | None:
    """The rule of a page marked by `limited`, or None."""
    return vars(view).get(_LIMIT)


def register_guard(app: Flask) -> None:
    """Ask every request for what its page needs, before the page runs."""
    app.before_request(_guard)


def _guard() -> Response | None:
    endpoint = request.endpoint
    if endpoint is None or is_public(current_app, endpoint):
        return None
    session = context.find_session()
    if session is None:
        return login_needed() if wants_json() else redirect(_way_in())
    if session.user.role not in _roles(endpoint):
        abort(403)
    return None


def _way_in() -> str:
    if not context.identity().users.is_set_up():
        return url_for("setup.setup")
    asked = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return url_for("auth.login", next=asked if asked != "/" else None)


def _roles(endpoint: str) -> frozenset[Role]:
    for app in context.web().apps:
        if request.blueprint == blueprint_name(app.slug):
            return app.roles
    roles: frozenset[Role] = vars(current_app.view_functions[endpoint]).get(_ROLES, frozenset(Role))
    return roles


def blueprint_name(slug: str) -> str:
    """The name under which an app's blueprint is registered."""
    return f"app-{slug}"
