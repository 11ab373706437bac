"""Administration of people."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, TypedDict, TypeVar

from flask import Blueprint, redirect, render_template, request, url_for

from countenance.apps.assurance import fresh_required
from countenance.events import Tag
from countenance.identity.errors import (
    LastAdministratorError,
    NameTakenError,
    OwnRoleError,
    UnacceptableNameError,
    UserNotFoundError,
    WeakPasswordError,
)
from countenance.identity.interfaces import (
    FaceState,
    Purpose,
    Role,
    User,
    UserFilter,
    UserId,
    UserState,
)
from countenance.identity.passwords import TEMPORARY_GROUPS
from countenance.identity.permissions import MATRIX, Permission, governs
from countenance.identity.tokens import new_code
from countenance.web.access import limited, permission_required, subject_of_act
from countenance.web.context import identity, session, web
from countenance.web.errors import FORM_REFUSED
from countenance.web.pages import steps
from countenance.web.pages.account import WRONG_PASSWORD
from countenance.web.pages.auth import PASSWORD_RATE, Answer
from countenance.web.tries import confirm_password

ROWS: Final = 25
Choice = TypeVar("Choice", bound=StrEnum)


def make_blueprint() -> Blueprint:
    """`/people` and below; each page with the permission that it needs."""
    pages = Blueprint("people", __name__, url_prefix="/people")
    rules: tuple[tuple[str, str, Callable[..., Any], list[str]], ...] = (
        ("", "people", people, ["GET"]),
        ("/add", "add", add, ["GET", "POST"]),
        ("/<user_id>", "person", person, ["GET"]),
        ("/<user_id>/enabled", "enabled", enabled, ["POST"]),
        ("/<user_id>/role", "role", role, ["GET", "POST"]),
        ("/<user_id>/password", "password", password, ["POST"]),
        ("/<user_id>/code", "code", code, ["POST"]),
        ("/<user_id>/unlock", "unlock", unlock, ["POST"]),
        ("/<user_id>/enrol", "enrol", enrol, ["GET", "POST"]),
        ("/<user_id>/face/erase", "erase_face", erase_face, ["GET", "POST"]),
        ("/<user_id>/remove", "remove", remove, ["GET", "POST"]),
    )
    for path, endpoint, view, methods in rules:
        pages.add_url_rule(path, endpoint, view, methods=methods)
    return pages


@permission_required(Permission.READ_PEOPLE)
def people() -> Answer:
    fits = _asked_filter()
    after, before = request.args.get("after"), request.args.get("before")
    found = identity().users.list_users(fits, after=after, before=before, limit=ROWS)
    if not found.users and found.total and (after or before):
        return redirect(url_for("people.people", **_query(fits)))  # whoever was there is gone
    return render_template(
        "people.html", found=found, fits=fits, query=_query(fits), pack=web().recognition.pack
    )


def _asked_filter() -> UserFilter:
    """The filter of the address; what it does not know it leaves out."""
    asked = request.args
    return UserFilter(
        search=asked.get("search", "").strip()[:100],
        role=_member(Role, asked.get("role", "")),
        state=_member(UserState, asked.get("state", "")),
        face=_member(FaceState, asked.get("face", "")),
        pack=web().recognition.pack,
    )


def _member(kind: type[Choice], text: str) -> Choice | None:
    return kind(text) if text in set(kind) else None


def _query(fits: UserFilter) -> dict[str, Any]:
    """The filter as the address of a page carries it."""
    asked = {"search": fits.search, "role": fits.role, "state": fits.state, "face": fits.face}
    return {name: value for name, value in asked.items() if value}


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
    return _show_secret(user, "invitation" if is_invited else "password", secret)


def _invited() -> tuple[User, str]:
    return identity().invitations.invite(**_asked_person(), actor=_actor())


def _added() -> tuple[User, str]:
    temporary = new_code(TEMPORARY_GROUPS)
    return identity().users.add(**_asked_person(), password=temporary, actor=_actor()), temporary


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
    return _member(Role, request.form.get("role", ""))


def _actor() -> UserId:
    return session().user.id


@permission_required(Permission.READ_PEOPLE)
def person(user_id: str) -> Answer:
    user = identity().users.get(UserId(user_id))
    return render_template(
        "person.html",
        person=user,
        is_self=user.id == _actor(),
        can=_permitted_acts(user),
        pack=web().recognition.pack,
        duplicates=_duplicates(user),
        slowed=identity().throttles.slowed(user.id),
    )


def _permitted_acts(user: User) -> frozenset[Permission]:
    """What whoever asks may do to that person."""
    own = session().user.role
    return MATRIX[own] if governs(own, user.role) else frozenset()


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


@permission_required(Permission.MANAGE_PEOPLE)
def enabled(user_id: str) -> Answer:
    wanted = request.form.get("enabled") == "yes"
    try:
        user = subject_of_act(user_id)
        identity().users.set_enabled(user.id, enabled=wanted, actor=_actor())
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
        changed = identity().users.set_role(user.id, wanted, actor=_actor())
    except (LastAdministratorError, OwnRoleError) as error:
        return _role_again(user, str(error))
    if changed.role is not user.role:
        steps.say(f"{changed.display_name} is {wanted} now, and logged out everywhere.")
    return redirect(url_for("people.person", user_id=user_id))


def _role_again(user: User, problem: str) -> Answer:
    chosen = request.form.get("role", user.role)
    page = render_template("person_role.html", person=user, chosen=chosen, problem=problem)
    return page, FORM_REFUSED


@permission_required(Permission.RESET_CREDENTIALS)
@fresh_required("people.password", title="Give a new password", parameters=("user_id",))
def password(user_id: str) -> Answer:
    user = subject_of_act(user_id)
    return _show_secret(user, "reset", identity().invitations.reset(user.id, actor=_actor()))


@permission_required(Permission.ISSUE_LOGIN_CODES)
@fresh_required("people.code", title="Give a login code", parameters=("user_id",))
def code(user_id: str) -> Answer:
    user = subject_of_act(user_id)
    return _show_secret(user, "code", identity().login_codes.issue(user.id, actor=_actor()))


@permission_required(Permission.ISSUE_LOGIN_CODES)
def unlock(user_id: str) -> Answer:
    user = subject_of_act(user_id)
    identity().throttles.unlock(user.id, actor=_actor())
    identity().authenticator_apps.unlock(user.id)
    steps.say(f"{user.display_name} can try again at once.")
    return redirect(url_for("people.person", user_id=user_id))


def _show_secret(user: User, kind: str, secret: str) -> str:
    """Shown in the answer itself: it is nowhere else, and `no-store` keeps it out of caches."""
    limits = web().container.settings.login
    return render_template(
        "person_secret.html",
        person=user,
        kind=kind,
        secret=secret,
        # After the #, where neither a proxy nor this server writes it into a log.
        link=f"{url_for('invite.invite', _external=True)}#{secret}",
        minutes=int(limits.code_lifetime_s // 60),
        hours=int(limits.invitation_lifetime_s // 3600),
    )


@permission_required(Permission.ENROL_OTHERS)
@limited(PASSWORD_RATE)
def enrol(user_id: str) -> Answer:
    """Enrol for somebody else, after the own password of whoever does it once more."""
    if user_id == _actor():
        return redirect(url_for("account.face"))
    user = subject_of_act(user_id)
    if request.method == "GET":
        return render_template("person_enrol.html", person=user)
    given = request.form.get("password", "")
    if not confirm_password(session().user, given):
        page = render_template("person_enrol.html", person=user, problem=WRONG_PASSWORD)
        return page, FORM_REFUSED
    return steps.begin_ceremony(
        Purpose.ENROLMENT, user_id=user.id, actor_id=_actor(), then=url_for("enrol.enrol")
    )


@permission_required(Permission.ERASE_FACES)
def erase_face(user_id: str) -> Answer:
    user = subject_of_act(user_id)
    if request.method == "GET":
        return render_template("person_erase.html", person=user)
    identity().vault.erase(user.id, actor=_actor())
    steps.say(f"The face of {user.display_name} is erased.")
    return redirect(url_for("people.person", user_id=user_id))


@permission_required(Permission.MANAGE_PEOPLE)
@fresh_required("people.remove", title="Remove a person", parameters=("user_id",))
def remove(user_id: str) -> Answer:
    user = subject_of_act(user_id)
    if request.method == "GET":
        return render_template("person_remove.html", person=user)
    try:
        identity().users.remove(user.id, actor=_actor())
    except LastAdministratorError as error:
        steps.say(str(error), kind="bad")
        return redirect(url_for("people.person", user_id=user_id))
    steps.say(f"{user.display_name} is removed.")
    return redirect(url_for("people.people"))
