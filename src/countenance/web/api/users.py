"""`/users`: people, as the page of that name has them."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from countenance.identity.api_scopes import Scope
from countenance.identity.interfaces import FaceState, Role, User, UserFilter, UserId, UserState
from countenance.web.access import token_required
from countenance.web.api.models import Asked, Moment, Told, UserIdText
from countenance.web.api.operations import operation
from countenance.web.context import identity, web


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
    return told_user(identity().users.get(UserId(user_id)))


def told_user(user: User) -> UserValue:
    """One person, with whether a face waits."""
    return user_value(user, is_pending=identity().pending_faces.find(user.id) is not None)


def user_value(user: User, *, is_pending: bool) -> UserValue:
    return UserValue(
        id=user.id,
        name=user.name,
        display_name=user.display_name,
        role=user.role,
        enabled=user.is_enabled,
        has_password=user.has_password,
        face=_face(user, is_pending=is_pending),
        created_at=user.created_at,
        last_login_at=user.last_login_at,
    )


def _face(user: User, *, is_pending: bool) -> FaceState:
    if user.face is None:
        return FaceState.PENDING if is_pending else FaceState.NONE
    is_current = user.face.pack == web().recognition.pack
    return FaceState.ENROLLED if is_current else FaceState.OTHER_PACK


OPERATIONS: Final = (list_users, get_user)
