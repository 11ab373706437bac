"""Faces of other people: enrolled, approved by a second person, rejected, erased."""

from __future__ import annotations

from datetime import datetime

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from countenance.apps.assurance import fresh_required
from countenance.events import Tag
from countenance.identity.errors import NoPendingFaceError, OwnApprovalError, UserNotFoundError
from countenance.identity.interfaces import Purpose, User, UserId
from countenance.identity.permissions import Permission
from countenance.web.access import limited, permission_required, subject_of_act
from countenance.web.context import actor, identity, session
from countenance.web.errors import FORM_REFUSED
from countenance.web.pages import steps
from countenance.web.pages.account import WRONG_PASSWORD
from countenance.web.pages.auth import PASSWORD_RATE, Answer
from countenance.web.tries import confirm_password


@permission_required(Permission.ENROL_OTHERS)
@limited(PASSWORD_RATE)
def enrol(user_id: str) -> Answer:
    """Enrol for somebody else, after the own password of whoever does it once more."""
    if user_id == actor():
        return redirect(url_for("account.face"))
    user = subject_of_act(user_id)
    if request.method == "GET":
        return render_template("person_enrol.html", person=user)
    given = request.form.get("password", "")
    if not confirm_password(session().user, given):
        page = render_template("person_enrol.html", person=user, problem=WRONG_PASSWORD)
        return page, FORM_REFUSED
    return steps.begin_ceremony(
        Purpose.ENROLMENT, user_id=user.id, actor_id=actor(), then=url_for("enrol.enrol")
    )


@permission_required(Permission.ERASE_FACES)
def erase_face(user_id: str) -> Answer:
    user = subject_of_act(user_id)
    if request.method == "GET":
        return render_template("person_erase.html", person=user)
    identity().vault.erase(user.id, actor=actor())
    steps.say(f"The face of {user.display_name} is erased.")
    return redirect(url_for("people.person", user_id=user_id))


@permission_required(Permission.APPROVE_ENROLMENTS)
@fresh_required("people.face.approve", title="Approve a face", parameters=("user_id",))
def approve_face(user_id: str) -> Response:
    """Agree to a face that somebody else enrolled."""
    user = subject_of_act(user_id)
    try:
        identity().pending_faces.approve(user.id, _asked_face(), actor=actor())
    except (NoPendingFaceError, OwnApprovalError) as error:
        steps.say(str(error), kind="bad")
    else:
        steps.say(f"The face of {user.display_name} counts from now on.")
    return redirect(url_for("people.person", user_id=user_id))


@permission_required(Permission.APPROVE_ENROLMENTS)
def reject_face(user_id: str) -> Response:
    """Erase a face that waits; also by whoever enrolled it."""
    user = subject_of_act(user_id)
    try:
        identity().pending_faces.reject(user.id, _asked_face(), actor=actor())
    except NoPendingFaceError as error:
        steps.say(str(error), kind="bad")
    else:
        steps.say(f"The new face of {user.display_name} is rejected and erased.")
    return redirect(url_for("people.person", user_id=user_id))


def _asked_face() -> str:
    """Which enrolment was looked at: another one that came meanwhile is not meant."""
    return request.form.get("face", "")


def duplicates(user: User, enrolled_at: datetime | None) -> list[User]:
    """Others whose face looked like this user's at an enrolment.

    Args: enrolled_at: of the face that waits; None takes the one that counts.
    """
    since = enrolled_at or (user.face.enrolled_at if user.face else None)
    if since is None:
        return []
    events = identity().audit.list_events(
        subject_id=user.id, tags=(Tag.FACE_DUPLICATE_FOUND,), limit=20
    )
    others = {e.details.get("other", "") for e in events if e.at >= since}
    return [found for other in sorted(others) if (found := _find(UserId(other))) is not None]


def _find(user_id: UserId) -> User | None:
    try:
        return identity().users.get(user_id)
    except UserNotFoundError:
        return None
