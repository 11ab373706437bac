"""The own account: password, face, refused attempts."""

from __future__ import annotations

import json

from flask import (
    Blueprint,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from countenance.identity.errors import WeakPasswordError
from countenance.identity.interfaces import Device, Purpose
from countenance.web import cookies
from countenance.web.access import limited
from countenance.web.context import identity, session, web
from countenance.web.errors import FORM_REFUSED
from countenance.web.pages import steps
from countenance.web.pages.auth import PASSWORD_RATE, Answer
from countenance.web.tries import confirm_password

WRONG_PASSWORD = "The password is not right."  # noqa: S105 # nosec B105 # a sentence, not a secret


def make_blueprint() -> Blueprint:
    """`/account` and below."""
    pages = Blueprint("account", __name__, url_prefix="/account")
    pages.add_url_rule("", "account", account)
    pages.add_url_rule("/password", "password", password, methods=["GET", "POST"])
    pages.add_url_rule("/face", "face", face, methods=["GET", "POST"])
    pages.add_url_rule("/face/erase", "erase_face", erase_face, methods=["GET", "POST"])
    pages.add_url_rule("/data", "data", data, methods=["GET", "POST"])
    pages.add_url_rule("/devices/<device_id>", "device", device, methods=["GET", "POST"])
    pages.add_url_rule(
        "/devices/<device_id>/forget", "forget_device", forget_device, methods=["GET", "POST"]
    )
    pages.add_url_rule("/sessions/end", "end_sessions", end_sessions, methods=["POST"])
    return pages


def account() -> Answer:
    user = session().user
    pack = web().recognition.pack
    return render_template(
        "account.html",
        waiting=identity().pending_faces.find(user.id) is not None,
        is_current=user.face is not None and user.face.pack == pack,
        devices=identity().devices.list_devices(user.id),
        here=session().device_id,
    )


@limited(PASSWORD_RATE)
def password() -> Answer:
    if request.method == "GET":
        return render_template("account_password.html")
    problem = _change_password()
    if problem is not None:
        return render_template("account_password.html", problem=problem), FORM_REFUSED
    steps.say("Your password is changed. You are logged out everywhere else.")
    return redirect(url_for("account.account"))


def _change_password() -> str | None:
    user = session().user
    new = request.form.get("password", "")
    if not confirmed("old"):
        return "The old password is not right."
    if new != request.form.get("again"):
        return "The two new passwords differ. Type the same one twice."
    try:
        identity().passwords.change(user.id, password=new)
    except WeakPasswordError as error:
        return str(error)
    identity().sessions.end_all(user.id, keep_token=cookies.read(cookies.SESSION))
    return None


def confirmed(field: str = "password") -> bool:
    """Whether the form carries the own password."""
    return confirm_password(session().user, request.form.get(field, ""))


@limited(PASSWORD_RATE)
def face() -> Answer:
    """Enrol or renew the own face, after the password once more."""
    if request.method == "GET":
        return render_template("account_face.html")
    if not confirmed():
        return render_template("account_face.html", problem=WRONG_PASSWORD), FORM_REFUSED
    return steps.begin_ceremony(
        Purpose.ENROLMENT,
        user_id=session().user.id,
        actor_id=None,
        then=url_for("enrol.enrol"),
    )


@limited(PASSWORD_RATE)
def erase_face() -> Answer:
    user = session().user
    if user.face is None:
        return redirect(url_for("account.account"))
    if request.method == "GET":
        return render_template("account_erase.html")
    if not confirmed():
        return render_template("account_erase.html", problem=WRONG_PASSWORD), FORM_REFUSED
    identity().vault.erase(user.id, actor=user.id)
    steps.say("Your face is erased. Enrol it again before you log out, or ask for a login code.")
    return redirect(url_for("account.account"))


@limited(PASSWORD_RATE)
def data() -> Answer:
    """Everything that is held about oneself, as a file, after the password once more."""
    if request.method == "GET":
        return render_template("account_data.html")
    if not confirmed():
        return render_template("account_data.html", problem=WRONG_PASSWORD), FORM_REFUSED
    user = session().user
    held = identity().personal_data.export(user.id, actor=user.id)
    response = make_response(json.dumps(held, indent=1, ensure_ascii=False))
    response.mimetype = "application/json"
    name = f"countenance-{user.id[:8]}.json"  # a login name may hold what a header may not
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def device(device_id: str) -> Answer:
    """One own device: rename it, or read what forgetting means before doing it."""
    found = _own_device(device_id)
    if request.method == "GET":
        here = session().device_id == found.id
        return render_template(
            "account_device.html",
            device=found,
            is_here=here,
            cameras=[c for c in steps.known_cameras(found.user_id) if c.device_id == found.id],
            is_calibrating=web().container.settings.engine.pad_calibration != "off",
        )
    label = request.form.get("label", "")
    if identity().devices.rename(found.id, session().user.id, label=label):
        steps.say("The device has its new name.")
    return redirect(url_for("account.account"))


def forget_device(device_id: str) -> Answer:
    found = _own_device(device_id)
    if request.method == "GET":
        return render_template("account_device_forget.html", device=found)
    owner = session().user.id
    if identity().devices.forget(found.id, owner, actor=owner):
        steps.say(f"{found.label} is forgotten.")
    return redirect(url_for("account.account"))


def _own_device(device_id: str) -> Device:
    own = identity().devices.list_devices(session().user.id)
    found = next((device for device in own if device.id == device_id), None)
    if found is None:
        abort(404)
    return found


def end_sessions() -> Answer:
    count = identity().sessions.end_all(session().user.id, keep_token=cookies.read(cookies.SESSION))
    if count:
        steps.note_ended(session().user.id, why="elsewhere")
    where = "1 other place" if count == 1 else f"{count} other places"
    steps.say(f"You are logged out in {where}." if count else "You were logged in only here.")
    return redirect(url_for("account.account"))
