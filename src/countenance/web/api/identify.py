"""`/identify`: whom a photograph may show, among everybody who is enrolled. Off unless turned on.

A photograph proves nobody's presence, and naming people in pictures is more than a door needs: so
the installation has to say that it wants this. No score is told, and every search is audited.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from countenance.ceremony.evidence import Hint
from countenance.events import Tag
from countenance.identity.api_scopes import Scope
from countenance.identity.errors import UserNotFoundError
from countenance.identity.interfaces import User, UserId
from countenance.images.codec import decode_image
from countenance.vision.engine import StillAnalysis
from countenance.web.access import token_required
from countenance.web.api import uploads
from countenance.web.api.bearer import token
from countenance.web.api.errors import SwitchedOffError
from countenance.web.api.models import Asked, Told, UserIdText
from countenance.web.api.operations import operation
from countenance.web.context import address, identity, web

RATE: Final = 60
"""Searches of one token in a minute."""


class IdentifyQuery(Asked):
    """How many candidates are told at most."""

    limit: Annotated[int, Field(ge=1, le=20)] = 5


class Candidate(Told):
    """Somebody whom the photograph may show."""

    user_id: UserIdText
    name: str
    display_name: str
    rank: int = Field(description="From 1, most alike first.")


class Identification(Told):
    """Whom it may show."""

    candidates: tuple[Candidate, ...]
    nobody: bool = Field(description="Whether a face was searched for, and is nobody's here.")
    failure: str | None = Field(
        description="Why nobody was searched for: `no_face`, `several_faces`; else null."
    )


@token_required(Scope.IDENTIFY)
@operation(
    "POST",
    "/identify",
    summary="Ask whom a photograph shows",
    query=IdentifyQuery,
    body=uploads.PhotographBody(),
    answers=Identification,
    rate=RATE,
)
def identify(query: IdentifyQuery, body: bytes) -> Identification:
    """Compare the face with everybody who is enabled and enrolled.

    The more people are enrolled, the surer a match has to be, so that of strangers at most the
    share `COUNTENANCE_FPIR` is named as somebody.
    """
    if web().container.settings.api.identify != "on":
        raise SwitchedOffError(
            "This installation names nobody on photographs.",
            remedy="Whoever runs it can set COUNTENANCE_API_IDENTIFY=on.",
        )
    still = _seen(body)
    if still.embedding is None or still.hint is Hint.SEVERAL_FACES:
        return Identification(candidates=(), nobody=False, failure=still.hint.value)
    found = _candidates(still, limit=query.limit)
    subjects: list[UserId | None] = [user.id for user in found]
    for subject in subjects or [None]:
        identity().audit.append(
            Tag.FACE_SEARCHED,
            subject_id=subject,
            actor_id=token().maker.id,
            address=address(),
            details={"candidates": str(len(found))},
        )
    return Identification(
        candidates=tuple(
            Candidate(user_id=user.id, name=user.name, display_name=user.display_name, rank=rank)
            for rank, user in enumerate(found, 1)
        ),
        nobody=not found,
        failure=None,
    )


def _seen(data: bytes) -> StillAnalysis:
    with web().turns.turn():
        return web().recognition.analyse_still(decode_image(data, limits=uploads.LIMITS))


def _candidates(still: StillAnalysis, *, limit: int) -> list[User]:
    if still.embedding is None:
        return []
    gallery, _ = identity().faces.of_pack(still.embedding.pack)
    fpir = web().container.settings.engine.fpir
    threshold = web().recognition.identification_threshold(enrolled=len(gallery), fpir=fpir)
    found = gallery.candidates(still.embedding, threshold=threshold, limit=limit)
    users = [_find(candidate.key) for candidate in found]
    return [user for user in users if user is not None and user.is_enabled]


def _find(user_id: str) -> User | None:
    """None when the person was removed meanwhile."""
    try:
        return identity().users.get(UserId(user_id))
    except UserNotFoundError:
        return None


OPERATIONS: Final = (identify,)
