"""Choosing a password with the code of a link, and going on to the face.

The link carries its code after the `#`: a browser sends that to nobody, so it stands in no log.
A script puts it into the form; without one it is typed.
"""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from countenance.identity.administration_interfaces import Invitation
from countenance.identity.errors import InvitationError, WeakPasswordError
from countenance.identity.interfaces import User
from countenance.web import cookies
from countenance.web.access import limited, public
from countenance.web.context import find_session, identity
from countenance.web.errors import FORM_REFUSED, LOGIN_REFUSED
from countenance.web.pages import steps
from countenance.web.pages.auth import PASSWORD_RATE, Answer


def make_blueprint() -> Blueprint:
    """`/invite`, open to whoever has a code."""
    pages = Blueprint("invite", __name__)
    pages.add_url_rule("/invite", "invite", invite, methods=["GET", "POST"])
    return pages


@public
@limited(PASSWORD_RATE)
def invite() -> Answer:
    if request.method == "GET":
        return render_template("invite_code.html")
    code = request.form.get("code", "")
    found = identity().invitations.find(code)
    if found is None:
        return render_template("invite_code.html", refused=True), LOGIN_REFUSED
    if "password" not in request.form:
        return _ask(found, code)
    return _accept(found, code)


def _ask(found: Invitation, code: str, problem: str = "") -> str:
    return render_template(
        "invite_password.html", person=found.user, reason=found.reason, code=code, problem=problem
    )


def _accept(found: Invitation, code: str) -> Answer:
    new = request.form.get("password", "")
    if new != request.form.get("again"):
        problem = "The two passwords differ. Type the same one twice."
        return _ask(found, code, problem), FORM_REFUSED
    try:
        user = identity().invitations.accept(code, password=new)
    except WeakPasswordError as error:
        return _ask(found, code, str(error)), FORM_REFUSED
    except InvitationError:
        return render_template("invite_code.html", refused=True), LOGIN_REFUSED
    return _on_to_the_face(user)


def _on_to_the_face(user: User) -> Response:
    """The rest of the way in, as after a right password; nobody else stays logged in here."""
    if before := find_session():
        identity().sessions.end(cookies.read(cookies.SESSION))
        steps.note_ended(before.user.id, why="logout")
    response = steps.after_password(user)
    cookies.clear(response, cookies.SESSION)
    return response
