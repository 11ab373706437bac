"""Logging in and out: password, then face or login code."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from flask import (
    Blueprint,
    Response,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask import session as form_cookie
from werkzeug.wrappers import Response as AnyResponse

from countenance.identity.errors import WeakPasswordError
from countenance.identity.factor_policy import Factor
from countenance.identity.interfaces import Purpose, Transaction, User
from countenance.identity.throttling import Tried
from countenance.web import cookies, tries
from countenance.web.access import limited, public
from countenance.web.capture.socket import refuse_when_busy
from countenance.web.context import find_session, identity, pending, pending_user, web
from countenance.web.errors import (
    FORM_REFUSED,
    LOGIN_REFUSED,
    THROTTLED,
    NoTransactionError,
    ThrottledError,
)
from countenance.web.pages import steps
from countenance.web.pages.stage import stage_of
from countenance.web.relying_party import relying_party
from countenance.web.security import safe_next

Answer = AnyResponse | str | tuple[str, HTTPStatus]
PASSWORD_RATE: Final = "20 per minute"  # noqa: S105 - a rate  # noqa: S105 - a rate, not a secret
TICKET_RATE: Final = "30 per minute"


def make_blueprint() -> Blueprint:
    """`/login`, its steps, and `/logout`."""
    pages = Blueprint("auth", __name__)
    pages.add_url_rule("/login", "login", login, methods=["GET", "POST"])
    pages.add_url_rule("/login/password", "password", password, methods=["GET", "POST"])
    pages.add_url_rule("/login/face", "face", face)
    pages.add_url_rule("/login/face/ticket", "ticket", ticket, methods=["POST"])
    pages.add_url_rule("/login/complete", "complete", complete, methods=["POST"])
    pages.add_url_rule("/login/code", "code", code, methods=["GET", "POST"])
    pages.add_url_rule("/logout", "logout", logout, methods=["POST"])
    return pages


@public
@limited(PASSWORD_RATE)
def login() -> Answer:
    if find_session() is not None:
        return redirect(url_for("home.home"))
    if request.method == "POST":
        return _check_password()
    if not identity().users.is_set_up():
        return redirect(url_for("setup.setup"))
    return login_page(next=safe_next(request.args.get("next", "/")))


def login_page(**values: object) -> str:
    """The first page of a login; offers a passkey where somebody may come in by one alone."""
    opens = identity().factor_policies.begin_with(Factor.PASSKEY_UV)
    offers_passkey = opens and relying_party() is not None
    return render_template("login.html", offers_passkey=offers_passkey, **values)


def _check_password() -> Answer:
    name, given = request.form.get("name", ""), request.form.get("password", "")
    asked = safe_next(request.form.get("next", "/"))
    try:
        user = tries.check_password(name, given)
    except ThrottledError as error:
        return throttled(login_page(next=asked, name=name, throttled=error), error)
    if user is None:
        return login_page(next=asked, name=name, refused="password"), LOGIN_REFUSED
    take_target()
    return steps.after_password(user)


def throttled(page: str, error: ThrottledError) -> Response:
    """A form shown again, with the time to wait and the other ways in."""
    response = make_response(page, THROTTLED)
    if error.retry_after_s:
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


@public
@limited(PASSWORD_RATE)
def password() -> Answer:
    """An own password in the place of one that somebody else set."""
    _, transaction = pending()
    user = pending_user(transaction)
    is_own = transaction.actor_id is None and Factor.PASSWORD in transaction.factors
    if not is_own or not user.must_change_password:
        return redirect(url_for("auth.login"))
    problem = _change_password(user) if request.method == "POST" else None
    if request.method == "POST" and problem is None:
        # The change ends every login that the old password began; this one goes on anew.
        return steps.after_password(identity().users.get(user.id))
    page = render_template("login_password.html", person=user, problem=problem)
    return (page, FORM_REFUSED) if problem else page


def _change_password(user: User) -> str | None:
    new, again = request.form.get("password", ""), request.form.get("again", "")
    if new != again:
        return "The two passwords differ. Type the same one twice."
    if identity().passwords.verify_for(user.id, password=new):  # of a pending login; no guess
        return "That is the password you were given. Choose one of your own."
    try:
        identity().passwords.change(user.id, password=new)
    except WeakPasswordError as error:
        return str(error)
    return None


@public
def face() -> Answer:
    _, transaction = pending()
    user = pending_user(transaction)
    if user.must_change_password:
        return redirect(url_for("auth.password"))
    if transaction.purpose is not Purpose.LOGIN:
        return redirect(url_for("enrol.enrol"))
    stage = stage_of(web().container.settings.login)
    return render_template("login_face.html", person=user, **stage)


@public
@limited(TICKET_RATE)
def ticket() -> Answer:
    token, transaction = pending(Purpose.LOGIN)
    if pending_user(transaction).must_change_password:
        raise NoTransactionError("The password is to be changed first.", remedy="Log in again.")
    tries.check_open(Tried.FACE, transaction.user_id)
    return issue_ticket(token)


def issue_ticket(token: str) -> Response:
    """A ticket for one capture, as JSON; `no-store` like every page."""
    refuse_when_busy()
    issued = identity().transactions.issue_ticket(token)
    if issued is None:
        raise NoTransactionError("No tries are left.", remedy="Enter your password again.")
    return jsonify({"ticket": issued})


@public
def complete() -> Answer:
    token, transaction = _own_login()
    if Factor.FACE not in transaction.factors:
        raise NoTransactionError("The face step is not done.", remedy="Log in again.")
    return steps.go_on(token, pending_user(transaction), then=target)


def _own_login() -> tuple[str, Transaction]:
    """The pending login of this browser; an enrolment begun for somebody else is none."""
    token, transaction = pending(Purpose.LOGIN)
    if pending_user(transaction).must_change_password:
        raise NoTransactionError("The password is to be changed first.", remedy="Log in again.")
    return token, transaction


def take_target() -> None:
    """Keep the page that the login form names for after the login."""
    form_cookie["next"] = safe_next(request.form.get("next", "/"))


def target() -> str:
    """The page that was asked for before the login; told once."""
    return safe_next(form_cookie.pop("next", "/"))


@public
@limited(PASSWORD_RATE)
def code() -> Answer:
    """The way in without a face: a one-time code of an administrator beside the password."""
    token, transaction = pending()
    user = pending_user(transaction)
    if user.must_change_password:
        return redirect(url_for("auth.password"))
    if transaction.actor_id is not None or find_session() is not None:
        return redirect(url_for("home.home"))
    offered = steps.offered(transaction, user)
    if Factor.LOGIN_CODE not in offered:
        raise NoTransactionError("This way is not open.", remedy="Log in again.")
    values: dict[str, object] = {
        "person": user,
        "purpose": transaction.purpose,
        "has_others": bool(offered - {Factor.FACE, Factor.LOGIN_CODE}),
    }
    if request.method == "GET":
        return render_template("login_code.html", **values)
    try:
        is_right = tries.check_code(user, request.form.get("code", ""))
    except ThrottledError as error:
        return throttled(render_template("login_code.html", **values, throttled=error), error)
    if not is_right:
        return render_template("login_code.html", **values, refused=True), LOGIN_REFUSED
    identity().transactions.add_factor(token, Factor.LOGIN_CODE)
    return steps.go_on(token, user, then=target)


@public
def logout() -> Answer:
    if found := find_session():
        identity().sessions.end(cookies.read(cookies.SESSION))
        steps.note_ended(found.user.id, why="logout")
    form_cookie.clear()
    steps.say("You are logged out.")
    response = make_response(redirect(url_for("auth.login")))
    cookies.clear(response, cookies.SESSION)
    cookies.clear(response, cookies.PENDING)
    return response
