"""First run: the first administrator, by whoever can read the console."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for

from countenance.identity.errors import AlreadySetUpError, UnacceptableNameError, WeakPasswordError
from countenance.identity.interfaces import Purpose
from countenance.web.access import limited, public
from countenance.web.context import identity, web
from countenance.web.errors import FORM_REFUSED
from countenance.web.pages import steps
from countenance.web.pages.auth import PASSWORD_RATE, Answer
from countenance.web.setup_code import check_setup_code, remove_setup_code


def make_blueprint() -> Blueprint:
    """`/setup`, open until the first administrator exists."""
    pages = Blueprint("setup", __name__)
    pages.add_url_rule("/setup", "setup", setup, methods=["GET", "POST"])
    return pages


@public
@limited(PASSWORD_RATE)
def setup() -> Answer:
    if identity().users.is_set_up():
        return redirect(url_for("auth.login"))
    if request.method == "GET":
        return render_template("setup.html", form={"code": request.args.get("code", "")})
    problem = _problem()
    return _set_up() if problem is None else _again(problem)


def _problem() -> str | None:
    if not check_setup_code(web().container.settings.home, request.form.get("code", "")):
        return (
            "The set-up code is not right. It stands on the console where the server was started."
        )
    if request.form.get("password") != request.form.get("again"):
        return "The two passwords differ. Type the same one twice."
    return None


def _set_up() -> Answer:
    name = request.form.get("name", "")
    try:
        user = identity().users.set_up(
            name=name,
            display_name=request.form.get("display_name", "").strip() or name,
            password=request.form.get("password", ""),
        )
    except (UnacceptableNameError, WeakPasswordError) as error:
        return _again(str(error))
    except AlreadySetUpError:
        return redirect(url_for("auth.login"))
    remove_setup_code(web().container.settings.home)
    return steps.begin_ceremony(
        Purpose.ENROLMENT, user_id=user.id, actor_id=None, then=url_for("enrol.enrol")
    )


def _again(problem: str) -> Answer:
    return render_template("setup.html", form=request.form, problem=problem), FORM_REFUSED
