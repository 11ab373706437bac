"""Ways in beside the camera, for whoever has given the right password: app, paper, code.

Nothing here opens without a pending login, so that a stranger does not learn who has what.
"""

from __future__ import annotations

import logging

from flask import Blueprint, redirect, render_template, request, url_for

from countenance.events import Tag
from countenance.identity.errors import FactorUnreadableError
from countenance.identity.factor_interfaces import CodeOutcome
from countenance.identity.factor_policy import Factor
from countenance.identity.interfaces import Purpose, User, UserId
from countenance.identity.throttling import Tried
from countenance.web import tries
from countenance.web.access import limited, public
from countenance.web.context import address, find_session, identity, pending, pending_user
from countenance.web.errors import LOGIN_REFUSED, NoTransactionError, ThrottledError
from countenance.web.pages import steps
from countenance.web.pages.auth import PASSWORD_RATE, Answer, target, throttled

_LOG = logging.getLogger(__name__)
WRONG_CODE = "recovery_code_wrong"


def make_blueprint() -> Blueprint:
    """`/login/other` and the pages of the single ways."""
    pages = Blueprint("ways", __name__, url_prefix="/login")
    pages.add_url_rule("/other", "choose", choose)
    pages.add_url_rule("/app", "app", app_code, methods=["GET", "POST"])
    pages.add_url_rule("/recovery", "recovery", recovery, methods=["GET", "POST"])
    return pages


@public
def choose() -> Answer:
    """The ways that lead on for this user; the only one beside the camera is opened at once."""
    _, transaction = pending()
    user = pending_user(transaction)
    if user.must_change_password:
        return redirect(url_for("auth.password"))
    if transaction.actor_id is not None or find_session() is not None:
        return redirect(url_for("home.home"))
    offered = steps.offered(transaction, user)
    if offered - {Factor.FACE} == {Factor.LOGIN_CODE}:
        return redirect(url_for("auth.code"))
    return render_template("login_other.html", person=user, offered=offered)


@public
@limited(PASSWORD_RATE)
def app_code() -> Answer:
    """A code of the authenticator app."""
    token, user, _ = login_with(Factor.TOTP)
    if request.method == "GET":
        return render_template("login_app.html", person=user)
    try:
        attempt = tries.begin(Tried.CODE, user.id)
    except ThrottledError as error:
        return throttled(render_template("login_app.html", person=user, throttled=error), error)
    outcome = use_app_code(user.id, request.form.get("code", ""))
    if not tries.told(attempt, is_right=outcome is CodeOutcome.RIGHT):
        note_refused(user.id, Factor.TOTP, reason=outcome)
        page = render_template("login_app.html", person=user, refused=outcome.value)
        return page, LOGIN_REFUSED
    identity().transactions.add_factor(token, Factor.TOTP)
    return steps.go_on(token, user, then=target)


@public
@limited(PASSWORD_RATE)
def recovery() -> Answer:
    """A recovery code from paper."""
    token, user, _ = login_with(Factor.RECOVERY_CODE)
    if request.method == "GET":
        return render_template("login_recovery.html", person=user)
    try:
        attempt = tries.begin(Tried.CODE, user.id)
    except ThrottledError as error:
        page = render_template("login_recovery.html", person=user, throttled=error)
        return throttled(page, error)
    is_right = identity().recovery_codes.use(user.id, request.form.get("code", ""))
    if not tries.told(attempt, is_right=is_right):
        note_refused(user.id, Factor.RECOVERY_CODE, reason=WRONG_CODE)
        page = render_template("login_recovery.html", person=user, refused=True)
        return page, LOGIN_REFUSED
    identity().transactions.add_factor(token, Factor.RECOVERY_CODE)
    return steps.go_on(token, user, then=target)


def use_app_code(user_id: UserId, code: str) -> CodeOutcome:
    """Use a code up; a secret that cannot be read counts as none."""
    try:
        return identity().authenticator_apps.use(user_id, code)
    except FactorUnreadableError:
        _LOG.exception("the authenticator secret of a login cannot be decrypted")
        return CodeOutcome.NONE


def login_with(*factors: Factor) -> tuple[str, User, frozenset[Factor]]:
    """Token, user and open ways of this browser's login.

    Raises: NoTransactionError: none of these factors leads on.
    """
    token, transaction = pending(Purpose.LOGIN)
    user = pending_user(transaction)
    is_own = transaction.actor_id is None and find_session() is None
    offered = steps.offered(transaction, user)
    if not is_own or user.must_change_password or not offered.intersection(factors):
        raise NoTransactionError("This way is not open.", remedy="Log in again.")
    return token, user, offered


def note_refused(user_id: UserId, factor: Factor, *, reason: str) -> None:
    """Write a refused factor down."""
    identity().audit.append(
        Tag.FACTOR_REFUSED,
        subject_id=user_id,
        address=address(),
        details={"factor": factor.value, "reason": reason},
    )
