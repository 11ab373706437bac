"""Confirming an act: by face, passkey or authenticator app, else by the password."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from countenance.events import Tag
from countenance.identity.factor_interfaces import CodeOutcome, PasskeyRefusal
from countenance.identity.factor_policy import Factor, implied
from countenance.identity.interfaces import Confirmation, Purpose
from countenance.identity.throttling import Tried
from countenance.web import cookies, factors, tries
from countenance.web.access import limited
from countenance.web.context import address, identity, pending, session, web
from countenance.web.errors import FORM_REFUSED, NoTransactionError
from countenance.web.pages import steps
from countenance.web.pages.auth import PASSWORD_RATE, TICKET_RATE, Answer, issue_ticket
from countenance.web.pages.passkeys import as_call, given_answer, party_here
from countenance.web.pages.stage import stage_of
from countenance.web.pages.ways import use_app_code
from countenance.web.security import safe_next


def make_blueprint() -> Blueprint:
    """`/step-up` and below."""
    pages = Blueprint("step_up", __name__, url_prefix="/step-up")
    pages.add_url_rule("", "step_up", step_up)
    pages.add_url_rule("/other", "choose", choose)
    pages.add_url_rule("/face", "face", face)
    pages.add_url_rule("/ticket", "ticket", ticket, methods=["POST"])
    pages.add_url_rule("/complete", "complete", complete, methods=["POST"])
    pages.add_url_rule("/app", "app", app_code, methods=["GET", "POST"])
    pages.add_url_rule("/passkey", "passkey", passkey, methods=["GET", "POST"])
    pages.add_url_rule("/passkey/options", "options", options, methods=["POST"])
    pages.add_url_rule("/password", "password", password, methods=["GET", "POST"])
    return pages


def step_up() -> Answer:
    """The camera where it will do, else the only way, else a choice."""
    _own()
    ways = _ways()
    if Factor.FACE in ways:
        return redirect(url_for("step_up.face"))
    return choose()


def choose() -> Answer:
    _, confirms = _own()
    ways = _ways()
    if ways == {Factor.PASSWORD}:
        return redirect(url_for("step_up.password"))
    return render_template("step_up.html", confirms=confirms, ways=ways)


def face() -> Answer:
    _, confirms = _own(Factor.FACE)
    stage = stage_of(web().container.settings.login)
    return render_template("step_up_face.html", confirms=confirms, **stage)


@limited(TICKET_RATE)
def ticket() -> Answer:
    token, _ = _own(Factor.FACE)
    tries.check_open(Tried.FACE, session().user.id)
    return issue_ticket(token)


def complete() -> Answer:
    token, confirms = _own(Factor.FACE)
    return _grant(token, confirms, Factor.FACE)


@limited(PASSWORD_RATE)
def app_code() -> Answer:
    token, confirms = _own(Factor.TOTP)
    if request.method == "GET":
        return render_template("step_up_app.html", confirms=confirms)
    user_id = session().user.id
    attempt = tries.begin(Tried.CODE, user_id)
    outcome = use_app_code(user_id, request.form.get("code", ""))
    if not tries.told(attempt, is_right=outcome is CodeOutcome.RIGHT):
        _note_refused(confirms, Factor.TOTP, reason=outcome.value)
        page = render_template("step_up_app.html", confirms=confirms, refused=outcome.value)
        return page, FORM_REFUSED
    identity().transactions.add_factor(token, Factor.TOTP)
    return _grant(token, confirms, Factor.TOTP)


@limited(TICKET_RATE)
def options() -> Answer:
    _own(Factor.PASSKEY, Factor.PASSKEY_UV)
    must_verify = Factor.PASSKEY not in _ways()
    call = identity().passkeys.begin_use(session().user.id, party_here(), must_verify=must_verify)
    return as_call(call)


@limited(PASSWORD_RATE)
def passkey() -> Answer:
    token, confirms = _own(Factor.PASSKEY, Factor.PASSKEY_UV)
    if request.method == "GET":
        return render_template("step_up_passkey.html", confirms=confirms)
    used = identity().passkeys.finish_use(
        session().user.id,
        party_here(),
        token=request.form.get("token", ""),
        answer=given_answer(),
    )
    if isinstance(used, PasskeyRefusal):
        _note_refused(confirms, Factor.PASSKEY, reason=used.value)
        page = render_template("step_up_passkey.html", confirms=confirms, refused=True)
        return page, FORM_REFUSED
    factor = Factor.PASSKEY_UV if used.is_verified else Factor.PASSKEY
    identity().transactions.add_factor(token, factor)
    return _grant(token, confirms, factor)


@limited(PASSWORD_RATE)
def password() -> Answer:
    """For users who have nothing else."""
    token, confirms = _own(Factor.PASSWORD)
    if request.method == "GET":
        return render_template("step_up_password.html", confirms=confirms)
    user_id = session().user.id
    attempt = tries.begin(Tried.PASSWORD, user_id)
    given = request.form.get("password", "")
    is_right = identity().passwords.verify_for(user_id, password=given)
    if not tries.told(attempt, is_right=is_right):
        _note_refused(confirms, Factor.PASSWORD, reason="password_wrong")
        page = render_template("step_up_password.html", confirms=confirms, refused=True)
        return page, FORM_REFUSED
    identity().transactions.add_factor(token, Factor.PASSWORD)
    return _grant(token, confirms, Factor.PASSWORD)


def _own(*factors_asked: Factor) -> tuple[str, Confirmation]:
    """Token and act of the confirmation that this session has begun.

    Args: factors_asked: one of which has to be a way for this user.
    Raises: NoTransactionError: none, of another session, or not that way.
    """
    token, transaction = pending(Purpose.STEP_UP)
    confirms = transaction.confirms
    is_own = confirms is not None and confirms.session_id == session().id
    if confirms is None or not is_own or (factors_asked and not _ways() & set(factors_asked)):
        raise NoTransactionError("The confirmation has ended.", remedy="Begin it again.")
    return token, confirms


def _ways() -> frozenset[Factor]:
    return identity().factor_policies.confirming(factors.usable(session().user))


def _grant(token: str, confirms: Confirmation, factor: Factor) -> Response:
    """Exchange a ceremony that is done for the confirmation of its act."""
    user, ways = session().user, _ways()
    done = identity().transactions.complete(
        token, is_enough=lambda transaction: bool(implied(transaction.factors) & ways)
    )
    if done is None:
        raise NoTransactionError("The confirmation is not done.", remedy="Begin it again.")
    fresh = identity().step_up.issue(
        user.id, session_id=confirms.session_id, act_digest=confirms.act_digest
    )
    identity().audit.append(
        Tag.STEP_UP_GRANTED,
        subject_id=user.id,
        actor_id=user.id,
        address=address(),
        details={"act": confirms.act_name, "factor": factor.value},
    )
    response = make_response(redirect(safe_next(confirms.back)))
    cookies.write(response, cookies.FRESH, fresh)
    cookies.clear(response, cookies.PENDING)
    steps.say(f"Confirmed: {confirms.title}. It is good once, for the next minutes.")
    return response


def _note_refused(confirms: Confirmation, factor: Factor, *, reason: str) -> None:
    identity().audit.append(
        Tag.STEP_UP_REFUSED,
        subject_id=session().user.id,
        address=address(),
        details={"act": confirms.act_name, "factor": factor.value, "reason": reason},
    )
