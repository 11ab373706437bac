"""Fresh confirmations for the pages of the present request: asked for, looked at, used up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, request, url_for

from countenance.apps.assurance import EXTENSION, Fresh, assurance, freshness_of
from countenance.identity.acts import Act
from countenance.identity.interfaces import Confirmation, Purpose
from countenance.web import cookies
from countenance.web.context import identity, session
from countenance.web.errors import FreshNeededError, wants_json
from countenance.web.pages import steps
from countenance.web.security import safe_next


class SessionAssurance:
    """`apps.assurance.Assurance` for the session of the present request."""

    def is_ready(self, act: Act) -> bool:
        current = session()
        token = cookies.read(cookies.FRESH)
        return bool(token) and identity().step_up.is_good(
            token, act, user_id=current.user.id, session_id=current.id
        )

    def redeem(self, act: Act) -> bool:
        current = session()
        token = cookies.read(cookies.FRESH)
        return bool(token) and identity().step_up.redeem(
            token, act, user_id=current.user.id, session_id=current.id
        )

    def begin(self, act: Act, *, title: str, back: str) -> Response:
        current = session()
        confirms = Confirmation(
            act_name=act.name,
            act_digest=act.digest,
            title=title,
            session_id=current.id,
            back=safe_next(back),
        )
        return steps.begin_ceremony(
            Purpose.STEP_UP,
            user_id=current.user.id,
            actor_id=None,
            then=url_for("step_up.step_up"),
            confirms=confirms,
        )


def register_assurance(app: Flask) -> None:
    """Make confirmations available to pages and apps."""
    app.extensions[EXTENSION] = SessionAssurance()


def confirm(view: Callable[..., Any]) -> Response | None:
    """Let a marked page run, or send the browser to confirm its act first.

    Raises: FreshNeededError: a script asked, which cannot go there.
    """
    wanted = freshness_of(view)
    if wanted is None:
        return None
    act = _act(wanted)
    is_look = request.method in ("GET", "HEAD")
    if assurance().is_ready(act) if is_look else assurance().redeem(act):
        return None
    if wants_json():
        raise FreshNeededError(
            "This act needs a fresh confirmation.", remedy="Confirm it on its page first."
        )
    return assurance().begin(act, title=wanted.title, back=_way_back())


def _act(wanted: Fresh) -> Act:
    given = {**request.values.to_dict(), **(request.view_args or {})}
    return Act(wanted.act, {name: str(given.get(name, "")) for name in wanted.parameters})


def _way_back() -> str:
    """The page to return to: this one where it can be looked at, else the one before."""
    methods = (request.url_rule.methods if request.url_rule else None) or set()
    if "GET" in methods:
        return request.full_path.rstrip("?")
    before = urlsplit(request.referrer or "")
    return before.path if before.netloc == request.host else "/"
