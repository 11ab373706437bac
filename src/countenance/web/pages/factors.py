"""The own factors: authenticator app and recovery codes, added and taken away."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

from countenance.identity.totp import grouped, provisioning_uri
from countenance.web.access import limited
from countenance.web.context import identity, session, web
from countenance.web.errors import FORM_REFUSED
from countenance.web.pages import steps
from countenance.web.pages.auth import PASSWORD_RATE, Answer
from countenance.web.qr import qr_answer
from countenance.web.relying_party import passkey_domain, relying_party

WRONG_PASSWORD = "The password is not right."  # noqa: S105 - a sentence
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


@limited(PASSWORD_RATE)
def add_app() -> Answer:
    if request.method == "GET":
        return render_template("security_app_add.html")
    if not _confirmed():
        return render_template("security_app_add.html", problem=WRONG_PASSWORD), FORM_REFUSED
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


@limited(PASSWORD_RATE)
def remove_app() -> Answer:
    user = session().user
    if identity().authenticator_apps.added_at(user.id) is None:
        return redirect(url_for("factors.security"))
    if request.method == "GET":
        return render_template("security_app_remove.html")
    if not _confirmed():
        return render_template("security_app_remove.html", problem=WRONG_PASSWORD), FORM_REFUSED
    identity().authenticator_apps.remove(user.id, actor=user.id)
    steps.say("Your authenticator app is removed.")
    return redirect(url_for("factors.security"))


@limited(PASSWORD_RATE)
def codes() -> Answer:
    """New recovery codes; shown in the answer itself, for they are nowhere else."""
    user = session().user
    left = identity().recovery_codes.left(user.id)
    if request.method == "GET":
        return render_template("security_codes_make.html", left=left)
    if not _confirmed():
        page = render_template("security_codes_make.html", left=left, problem=WRONG_PASSWORD)
        return page, FORM_REFUSED
    return render_template("security_codes.html", codes=identity().recovery_codes.make(user.id))


def _confirmed() -> bool:
    given = request.form.get("password", "")
    return identity().passwords.verify_for(session().user.id, password=given)
