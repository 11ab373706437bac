"""`/users`: people, as the page of that name has them."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Final

from flask import url_for
from pydantic import Field

from countenance.identity.api_scopes import Scope
from countenance.identity.interfaces import FaceState, Role, User, UserFilter, UserId, UserState
from countenance.web.access import token_required
from countenance.web.api.bearer import token
from countenance.web.api.models import Asked, Moment, Told, UserIdText
from countenance.web.api.operations import operation
from countenance.web.api.reach import reached
from countenance.web.context import identity, web


class GivenRole(StrEnum):
    """A role that a token may give; that of an administrator is given by people alone."""

    VIEWER = Role.VIEWER.value
    OPERATOR = Role.OPERATOR.value
    OFFICER = Role.OFFICER.value
    AUDITOR = Role.AUDITOR.value


class UserValue(Told):
    """A person."""

    id: UserIdText
    name: str = Field(description="Login name: lower case, unique.")
    display_name: str
    role: Role
    enabled: bool
    has_password: bool = Field(description="False for whoever still has to choose one.")
    face: FaceState = Field(description="`pending` only where there is no other face.")
    created_at: Moment
    last_login_at: Moment | None


class UserQuery(Asked):
    """Which people, and where the page begins."""

    search: Annotated[str, Field(max_length=100)] = Field(
        "", description="Part of the login or display name, in any case."
    )
    role: Role | None = None
    state: UserState | None = None
    face: FaceState | None = None
    after: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="`next` of the page before."
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class UserList(Told):
    """One page of people by login name."""

    users: tuple[UserValue, ...]
    total: int = Field(description="People who fit, on all pages.")
    next: str | None = Field(description="`after` of the page that follows; null at the end.")


class NewUser(Asked):
    """Somebody who is to be added."""

    name: Annotated[str, Field(min_length=1, max_length=64)] = Field(
        description="Login name: letters, digits and . _ - @; case does not count."
    )
    display_name: Annotated[str, Field(max_length=100)] = Field(
        "", description="Empty takes the login name."
    )
    role: GivenRole = GivenRole.VIEWER
    password: Annotated[str, Field(min_length=1, max_length=1024)] | None = Field(
        None,
        description="A first password, to be replaced at the first login; without one the person "
        "is invited and chooses it.",
    )


class InvitationValue(Told):
    """How somebody chooses a password; told once."""

    code: str
    link: str = Field(description="The page for it, with the code after the #.")
    expires_at: Moment


class AddedUser(Told):
    """Somebody who was added."""

    user: UserValue
    invitation: InvitationValue | None = Field(description="Null where a password was given.")


class UserChange(Asked):
    """What is to be different; what is left out or null stays."""

    display_name: Annotated[str, Field(max_length=100)] | None = None
    role: GivenRole | None = Field(None, description="Ends all sessions of the person.")
    enabled: bool | None = Field(None, description="False keeps the person out, and ends sessions.")


@token_required(Scope.USERS_READ)
@operation("GET", "/users", summary="List people", query=UserQuery, answers=UserList)
def list_users(query: UserQuery) -> UserList:
    """People in the order of their login names, narrowed down by whatever is given."""
    fits = UserFilter(
        search=query.search,
        role=query.role,
        state=query.state,
        face=query.face,
        pack=web().recognition.pack,
    )
    page = identity().users.list_users(fits, after=query.after, limit=query.limit)
    waiting = identity().pending_faces.among([user.id for user in page.users])
    return UserList(
        users=tuple(user_value(user, is_pending=user.id in waiting) for user in page.users),
        total=page.total,
        next=page.users[-1].name if page.users and page.has_after else None,
    )


@token_required(Scope.USERS_READ)
@operation("GET", "/users/<user_id>", summary="Read a person", answers=UserValue)
def get_user(user_id: str) -> UserValue:
    """One person by id."""
    return _told(identity().users.get(UserId(user_id)))


@token_required(Scope.USERS_WRITE)
@operation(
    "POST",
    "/users",
    summary="Add a person",
    body=NewUser,
    answers=AddedUser,
    status=HTTPStatus.CREATED,
    problems=(HTTPStatus.CONFLICT,),
)
def add_user(body: NewUser) -> tuple[AddedUser, dict[str, str]]:
    """Invite somebody, or add them with a first password."""
    role, maker = Role(body.role.value), token().maker.id
    if body.password is None:
        user, code = identity().invitations.invite(
            name=body.name, display_name=body.display_name, role=role, actor=maker
        )
    else:
        code = ""
        user = identity().users.add(
            name=body.name,
            display_name=body.display_name,
            password=body.password,
            role=role,
            actor=maker,
        )
    added = AddedUser(user=_told(user), invitation=_invitation(code) if code else None)
    return added, {"Location": url_for("api.get_user", user_id=user.id)}


@token_required(Scope.USERS_WRITE)
@operation(
    "PATCH",
    "/users/<user_id>",
    summary="Change a person",
    body=UserChange,
    answers=UserValue,
    problems=(HTTPStatus.CONFLICT,),
)
def change_user(user_id: str, body: UserChange) -> UserValue:
    """Rename, give another role, enable or disable; never an administrator."""
    user, maker = reached(user_id), token().maker.id
    if body.display_name is not None:
        user = identity().users.rename(user.id, body.display_name, actor=maker)
    if body.role is not None:
        user = identity().users.set_role(user.id, Role(body.role.value), actor=maker)
    if body.enabled is not None:
        user = identity().users.set_enabled(user.id, enabled=body.enabled, actor=maker)
    return _told(user)


@token_required(Scope.USERS_WRITE)
@operation(
    "DELETE",
    "/users/<user_id>",
    summary="Remove a person",
    status=HTTPStatus.NO_CONTENT,
    problems=(HTTPStatus.CONFLICT,),
)
def remove_user(user_id: str) -> None:
    """Remove somebody with face, password and sessions for good; never an administrator."""
    identity().users.remove(reached(user_id).id, actor=token().maker.id)


def _told(user: User) -> UserValue:
    return user_value(user, is_pending=identity().pending_faces.find(user.id) is not None)


def user_value(user: User, *, is_pending: bool) -> UserValue:
    """A person as the API tells of one."""
    return UserValue(
        id=user.id,
        name=user.name,
        display_name=user.display_name,
        role=user.role,
        enabled=user.is_enabled,
        has_password=user.has_password,
        face=face_state(user, is_pending=is_pending),
        created_at=user.created_at,
        last_login_at=user.last_login_at,
    )


def face_state(user: User, *, is_pending: bool) -> FaceState:
    """What there is of a user's face for the engine in use."""
    if user.face is None:
        return FaceState.PENDING if is_pending else FaceState.NONE
    is_current = user.face.pack == web().recognition.pack
    return FaceState.ENROLLED if is_current else FaceState.OTHER_PACK


def _invitation(code: str) -> InvitationValue:
    lifetime = timedelta(seconds=web().container.settings.login.invitation_lifetime_s)
    return InvitationValue(
        code=code,
        link=f"{url_for('invite.invite', _external=True)}#{code}",
        expires_at=web().container.clock.now() + lifetime,
    )


OPERATIONS: Final = (list_users, get_user, add_user, change_user, remove_user)
