"""A face that somebody else enrolled: its owner says whether it is theirs.

Asked at the login, where the password was just given, and on the own account, which asks for it.
"""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for

from countenance.identity.administration_interfaces import PendingFace
from countenance.identity.errors import NoPendingFaceError
from countenance.identity.factor_policy import Factor
from countenance.identity.interfaces import Purpose, Transaction, User
from countenance.web.access import limited, public
from countenance.web.context import identity, pending, pending_user, session
from countenance.web.errors import FORM_REFUSED, NoTransactionError
from countenance.web.pages import steps
from countenance.web.pages.account import WRONG_PASSWORD, confirmed
from countenance.web.pages.auth import PASSWORD_RATE, Answer


def make_blueprint() -> Blueprint:
    """`/login/new-face` and `/account/new-face`."""
    pages = Blueprint("pending_face", __name__)
    pages.add_url_rule("/login/new-face", "at_login", at_login, methods=["GET", "POST"])
    pages.add_url_rule("/account/new-face", "own", own, methods=["GET", "POST"])
    return pages


@public
@limited(PASSWORD_RATE)
def at_login() -> Answer:
    transaction, user = _password_given()
    face = identity().pending_faces.find(user.id)
    if face is None:
        return redirect(url_for(_step(transaction, user)))
    if request.method == "GET":
        return _page("login_new_face.html", user, face)
    if request.form.get("answer") not in ("mine", "not_mine"):
        return redirect(url_for(_step(transaction, user)))  # decided another time
    _decide(user)
    return steps.after_password(identity().users.get(user.id))


def _password_given() -> tuple[Transaction, User]:
    """The login that waits in this browser, begun by its own user with the password.

    Raises: NoTransactionError: there is none.
    """
    _, transaction = pending()
    user = pending_user(transaction)
    is_own = transaction.actor_id is None and Factor.PASSWORD in transaction.factors
    if not is_own or user.must_change_password:
        raise NoTransactionError("The login has expired.", remedy="Log in again.")
    return transaction, user


def _step(transaction: Transaction, user: User) -> str:
    """Where the login goes on without the new face."""
    if transaction.purpose is Purpose.ENROLMENT:
        return "enrol.enrol"
    return steps.way_on(user, transaction.factors)


@limited(PASSWORD_RATE)
def own() -> Answer:
    user = session().user
    face = identity().pending_faces.find(user.id)
    if face is None:
        return redirect(url_for("account.account"))
    if request.method == "GET":
        return _page("account_new_face.html", user, face)
    if not confirmed():
        return _page("account_new_face.html", user, face, problem=WRONG_PASSWORD), FORM_REFUSED
    _decide(user)
    return redirect(url_for("account.account"))


def _decide(user: User) -> None:
    face_id, is_mine = request.form.get("face", ""), request.form.get("answer") == "mine"
    faces = identity().pending_faces
    try:
        if is_mine:
            faces.confirm(user.id, face_id)
        else:
            faces.reject(user.id, face_id, actor=user.id)
    except NoPendingFaceError as error:
        steps.say(str(error), kind="bad")
    else:
        done = "counts from now on" if is_mine else "is rejected and erased"
        steps.say(f"The new face {done}.")


def _page(template: str, user: User, face: PendingFace, *, problem: str = "") -> str:
    names = identity().users.names({face.enrolled_by})
    by = names.get(face.enrolled_by, "Somebody who was removed")
    return render_template(template, person=user, face=face, by=by, problem=problem)
