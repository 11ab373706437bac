"""Logging in with a passkey: as a second factor, or alone when it verifies its user."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from countenance.events import Tag
from countenance.identity.factor_interfaces import PasskeyRefusal, PasskeyUse
from countenance.identity.factor_policy import Factor
from countenance.identity.interfaces import UserId
from countenance.web.access import limited, public
from countenance.web.context import address, identity
from countenance.web.errors import LOGIN_REFUSED
from countenance.web.pages import steps
from countenance.web.pages.auth import (
    PASSWORD_RATE,
    TICKET_RATE,
    Answer,
    login_page,
    take_target,
    target,
)
from countenance.web.pages.passkeys import as_call, given_answer, party_here
from countenance.web.pages.ways import login_with, note_refused
from countenance.web.security import safe_next


def make_blueprint() -> Blueprint:
    """`/login/passkey` and below."""
    pages = Blueprint("passkey_login", __name__, url_prefix="/login/passkey")
    pages.add_url_rule("", "second", second, methods=["GET", "POST"])
    pages.add_url_rule("/options", "second_options", second_options, methods=["POST"])
    pages.add_url_rule("/first", "first", first, methods=["POST"])
    pages.add_url_rule("/first/options", "first_options", first_options, methods=["POST"])
    return pages


@public
@limited(TICKET_RATE)
def second_options() -> Answer:
    _, user, offered = login_with(Factor.PASSKEY, Factor.PASSKEY_UV)
    call = identity().passkeys.begin_use(
        user.id, party_here(), must_verify=Factor.PASSKEY not in offered
    )
    return as_call(call)


@public
@limited(PASSWORD_RATE)
def second() -> Answer:
    """The passkey after the password."""
    token, user, _ = login_with(Factor.PASSKEY, Factor.PASSKEY_UV)
    if request.method == "GET":
        return render_template("login_passkey.html", person=user)
    used = _finish(user.id)
    if isinstance(used, PasskeyRefusal):
        note_refused(user.id, Factor.PASSKEY, reason=used)
        return render_template("login_passkey.html", person=user, refused=True), LOGIN_REFUSED
    factor = Factor.PASSKEY_UV if used.is_verified else Factor.PASSKEY
    identity().transactions.add_factor(token, factor)
    return steps.go_on(token, user, then=target)


@public
@limited(TICKET_RATE)
def first_options() -> Answer:
    """Asks for any passkey; says nothing of who has one."""
    return as_call(identity().passkeys.begin_use(None, party_here(), must_verify=True))


@public
@limited(PASSWORD_RATE)
def first() -> Answer:
    """The passkey in the place of name and password."""
    take_target()
    used = _finish(None)
    user = None if isinstance(used, PasskeyRefusal) else identity().users.get(used.user_id)
    if user is None or isinstance(used, PasskeyRefusal) or not used.is_verified:
        _note_refused_stranger(used)
        asked = safe_next(request.form.get("next", "/"))
        return login_page(next=asked, refused="passkey"), LOGIN_REFUSED
    return steps.after_passkey(user, then=target)


def _finish(user_id: UserId | None) -> PasskeyUse | PasskeyRefusal:
    return identity().passkeys.finish_use(
        user_id, party_here(), token=request.form.get("token", ""), answer=given_answer()
    )


def _note_refused_stranger(used: PasskeyUse | PasskeyRefusal) -> None:
    reason = used.value if isinstance(used, PasskeyRefusal) else PasskeyRefusal.WRONG.value
    identity().audit.append(
        Tag.FACTOR_REFUSED,
        address=address(),
        details={"factor": Factor.PASSKEY_UV.value, "reason": reason},
    )
