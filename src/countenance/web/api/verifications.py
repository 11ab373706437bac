"""`/verifications`: have somebody shown to be before the camera of another app's page."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from flask import request
from pydantic import AfterValidator, Field

from countenance.identity.api_scopes import Scope
from countenance.identity.errors import UserNotFoundError
from countenance.identity.interfaces import User, UserId
from countenance.identity.verification_interfaces import Result, VerificationState, Wanted
from countenance.web.access import token_required
from countenance.web.api.bearer import token
from countenance.web.api.errors import CannotVerifyError, VerificationNotFoundError
from countenance.web.api.models import Asked, Moment, Told, UserIdText
from countenance.web.api.operations import operation
from countenance.web.context import address, identity, web
from countenance.web.origins import MAX_LENGTH, is_capture_origin
from countenance.web.verification.socket import PATH

BEGINNINGS: Final = 300
"""Verifications that one token begins in a minute."""
VerificationIdText = UserIdText
_PRINTABLE: Final = r"^[^\x00-\x1f\x7f]*$"
_LIKE_AN_ORIGIN: Final = r"^https?://[a-z0-9.:\[\]-]+$"


def _origin(text: str) -> str:
    if not is_capture_origin(text):
        raise ValueError(
            "give an origin as a browser names it, such as https://shop.example: https, or http "
            "on localhost; no path, no default port, lower case"
        )
    return text


class VerificationWish(Asked):
    """Who is to be verified, and in which page."""

    user: Annotated[str, Field(min_length=1, max_length=64, pattern=_PRINTABLE)] = Field(
        description="Login name or id."
    )
    origin: Annotated[
        str, Field(max_length=MAX_LENGTH, pattern=_LIKE_AN_ORIGIN), AfterValidator(_origin)
    ] = Field(
        description="Of the page that will run the capture, as a browser names it; no other may.",
        examples=["https://shop.example"],
    )
    reference: Annotated[str, Field(max_length=255, pattern=_PRINTABLE)] = Field(
        "", description="What you call it; handed back as it came. Name no person."
    )


class VerificationBegun(Told):
    """A verification that waits for its page."""

    id: VerificationIdText
    client_secret: str = Field(description="For the page, and nobody else; told once.")
    expires_at: Moment
    socket: str = Field(description="The WebSocket of the capture; the element finds it by itself.")


class VerifiedUser(Told):
    """Who was shown to be there."""

    id: UserIdText
    name: str


class VerificationValue(Told):
    """How a verification stands."""

    id: VerificationIdText
    state: VerificationState
    user: VerifiedUser | None = Field(description="Null unless granted.")
    reference: str
    policy: str = Field(description="What the capture asked for: passive, standard or strict.")
    created_at: Moment
    expires_at: Moment
    granted_at: Moment | None


@token_required(Scope.VERIFY)
@operation(
    "POST",
    "/verifications",
    summary="Begin a verification",
    body=VerificationWish,
    answers=VerificationBegun,
    status=HTTPStatus.CREATED,
    problems=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    rate=BEGINNINGS,
)
def begin_verification(body: VerificationWish) -> VerificationBegun:
    """Make a client secret with which one page may run the capture for one person.

    Somebody who is unknown, disabled or without a face gets a verification too, which is refused
    like a stranger's; a token that may read people is told instead (404, 409).
    """
    user = _find(body.user)
    if Scope.USERS_READ in token().usable_scopes:
        _check_can_be_verified(user)
    begun = identity().verifications.begin(
        Wanted(
            user_id=user.id if user is not None and user.is_enabled else None,
            subject=identity().throttles.subject(body.user, user.id if user else None),
            owner=token().id,
            origin=body.origin,
            reference=body.reference,
            policy=web().container.settings.login.policy,
        ),
        address=address(),
    )
    return VerificationBegun(
        id=begun.id,
        client_secret=begun.client_secret,
        expires_at=begun.expires_at,
        socket=f"{'wss' if request.is_secure else 'ws'}://{request.host}{PATH}",
    )


@token_required(Scope.VERIFY)
@operation(
    "GET",
    "/verifications/<verification_id>",
    summary="Read a verification",
    answers=VerificationValue,
)
def get_verification(verification_id: str) -> VerificationValue:
    """How it stands; only the token that began it is told. Asking again changes nothing."""
    return _told(identity().verifications.result(verification_id, owner=token().id))


@token_required(Scope.VERIFY)
@operation(
    "DELETE",
    "/verifications/<verification_id>",
    summary="Take the result of a verification",
    answers=VerificationValue,
)
def take_verification(verification_id: str) -> VerificationValue:
    """Its state for the last time: what is granted here once is not found afterwards.

    A pending one is called off.
    """
    return _told(identity().verifications.take(verification_id, owner=token().id))


def _find(name_or_id: str) -> User | None:
    found = identity().users.find(name_or_id)
    if found is not None:
        return found
    try:
        return identity().users.get(UserId(str(UUID(name_or_id))))
    except (ValueError, UserNotFoundError):
        return None


def _check_can_be_verified(user: User | None) -> None:
    """Raises: UserNotFoundError, CannotVerifyError."""
    if user is None:
        raise UserNotFoundError("There is no such user.", remedy="Check the name or id.")
    if not user.is_enabled:
        raise CannotVerifyError("The user is disabled.", remedy="Enable the user first.")
    if user.face is None:
        raise CannotVerifyError("The user has no enrolled face.", remedy="Enrol one first.")
    if user.face.pack != web().recognition.pack:
        raise CannotVerifyError(
            "The user's face is enrolled for another model pack.", remedy="Enrol it again."
        )


def _told(result: Result | None) -> VerificationValue:
    if result is None:
        raise VerificationNotFoundError(
            "This token has begun no such verification, or it is over since long.",
            remedy="Begin a new one.",
        )
    user = identity().users.get(result.user_id) if result.user_id else None
    return VerificationValue(
        id=result.id,
        state=result.state,
        user=VerifiedUser(id=user.id, name=user.name) if user else None,
        reference=result.reference,
        policy=result.policy,
        created_at=result.created_at,
        expires_at=result.expires_at,
        granted_at=result.granted_at,
    )


OPERATIONS: Final = (begin_verification, get_verification, take_verification)
