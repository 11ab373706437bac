"""From a redeemed ticket to the session of one capture."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial

from countenance.biometrics.templates import Template
from countenance.ceremony.challenge import ChallengePolicy
from countenance.ceremony.colour import ColourPolicy
from countenance.ceremony.enrolment import EnrolmentPolicy
from countenance.ceremony.login import LoginPolicy
from countenance.ceremony.policy import PassivePolicy, PolicyName
from countenance.ceremony.verdict import Reason
from countenance.identity.errors import TemplateUnreadableError
from countenance.identity.interfaces import Device, Purpose, Transaction
from countenance.identity.throttling import Tried
from countenance.identity.verification_interfaces import Verification
from countenance.settings import LoginSettings
from countenance.web import tries
from countenance.web.capture.camera import Calibration, CaptureCamera
from countenance.web.capture.course import Course
from countenance.web.capture.enrolment import EnrolmentCourse, EnrolmentStores
from countenance.web.capture.login import LoginCourse
from countenance.web.capture.session import CaptureSession
from countenance.web.capture.suspicions import Suspicions
from countenance.web.context import Web

_LOG = logging.getLogger(__name__)
ENROLMENT_DONE = "/enrol/complete"
_DONE = {
    Purpose.LOGIN: "/login/complete",
    Purpose.STEP_UP: "/step-up/complete",
    Purpose.VERIFICATION: "",
}
MOVES_WITHOUT_COLOUR = 6
"""Moves that take the place of the colours, where the installation allows it."""


def make_session(
    web: Web,
    transaction: Transaction,
    *,
    device: Device | None = None,
    mark: str = "",
    wants_colours: bool = True,
    verification: Verification | None = None,
) -> CaptureSession:
    """Begin the capture that a redeemed ticket stands for.

    Args:
        web: the parts of the process.
        transaction: of the ticket.
        device: this browser as one of the transaction's user; None when it is not known.
        mark: what the page made of the camera's name; may be anything.
        wants_colours: False is the wish of whoever cannot look at them; the settings decide
            whether it is granted.
        verification: what the capture is for, on the page of another app.
    """
    settings = web.container.settings
    policy = login_policy(settings.login, wants_colours=wants_colours)
    enrols = transaction.purpose is Purpose.ENROLMENT
    # What the page of another app tells of a camera is neither asked nor learned.
    calibration = None if verification else _calibration(web)
    camera = CaptureCamera(transaction, device, mark, calibration, is_trusted_to_move=not enrols)
    course: Course = (
        _enrolment(web, transaction, camera)
        if enrols
        else _login(web, transaction, camera, policy, verification)
    )
    return CaptureSession(
        course,
        credit=settings.capture.credit,
        silence_limit_s=settings.capture.silence_limit_s,
        at_s=web.container.clock.monotonic_s(),
        decoding=partial(web.metrics.stage, "decode"),
    )


def _calibration(web: Web) -> Calibration | None:
    if web.container.settings.engine.pad_calibration == "off":
        return None
    recognition = web.recognition
    return Calibration(
        web.container.identity.cameras, recognition.detector, recognition.threshold_shift
    )


def login_policy(settings: LoginSettings, *, wants_colours: bool = True) -> LoginPolicy:
    """What this installation asks of a login, by whoever wants colours or would rather not."""
    passive = replace(
        PassivePolicy(), frames_needed=settings.frames, time_limit_s=settings.time_limit_s
    )
    if settings.policy == PolicyName.PASSIVE:
        return LoginPolicy(passive)
    if settings.policy == PolicyName.STANDARD:
        return LoginPolicy(passive, ChallengePolicy())
    if settings.without_colour == "moves" and not wants_colours:
        return LoginPolicy(passive, ChallengePolicy(moves=MOVES_WITHOUT_COLOUR))
    return LoginPolicy(passive, ChallengePolicy(), ColourPolicy())


def _login(
    web: Web,
    transaction: Transaction,
    camera: CaptureCamera,
    policy: LoginPolicy,
    verification: Verification | None,
) -> LoginCourse:
    identity, settings = web.container.identity, web.container.settings.login
    template, lack = _readable(web, transaction)
    return LoginCourse(
        transaction,
        policy=policy,
        observer=web.recognition.new_observer(),
        clock=web.container.clock,
        template=template,
        lack=lack,
        camera=camera,
        transactions=identity.verifications if verification else identity.transactions,
        audit=identity.audit,
        throttles=identity.throttles,
        attempt=(
            tries.begin_elsewhere(verification.subject)
            if verification
            else tries.begin(Tried.FACE, transaction.user_id)
        ),
        suspicions=_suspicions(web, transaction),
        tries=settings.tries,
        next_url=_DONE[transaction.purpose],
        told=verification.told if verification else None,
    )


def _enrolment(web: Web, transaction: Transaction, camera: CaptureCamera) -> EnrolmentCourse:
    identity = web.container.identity
    is_own = transaction.actor_id is None
    return EnrolmentCourse(
        transaction,
        policy=EnrolmentPolicy(),
        observer=web.recognition.new_observer(enrols=True),
        camera=camera,
        stores=EnrolmentStores(
            transactions=identity.transactions,
            vault=identity.vault,
            pending_faces=identity.pending_faces,
            faces=identity.faces,
            audit=identity.audit,
        ),
        suspicions=_suspicions(web, transaction),
        # An administrator may replace a face; the owner may only renew the own one.
        reference=_comparable(web, transaction) if is_own else None,
        duplicate_threshold=partial(
            web.recognition.identification_threshold, fpir=web.container.settings.engine.fpir
        ),
        tries=web.container.settings.login.tries,
        next_url=ENROLMENT_DONE,
    )


def _suspicions(web: Web, transaction: Transaction) -> Suspicions:
    identity = web.container.identity
    return Suspicions(
        transaction,
        seen_frames=identity.seen_frames,
        audit=identity.audit,
        settings=web.container.settings.injection,
    )


def _readable(web: Web, transaction: Transaction) -> tuple[Template | None, Reason]:
    """The user's template, else None and why there is nothing to compare with: login fails."""
    try:
        template = web.container.identity.vault.load(transaction.user_id)
    except TemplateUnreadableError:
        _LOG.exception("the template of a login cannot be decrypted")
        return None, Reason.NOT_ENROLLED
    if template is not None and template.pack != web.recognition.pack:
        return None, Reason.OTHER_PACK
    return template, Reason.NOT_ENROLLED


def _comparable(web: Web, transaction: Transaction) -> Template | None:
    """The user's template if this engine can compare it. Raises: TemplateUnreadableError."""
    template = web.container.identity.vault.load(transaction.user_id)
    return template if template is not None and template.pack == web.recognition.pack else None
