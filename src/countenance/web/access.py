"""Who may open what. A page is public, or asks for a session whose role has its permission.

An endpoint of the API is public, or asks for a token with its scope; no session opens it.

What a role may do stands in `identity.permissions`; here a page says which permission it needs.
A page without a mark asks for `Permission.OWN_ACCOUNT`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from flask import Flask, abort, current_app, redirect, request, url_for
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from countenance.identity.api_scopes import Scope
from countenance.identity.interfaces import Role, User, UserId
from countenance.identity.permissions import Permission, check_governs, roles_with
from countenance.web import context
from countenance.web.api import bearer
from countenance.web.api.problems import is_api_request
from countenance.web.assurance import confirm
from countenance.web.errors import login_needed, wants_json

View = TypeVar("View", bound=Callable[..., Any])
_PUBLIC: Final = "countenance_public"
_PERMISSION: Final = "countenance_permission"
_LIMIT: Final = "countenance_limit"
_SCOPE: Final = "countenance_scope"


def public(view: View) -> View:
    """Mark a page that opens without a session."""
    vars(view)[_PUBLIC] = True
    return view


def permission_required(permission: Permission) -> Callable[[View], View]:
    """Mark a page that asks for a permission; the view need not check it again."""

    def mark(view: View) -> View:
        vars(view)[_PERMISSION] = permission
        return view

    return mark


def token_required(scope: Scope) -> Callable[[View], View]:
    """Mark an endpoint of the API that asks for a token with that scope."""

    def mark(view: View) -> View:
        vars(view)[_SCOPE] = scope
        return view

    return mark


def scope_of(view: Callable[..., Any]) -> Scope | None:
    """The scope of an endpoint marked by `token_required`, or None."""
    return vars(view).get(_SCOPE)


def is_marked_public(view: Callable[..., Any]) -> bool:
    """Whether a view is marked by `public`."""
    return bool(vars(view).get(_PUBLIC))


def limited(rule: str) -> Callable[[View], View]:
    """Mark a page that takes only so many POSTs of one address, such as `20 per minute`."""

    def mark(view: View) -> View:
        vars(view)[_LIMIT] = rule
        return view

    return mark


def is_public(app: Flask, endpoint: str) -> bool:
    """Whether that endpoint opens without a session."""
    view = app.view_functions[endpoint]
    return endpoint == "static" or is_marked_public(view)


def limit_of(view: Callable[..., Any]) -> str | None:
    """The rule of a page marked by `limited`, or None."""
    return vars(view).get(_LIMIT)


def register_guard(app: Flask) -> None:
    """Ask every request for what its page needs, before the page runs."""
    app.before_request(_guard)


def _guard() -> Response | None:
    endpoint = request.endpoint
    if is_api_request() and isinstance(request.routing_exception, RequestRedirect):
        abort(404)  # a program that writes // is not led elsewhere with its token
    if endpoint is None or is_public(current_app, endpoint):
        return None
    if (scope := scope_of(current_app.view_functions[endpoint])) is not None:
        bearer.admit(scope)
        return None
    session = context.find_session()
    if session is None:
        return login_needed() if wants_json() else redirect(_way_in())
    if session.user.role not in roles_for(current_app, endpoint):
        abort(403)
    return confirm(current_app.view_functions[endpoint])


def subject_of_act(user_id: str) -> User:
    """The person whom a page acts on, by whoever asks.

    Raises:
        UserNotFoundError: there is none.
        NotPermittedError: the role of whoever asks does not reach to that person's.
    """
    user = context.identity().users.get(UserId(user_id))
    check_governs(context.session().user.role, user.role)
    return user


def _way_in() -> str:
    if not context.identity().users.is_set_up():
        return url_for("setup.setup")
    asked = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return url_for("auth.login", next=asked if asked != "/" else None)


def roles_for(app: Flask, endpoint: str) -> frozenset[Role]:
    """The roles that open an endpoint that is not public."""
    blueprint = endpoint.rpartition(".")[0]
    parts: context.Web = app.extensions[context.EXTENSION]
    for plugin in parts.apps:
        if blueprint == blueprint_name(plugin.slug):
            return plugin.opens_for
    view = vars(app.view_functions[endpoint])
    return roles_with(view.get(_PERMISSION, Permission.OWN_ACCOUNT))


def blueprint_name(slug: str) -> str:
    """The name under which an app's blueprint is registered."""
    return f"app-{slug}"
