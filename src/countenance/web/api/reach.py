"""Whom a token reaches: as far as its maker's role, and no administrator."""

from __future__ import annotations

from countenance.identity.errors import NotPermittedError
from countenance.identity.interfaces import Role, User, UserId
from countenance.identity.permissions import check_governs
from countenance.web.api.bearer import token
from countenance.web.context import identity


def reached(user_id: str) -> User:
    """The person whom this request changes.

    Power over administrators asks for somebody who is there and confirms it; a token is nobody.

    Raises:
        UserNotFoundError: there is none.
        NotPermittedError: an administrator, or somebody above the role of the token's maker.
    """
    user = identity().users.get(UserId(user_id))
    check_governs(token().maker.role, user.role)
    if user.role is Role.ADMINISTRATOR:
        raise NotPermittedError(
            "A token changes no administrator.",
            remedy="Another administrator does that on the page People.",
        )
    return user
