"""The own factors: authenticator app and recovery codes, added and taken away."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

from countenance.apps.assurance import fresh_required
from countenance.identity.totp import grouped, provisioning_uri
from countenance.web.access import limited
from countenance.web.context import identity, session, web
from countenance.web.errors import FORM_REFUSED
from countenance.web.pages import steps
from countenance.web.pages.auth import PASSWORD_RATE, Answer
from countenance.web.qr import qr_answer
from countenance.web.relying_party import passkey_domain, relying_party

WRONG_CODE = "That is not the code that the app shows now. Check the time of your phone."


def make_blueprint() -> Blueprint:
    """`/account/security` and below."""
    pages = Blueprint("factors", __name__, url_prefix="/account/security")
    pages.add_url_rule("", "security", security)
    pages.add_url_rule("/app/add", "add_app", add_app, methods=["GET", "POST"])
    pages.add_url_rule("/app/confirm", "confirm_app", confirm_app, methods=["GET", "POST"])
    pages.add_url_rule("/app/qr.svg", "app_qr", app_qr)
    pages.add_url_rule("/app/remove", "remove_app", remove_app, methods=["GET", "POST"])
    pages.add_url_rule("/codes", "codes", codes, methods=["GET", "POST"])
    return pages


def security() -> str:
    user = session().user
    policy = identity().factor_policies.for_role(user.role)
    return render_template(
        "security.html",
        passkeys=identity().passkeys.list_passkeys(user.id),
        domain=passkey_domain(web().container.settings),
        has_domain=relying_party() is not None,
        app_added_at=identity().authenticator_apps.added_at(user.id),
        codes_left=identity().recovery_codes.left(user.id),
        combinations=policy.combinations,
    )


@fresh_required("factors.app.add", title="Add an authenticator app")
def add_app() -> Answer:
    if request.method == "GET":
        return render_template("security_app_add.html")
    identity().authenticator_apps.begin(session().user.id)
    return redirect(url_for("factors.confirm_app"))


@limited(PASSWORD_RATE)
def confirm_app() -> Answer:
    user = session().user
    secret = identity().authenticator_apps.draft(user.id)
    if secret is None:
        return redirect(url_for("factors.add_app"))
    problem = None
    if request.method == "POST":
        if identity().authenticator_apps.confirm(user.id, request.form.get("code", "")):
            steps.say("Your authenticator app is added. It can stand in for your face.")
            return redirect(url_for("factors.security"))
        problem = WRONG_CODE
    page = render_template("security_app.html", secret=grouped(secret), problem=problem)
    return (page, FORM_REFUSED) if problem else page


def app_qr() -> Response:
    user = session().user
    secret = identity().authenticator_apps.draft(user.id)
    if secret is None:
        abort(404)
    return qr_answer(provisioning_uri(secret, name=user.name))


@fresh_required("factors.app.remove", title="Remove your authenticator app")
def remove_app() -> Answer:
    user = session().user
    if identity().authenticator_apps.added_at(user.id) is None:
        return redirect(url_for("factors.security"))
    if request.method == "GET":
        return render_template("security_app_remove.html")
    identity().authenticator_apps.remove(user.id, actor=user.id)
    steps.say("Your authenticator app is removed.")
    return redirect(url_for("factors.security"))


@fresh_required("factors.codes.make", title="Make recovery codes")
def codes() -> Answer:
    """New recovery codes; shown in the answer itself, for they are nowhere else."""
    user = session().user
    left = identity().recovery_codes.left(user.id)
    if request.method == "GET":
        return render_template("security_codes_make.html", left=left)
    return render_template("security_codes.html", codes=identity().recovery_codes.make(user.id))
