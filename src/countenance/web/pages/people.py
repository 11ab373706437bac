"""Administration of people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from countenance.events import Tag
from countenance.identity.errors import (
    LastAdministratorError,
    NameTakenError,
    UnacceptableNameError,
    UserNotFoundError,
    WeakPasswordError,
)
from countenance.identity.interfaces import Purpose, Role, User, UserId
from countenance.identity.passwords import TEMPORARY_GROUPS
from countenance.identity.tokens import new_code
from countenance.web.access import limited, role_required
from countenance.web.context import identity, session, web
from countenance.web.errors import FORM_REFUSED
from countenance.web.pages import steps
from countenance.web.pages.account import WRONG_PASSWORD
from countenance.web.pages.attempts import page_number
from countenance.web.pages.auth import PASSWORD_RATE, Answer

ROWS = 25


def make_blueprint() -> Blueprint:
    """`/people` and below, for administrators only."""
    pages = Blueprint("people", __name__, url_prefix="/people")
    rules: tuple[tuple[str, str, Callable[..., Any], list[str]], ...] = (
        ("", "people", people, ["GET"]),
        ("/add", "add", add, ["GET", "POST"]),
        ("/<user_id>", "person", person, ["GET"]),
        ("/<user_id>/enabled", "enabled", enabled, ["POST"]),
        ("/<user_id>/password", "password", password, ["POST"]),
        ("/<user_id>/code", "code", code, ["POST"]),
        ("/<user_id>/enrol", "enrol", enrol, ["GET", "POST"]),
        ("/<user_id>/face/erase", "erase_face", erase_face, ["GET", "POST"]),
        ("/<user_id>/remove", "remove", remove, ["GET", "POST"]),
    )
    for path, endpoint, view, methods in rules:
        pages.add_url_rule(path, endpoint, role_required(Role.ADMINISTRATOR)(view), methods=methods)
    return pages


def people() -> Answer:
    search, page = request.args.get("search", "").strip()[:100], page_number()
    found = identity().users.list_users(search=search, offset=(page - 1) * ROWS, limit=ROWS)
    return render_template(
        "people.html",
        found=found,
        search=search,
        page=page,
        pages=max(1, -(-found.total // ROWS)),
        pack=web().recognition.pack,
    )


def add() -> Answer:
    if request.method == "GET":
        return render_template("person_add.html", form={})
    name, role = request.form.get("name", ""), request.form.get("role", "")
    temporary = new_code(TEMPORARY_GROUPS)
    try:
        user = identity().users.add(
            name=name,
            display_name=request.form.get("display_name", "").strip() or name,
            password=temporary,
            role=Role(role) if role in set(Role) else Role.VIEWER,
            actor=session().user.id,
        )
    except (NameTakenError, UnacceptableNameError, WeakPasswordError) as error:
        page = render_template("person_add.html", form=request.form, problem=str(error))
        return page, FORM_REFUSED
    return _show_secret(user, "password", temporary)


def _actor() -> UserId:
    return session().user.id


def person(user_id: str) -> Answer:
    user = identity().users.get(UserId(user_id))
    return render_template(
        "person.html",
        person=user,
        is_self=user.id == _actor(),
        pack=web().recognition.pack,
        duplicates=_duplicates(user),
    )


def _duplicates(user: User) -> list[User]:
    """Others whose face looked like this user's at the enrolment that counts now."""
    if user.face is None:
        return []
    events = identity().audit.list_events(
        subject_id=user.id, tags=(Tag.FACE_DUPLICATE_FOUND,), limit=20
    )
    others = {e.details.get("other", "") for e in events if e.at >= user.face.enrolled_at}
    return [found for other in sorted(others) if (found := _find(UserId(other))) is not None]


def _find(user_id: UserId) -> User | None:
    try:
        return identity().users.get(user_id)
    except UserNotFoundError:
        return None


def enabled(user_id: str) -> Answer:
    wanted = request.form.get("enabled") == "yes"
    try:
        user = identity().users.set_enabled(UserId(user_id), enabled=wanted, actor=_actor())
    except LastAdministratorError as error:
        steps.say(str(error), kind="bad")
    else:
        word = "can log in again" if wanted else "is disabled and logged out everywhere"
        steps.say(f"{user.display_name} {word}.")
    return redirect(url_for("people.person", user_id=user_id))


def password(user_id: str) -> Answer:
    user = identity().users.get(UserId(user_id))
    return _show_secret(user, "password", identity().passwords.reset(user.id, actor=_actor()))


def code(user_id: str) -> Answer:
    user = identity().users.get(UserId(user_id))
    return _show_secret(user, "code", identity().login_codes.issue(user.id, actor=_actor()))


def _show_secret(user: User, kind: str, secret: str) -> str:
    """Shown in the answer itself: it is nowhere else, and `no-store` keeps it out of caches."""
    return render_template(
        "person_secret.html",
        person=user,
        kind=kind,
        secret=secret,
        minutes=int(web().container.settings.login.code_lifetime_s // 60),
    )


@limited(PASSWORD_RATE)
def enrol(user_id: str) -> Answer:
    """Enrol for somebody else, after the administrator's own password once more."""
    user = identity().users.get(UserId(user_id))
    if user.id == _actor():
        return redirect(url_for("account.face"))
    if request.method == "GET":
        return render_template("person_enrol.html", person=user)
    given = request.form.get("password", "")
    if not identity().passwords.verify_for(_actor(), password=given):
        page = render_template("person_enrol.html", person=user, problem=WRONG_PASSWORD)
        return page, FORM_REFUSED
    return steps.begin_ceremony(
        Purpose.ENROLMENT, user_id=user.id, actor_id=_actor(), then=url_for("enrol.enrol")
    )


def erase_face(user_id: str) -> Answer:
    user = identity().users.get(UserId(user_id))
    if request.method == "GET":
        return render_template("person_erase.html", person=user)
    identity().vault.erase(user.id, actor=_actor())
    steps.say(f"The face of {user.display_name} is erased.")
    return redirect(url_for("people.person", user_id=user_id))


def remove(user_id: str) -> Answer:
    user = identity().users.get(UserId(user_id))
    if request.method == "GET":
        return render_template("person_remove.html", person=user)
    try:
        identity().users.remove(user.id, actor=_actor())
    except LastAdministratorError as error:
        steps.say(str(error), kind="bad")
        return redirect(url_for("people.person", user_id=user_id))
    steps.say(f"{user.display_name} is removed.")
    return redirect(url_for("people.people"))
