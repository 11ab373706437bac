"""Where somebody is logged in: the own sessions, and those of others for administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from flask import Blueprint, abort, redirect, render_template, request, url_for

from countenance.events import Tag
from countenance.identity.interfaces import UserId
from countenance.identity.permissions import Permission
from countenance.web import cookies
from countenance.web.access import permission_required, subject_of_act
from countenance.web.context import address, identity, session
from countenance.web.pages import steps
from countenance.web.pages.auth import Answer
from countenance.web.security import safe_next

BY_OTHER: Final = "by-other"


def make_blueprint() -> Blueprint:
    """`/account/sessions`, and below `/people` what administrators end."""
    pages = Blueprint("sessions", __name__)
    rules = (
        ("/account/sessions", "own", own, ["GET"]),
        ("/account/sessions/<session_id>/end", "end", end, ["POST"]),
        ("/account/news/seen", "seen", seen, ["POST"]),
        ("/people/<user_id>/sessions/end", "end_all", end_all, ["POST"]),
    )
    for path, endpoint, view, methods in rules:
        pages.add_url_rule(path, endpoint, view, methods=methods)
    return pages


def own() -> str:
    current = session()
    found = identity().sessions.list_sessions(current.user.id)
    return render_template("sessions.html", sessions=found, here=current.id)


def end(session_id: str) -> Answer:
    """End one of the own sessions; the present one ends by logging out."""
    current = session()
    if session_id == current.id or not identity().sessions.end_one(session_id, current.user.id):
        abort(404)
    steps.note_ended(current.user.id, why="one")
    steps.say("You are logged out there.")
    return redirect(url_for("sessions.own"))


def seen() -> Answer:
    """The news of new devices was read, as far as the page told it."""
    until = _moment(request.form.get("until", ""))
    if until is not None:
        identity().news.acknowledge(session().id, until=until)
    return redirect(safe_next(request.form.get("next", "/")))


def _moment(text: str) -> datetime | None:
    """An aware time in ISO 8601, or None."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


@permission_required(Permission.MANAGE_PEOPLE)
def end_all(user_id: str) -> Answer:
    """End all sessions of somebody; the own ones but this."""
    user, actor = subject_of_act(user_id), session().user.id
    keep = cookies.read(cookies.SESSION) if user.id == actor else None
    count = identity().sessions.end_all(user.id, keep_token=keep)
    if count:
        _note(user.id, actor)
    logins = "1 login" if count == 1 else f"{count} logins"
    steps.say(f"{logins} of {user.display_name} ended." if count else "There was no login to end.")
    return redirect(url_for("people.person", user_id=user_id))


def _note(user_id: UserId, actor: UserId) -> None:
    identity().audit.append(
        Tag.SESSION_ENDED,
        subject_id=user_id,
        actor_id=actor,
        address=address(),
        details={"why": BY_OTHER},
    )
