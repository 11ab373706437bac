"""Administration of people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict

from flask import Blueprint, redirect, render_template, request, url_for

from countenance.apps.assurance import fresh_required
from countenance.identity.errors import (
    LastAdministratorError,
    NameTakenError,
    OwnRoleError,
    UnacceptableNameError,
    WeakPasswordError,
)
from countenance.identity.interfaces import Role, User, UserId
from countenance.identity.passwords import TEMPORARY_GROUPS
from countenance.identity.permissions import MATRIX, Permission, governs
from countenance.identity.tokens import new_code
from countenance.web import factors
from countenance.web.access import permission_required, subject_of_act
from countenance.web.context import actor, identity, session, web
from countenance.web.errors import FORM_REFUSED
from countenance.web.pages import people_faces, people_list, people_ways, steps
from countenance.web.pages.auth import Answer


def make_blueprint() -> Blueprint:
    """`/people` and below; each page with the permission that it needs."""
    pages = Blueprint("people", __name__, url_prefix="/people")
    rules: tuple[tuple[str, str, Callable[..., Any], list[str]], ...] = (
        ("", "people", people_list.people, ["GET"]),
        ("/add", "add", add, ["GET", "POST"]),
        ("/<user_id>", "person", person, ["GET"]),
        ("/<user_id>/enabled", "enabled", enabled, ["POST"]),
        ("/<user_id>/role", "role", role, ["GET", "POST"]),
        ("/<user_id>/password", "password", people_ways.password, ["POST"]),
        ("/<user_id>/code", "code", people_ways.code, ["POST"]),
        ("/<user_id>/unlock", "unlock", people_ways.unlock, ["POST"]),
        ("/<user_id>/factors", "factors", people_ways.factors, ["GET", "POST"]),
        ("/<user_id>/enrol", "enrol", people_faces.enrol, ["GET", "POST"]),
        ("/<user_id>/face/approve", "approve_face", people_faces.approve_face, ["POST"]),
        ("/<user_id>/face/reject", "reject_face", people_faces.reject_face, ["POST"]),
        ("/<user_id>/face/erase", "erase_face", people_faces.erase_face, ["GET", "POST"]),
        ("/<user_id>/remove", "remove", remove, ["GET", "POST"]),
    )
    for path, endpoint, view, methods in rules:
        pages.add_url_rule(path, endpoint, view, methods=methods)
    return pages


@permission_required(Permission.MANAGE_PEOPLE)
def add() -> Answer:
    if request.method == "GET":
        return render_template("person_add.html", form={})
    is_invited = request.form.get("way") != "password"
    try:
        user, secret = _invited() if is_invited else _added()
    except (NameTakenError, UnacceptableNameError, WeakPasswordError) as error:
        page = render_template("person_add.html", form=request.form, problem=str(error))
        return page, FORM_REFUSED
    return people_ways.show_secret(user, "invitation" if is_invited else "password", secret)


def _invited() -> tuple[User, str]:
    return identity().invitations.invite(**_asked_person(), actor=actor())


def _added() -> tuple[User, str]:
    temporary = new_code(TEMPORARY_GROUPS)
    return identity().users.add(**_asked_person(), password=temporary, actor=actor()), temporary


class _AskedPerson(TypedDict):
    name: str
    display_name: str
    role: Role


def _asked_person() -> _AskedPerson:
    name = request.form.get("name", "")
    return {
        "name": name,
        "display_name": request.form.get("display_name", "").strip() or name,
        "role": _asked_role() or Role.VIEWER,
    }


def _asked_role() -> Role | None:
    """The role of the form; None when there is no such role."""
    return people_list.member(Role, request.form.get("role", ""))


@permission_required(Permission.READ_PEOPLE)
def person(user_id: str) -> Answer:
    user = identity().users.get(UserId(user_id))
    waiting = identity().pending_faces.find(user.id)
    return render_template(
        "person.html",
        person=user,
        is_self=user.id == actor(),
        can=_permitted_acts(user),
        pack=web().recognition.pack,
        waiting=waiting,
        enrolled_by=_name(waiting.enrolled_by) if waiting else "",
        duplicates=people_faces.duplicates(user, waiting.enrolled_at if waiting else None),
        second_factors=factors.second_factors(user),
        slowed=identity().throttles.slowed(user.id),
        cameras=steps.known_cameras(user.id),
    )


def _name(user_id: UserId) -> str:
    return identity().users.names({user_id}).get(user_id, "somebody who was removed")


def _permitted_acts(user: User) -> frozenset[Permission]:
    """What whoever asks may do to that person."""
    own = session().user.role
    return MATRIX[own] if governs(own, user.role) else frozenset()


@permission_required(Permission.MANAGE_PEOPLE)
def enabled(user_id: str) -> Answer:
    wanted = request.form.get("enabled") == "yes"
    try:
        user = subject_of_act(user_id)
        identity().users.set_enabled(user.id, enabled=wanted, actor=actor())
    except LastAdministratorError as error:
        steps.say(str(error), kind="bad")
    else:
        word = "can log in again" if wanted else "is disabled and logged out everywhere"
        steps.say(f"{user.display_name} {word}.")
    return redirect(url_for("people.person", user_id=user_id))


@permission_required(Permission.ASSIGN_ROLES)
@fresh_required("people.role", title="Change a role", parameters=("user_id",))
def role(user_id: str) -> Answer:
    user = subject_of_act(user_id)
    if request.method == "GET":
        return render_template("person_role.html", person=user, chosen=user.role)
    wanted = _asked_role()
    if wanted is None:
        return _role_again(user, "Choose one of the roles.")
    try:
        changed = identity().users.set_role(user.id, wanted, actor=actor())
    except (LastAdministratorError, OwnRoleError) as error:
        return _role_again(user, str(error))
    if changed.role is not user.role:
        steps.say(f"{changed.display_name} is {wanted} now, and logged out everywhere.")
    return redirect(url_for("people.person", user_id=user_id))


def _role_again(user: User, problem: str) -> Answer:
    chosen = request.form.get("role", user.role)
    page = render_template("person_role.html", person=user, chosen=chosen, problem=problem)
    return page, FORM_REFUSED


@permission_required(Permission.MANAGE_PEOPLE)
@fresh_required("people.remove", title="Remove a person", parameters=("user_id",))
def remove(user_id: str) -> Answer:
    user = subject_of_act(user_id)
    if request.method == "GET":
        return render_template("person_remove.html", person=user)
    try:
        identity().users.remove(user.id, actor=actor())
    except LastAdministratorError as error:
        steps.say(str(error), kind="bad")
        return redirect(url_for("people.person", user_id=user_id))
    steps.say(f"{user.display_name} is removed.")
    return redirect(url_for("people.people"))
