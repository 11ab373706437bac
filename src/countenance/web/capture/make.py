"""From a redeemed ticket to the session of one capture."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial

from countenance.biometrics.templates import Template
from countenance.ceremony.challenge import ChallengePolicy
from countenance.ceremony.enrolment import EnrolmentPolicy
from countenance.ceremony.login import LoginPolicy
from countenance.ceremony.policy import PassivePolicy, PolicyName
from countenance.ceremony.verdict import Reason
from countenance.identity.errors import TemplateUnreadableError
from countenance.identity.interfaces import Device, Purpose, Transaction
from countenance.identity.throttling import Tried
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
LOGIN_DONE = "/login/complete"
STEP_UP_DONE = "/step-up/complete"
ENROLMENT_DONE = "/enrol/complete"


def make_session(
    web: Web, transaction: Transaction, *, device: Device | None = None, mark: str = ""
) -> CaptureSession:
    """Begin the capture that a redeemed ticket stands for.

    Args:
        web: the parts of the process.
        transaction: of the ticket.
        device: this browser as one of the transaction's user; None when it is not known.
        mark: what the page made of the camera's name; may be anything.
    """
    settings = web.container.settings
    enrols = transaction.purpose is Purpose.ENROLMENT
    camera = CaptureCamera(
        transaction, device, mark, _calibration(web), is_trusted_to_move=not enrols
    )
    make = _enrolment if enrols else _login
    course: Course = make(web, transaction, camera)
    return CaptureSession(
        course,
        credit=settings.capture.credit,
        silence_limit_s=settings.capture.silence_limit_s,
        at_s=web.container.clock.monotonic_s(),
    )


def _calibration(web: Web) -> Calibration | None:
    if web.container.settings.engine.pad_calibration == "off":
        return None
    recognition = web.recognition
    return Calibration(
        web.container.identity.cameras, recognition.detector, recognition.threshold_shift
    )


def login_policy(settings: LoginSettings) -> LoginPolicy:
    """What this installation asks of a login."""
    passive = replace(
        PassivePolicy(), frames_needed=settings.frames, time_limit_s=settings.time_limit_s
    )
    asks_moves = settings.policy == PolicyName.STANDARD
    return LoginPolicy(passive, ChallengePolicy() if asks_moves else None)


def _login(web: Web, transaction: Transaction, camera: CaptureCamera) -> LoginCourse:
    identity, settings = web.container.identity, web.container.settings.login
    template, lack = _readable(web, transaction)
    return LoginCourse(
        transaction,
        policy=login_policy(settings),
        observer=web.recognition.new_observer(),
        clock=web.container.clock,
        template=template,
        lack=lack,
        camera=camera,
        transactions=identity.transactions,
        audit=identity.audit,
        throttles=identity.throttles,
        attempt=tries.begin(Tried.FACE, transaction.user_id),
        suspicions=_suspicions(web, transaction),
        tries=settings.tries,
        next_url=LOGIN_DONE if transaction.purpose is Purpose.LOGIN else STEP_UP_DONE,
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
