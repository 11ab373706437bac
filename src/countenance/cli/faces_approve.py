"""`countenance faces pending|approve|reject`: faces that wait for a second person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from countenance.cli.context import Session, json_option, pass_session
from countenance.cli.users import all_users, confirm, find_user

if TYPE_CHECKING:
    from countenance.identity.administration_interfaces import PendingFace
    from countenance.identity.interfaces import User


@click.command()
@json_option
@pass_session
def pending(session: Session) -> None:
    """List faces that one person enrolled for another and that nobody has approved yet.

    JSON keys: faces (list of name enrolled_by samples enrolled_at).

    \b
    Example: countenance faces pending
    """
    from countenance.identity.interfaces import FaceState, UserFilter

    waiting = [
        (user, face)
        for user in all_users(session, UserFilter(face=FaceState.PENDING))
        if (face := session.container.identity.pending_faces.find(user.id)) is not None
    ]
    if session.wants_json:
        session.answer({"faces": [_as_json(session, *row) for row in waiting]})
        return
    for user, face in waiting:
        by = _name(session, face)
        click.echo(f"{user.name}: {face.samples} samples, enrolled by {by}, {face.enrolled_at:%F}")
    if not waiting:
        click.echo("No face waits for approval.")


def _name(session: Session, face: PendingFace) -> str:
    names = session.container.identity.users.names({face.enrolled_by})
    return names.get(face.enrolled_by, "somebody who was removed")


def _as_json(session: Session, user: User, face: PendingFace) -> dict[str, object]:
    return {
        "name": user.name,
        "enrolled_by": _name(session, face),
        "samples": face.samples,
        "enrolled_at": face.enrolled_at.isoformat(),
    }


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def approve(session: Session, name: str, yes: bool) -> None:
    """Let the face of NAME that somebody else enrolled count.

    \b
    Example: countenance faces approve ada
    """
    user, face = _waiting(session, name)
    by = _name(session, face)
    confirm(f"Let the face that {by} enrolled for {user.name} count?", yes=yes)
    session.container.identity.pending_faces.approve(user.id, face.id, actor=None)
    click.echo(f"The face of {user.name} counts from now on.")


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def reject(session: Session, name: str, yes: bool) -> None:
    """Erase the face of NAME that somebody else enrolled and that waits.

    \b
    Example: countenance faces reject ada
    """
    user, face = _waiting(session, name)
    by = _name(session, face)
    confirm(f"Erase the face that {by} enrolled for {user.name}?", yes=yes)
    session.container.identity.pending_faces.reject(user.id, face.id, actor=None)
    click.echo(f"The new face of {user.name} is rejected and erased.")


def _waiting(session: Session, name: str) -> tuple[User, PendingFace]:
    """The user and the face that waits. Raises: UserNotFoundError, NoPendingFaceError."""
    from countenance.identity.errors import NoPendingFaceError

    user = find_user(session, name)
    face = session.container.identity.pending_faces.find(user.id)
    if face is None:
        raise NoPendingFaceError(
            f"No face of {user.name} waits for approval.", remedy="See: countenance faces pending"
        )
    return user, face
