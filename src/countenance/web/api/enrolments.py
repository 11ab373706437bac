"""`/enrolments`: whether somebody has a face; a new one from photographs; erasing it.

Photographs are no live capture, and whoever sends them is not the person they show. So what is
enrolled here waits, as a face that one person enrols for another does, until somebody approves it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, Literal

from pydantic import Field

from countenance.biometrics.templates import Template
from countenance.events import Tag
from countenance.identity.api_scopes import Scope
from countenance.identity.interfaces import FaceState, User, UserId
from countenance.images.codec import decode_image
from countenance.images.errors import ImageError
from countenance.vision.photographs import (
    WORDS,
    Photographs,
    Refusal,
    RefusedPhotograph,
    UsablePhotograph,
    collect,
    judge,
    why_nothing,
)
from countenance.web.access import token_required
from countenance.web.api import uploads
from countenance.web.api.bearer import token
from countenance.web.api.errors import UnusableUploadError
from countenance.web.api.models import Moment, Told, UserIdText
from countenance.web.api.operations import operation
from countenance.web.api.reach import reached
from countenance.web.api.users import face_state
from countenance.web.capture.enrolment import MAX_DUPLICATES
from countenance.web.context import address, identity, web

RATE: Final = 30
"""Enrolments of one token in a minute: each has the engine look at up to ten photographs."""


class PendingValue(Told):
    """A face that waits for a person to approve it."""

    samples: int
    enrolled_at: Moment
    enrolled_by: UserIdText = Field(description="Who enrolled it, or made the token that did.")


class Enrolment(Told):
    """What there is of somebody's face; never the face itself."""

    user_id: UserIdText
    state: Literal["enrolled", "other_pack", "none"] = Field(
        description="`other_pack`: made for another model pack, to be enrolled again."
    )
    samples: int | None
    enrolled_at: Moment | None
    pending: PendingValue | None
    consent_given_at: Moment | None = Field(
        description="Of the words that this installation shows now; null where nobody agreed."
    )


class RefusedValue(Told):
    """A photograph that is not used."""

    photograph: int = Field(description="Which one, from 1.")
    reason: str = Field(description="Such as `no_face`, `blurred`, `unreadable`, `inconsistent`.")


class ProposedEnrolment(Told):
    """A face that was enrolled and waits."""

    enrolment: Enrolment
    refused: tuple[RefusedValue, ...]
    same_face_as: tuple[UserIdText, ...] = Field(
        description="Other people whose enrolled face looks like it; whoever approves is told too."
    )


@token_required(Scope.ENROLMENTS_READ)
@operation("GET", "/enrolments/<user_id>", summary="Read an enrolment", answers=Enrolment)
def get_enrolment(user_id: str) -> Enrolment:
    """Whether somebody has a face, whether one waits, and when they agreed."""
    return _told(identity().users.get(UserId(user_id)))


@token_required(Scope.ENROLMENTS_WRITE)
@operation(
    "POST",
    "/enrolments/<user_id>",
    summary="Enrol from photographs",
    body=uploads.PhotographsForm(),
    answers=ProposedEnrolment,
    status=HTTPStatus.ACCEPTED,
    rate=RATE,
)
def enrol(user_id: str, body: uploads.Photographs) -> ProposedEnrolment:
    """Make a face of the best photographs that show one and the same person.

    It counts only after a person has approved it, and replaces nothing until then.
    """
    user = reached(user_id)
    photos = _collected(body)
    template = photos.template()
    refused = tuple(
        RefusedValue(photograph=int(photo.name), reason=photo.reason) for photo in photos.refused
    )
    if template is None:
        raise _unusable(photos)
    maker = token().maker.id
    identity().consents.give(
        user.id, text_sha256=web().consent.sha256, actor=maker, address=address()
    )
    others = _look_alikes(user.id, template)
    identity().pending_faces.propose(user.id, template, actor=maker)
    for other in others:
        identity().audit.append(
            Tag.FACE_DUPLICATE_FOUND,
            subject_id=user.id,
            actor_id=maker,
            address=address(),
            details={"other": other},
        )
    return ProposedEnrolment(
        enrolment=_told(identity().users.get(user.id)), refused=refused, same_face_as=others
    )


@token_required(Scope.ENROLMENTS_WRITE)
@operation("DELETE", "/enrolments/<user_id>", summary="Erase a face", status=HTTPStatus.NO_CONTENT)
def erase(user_id: str) -> None:
    """Erase the face of somebody, one that waits and what they agreed to, for good."""
    identity().vault.erase(reached(user_id).id, actor=token().maker.id)


def _told(user: User) -> Enrolment:
    waiting = identity().pending_faces.find(user.id)
    consent = identity().consents.find(user.id, text_sha256=web().consent.sha256)
    state = face_state(user, is_pending=False)
    return Enrolment(
        user_id=user.id,
        state="enrolled" if state is FaceState.ENROLLED else _other_state(state),
        samples=user.face.samples if user.face else None,
        enrolled_at=user.face.enrolled_at if user.face else None,
        pending=PendingValue(
            samples=waiting.samples,
            enrolled_at=waiting.enrolled_at,
            enrolled_by=waiting.enrolled_by,
        )
        if waiting
        else None,
        consent_given_at=consent.given_at if consent else None,
    )


def _other_state(state: FaceState) -> Literal["other_pack", "none"]:
    return "other_pack" if state is FaceState.OTHER_PACK else "none"


def _collected(body: uploads.Photographs) -> Photographs:
    seen = (_judged(str(number), data) for number, data in enumerate(body.files, 1))
    return collect(seen, threshold=web().recognition.match_similarity)


def _judged(name: str, data: bytes) -> UsablePhotograph | RefusedPhotograph:
    with web().turns.turn():
        try:
            image = decode_image(data, limits=uploads.LIMITS)
        except ImageError as error:
            return RefusedPhotograph(name, Refusal.UNREADABLE, error.message.rstrip("."))
        return judge(name, web().recognition.analyse_still(image))


def _unusable(photos: Photographs) -> UnusableUploadError:
    return UnusableUploadError(
        f"Nobody was enrolled: {why_nothing(photos)}.",
        remedy="Give sharp, evenly lit photographs of one person who faces the camera.",
        errors=tuple(
            {"at": f"body.photographs.{photo.name}", "problem": photo.in_words}
            for photo in photos.refused
        )
        or ({"at": "body.photographs", "problem": WORDS[Refusal.INCONSISTENT]},),
    )


def _look_alikes(own: UserId, template: Template) -> tuple[UserId, ...]:
    """Other people whose enrolled face it may be, most alike first."""
    gallery, _ = identity().faces.of_pack(template.pack)
    fpir = web().container.settings.engine.fpir
    threshold = web().recognition.identification_threshold(enrolled=len(gallery), fpir=fpir)
    found = gallery.look_alikes(template, threshold=threshold, limit=MAX_DUPLICATES + 1)
    others = [UserId(candidate.key) for candidate in found if candidate.key != own]
    return tuple(others[:MAX_DUPLICATES])


OPERATIONS: Final = (get_enrolment, enrol, erase)
