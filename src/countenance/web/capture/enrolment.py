"""The capture of an enrolment: good samples of one live person become a template."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Protocol

from countenance.biometrics.embeddings import Embedding
from countenance.biometrics.templates import MAX_SAMPLES, Template, template_of
from countenance.ceremony.enrolment import (
    EnrolmentPolicy,
    EnrolmentState,
    advance_enrolment,
    begin_enrolment,
    expire_enrolment,
    interrupt_enrolment,
)
from countenance.ceremony.verdict import Reason, Verdict
from countenance.events import Tag
from countenance.identity.administration_interfaces import PendingFaces
from countenance.identity.interfaces import (
    AuditTrail,
    EnrolledFaces,
    Purpose,
    TemplateVault,
    Transaction,
    Transactions,
    UserId,
)
from countenance.images.image import Image
from countenance.web.capture import replies
from countenance.web.capture.camera import CaptureCamera
from countenance.web.capture.course import FrameObserver
from countenance.web.capture.replies import FrameView, Reply
from countenance.web.capture.suspicions import Suspicions

_LOG = logging.getLogger(__name__)
NOTE_DUPLICATE = "duplicate"
"""The face looks like one that is enrolled under another name."""
MAX_DUPLICATES = 5
"""Most other users that one enrolment is reported with."""


@dataclass(frozen=True, slots=True)
class EnrolmentStores:
    """Where the outcome of an enrolment is written."""

    transactions: Transactions
    vault: TemplateVault
    pending_faces: PendingFaces
    faces: EnrolledFaces
    audit: AuditTrail


class DuplicateThreshold(Protocol):
    """Similarity from which an enrolment counts as the face of somebody enrolled."""

    def __call__(self, *, enrolled: int) -> float:
        """For so many enrolled people."""


class EnrolmentCourse:
    """An enrolment for the user of one transaction."""

    purpose = Purpose.ENROLMENT.value

    def __init__(
        self,
        transaction: Transaction,
        *,
        policy: EnrolmentPolicy,
        observer: FrameObserver,
        camera: CaptureCamera,
        stores: EnrolmentStores,
        suspicions: Suspicions,
        reference: Template | None,
        duplicate_threshold: DuplicateThreshold,
        tries: int,
        next_url: str,
    ) -> None:
        """Begin an enrolment.

        Args:
            camera: learns from an enrolment that an administrator watched.
            reference: an earlier template that every frame must match; None asks for nothing.
            duplicate_threshold: tells from which similarity on two templates count as one face.
            tries: refusals after which the enrolment must be begun anew.
            next_url: where the browser goes with a grant.
        """
        if transaction.purpose is not Purpose.ENROLMENT:
            raise ValueError("an enrolment course needs an enrolment transaction")
        if policy.samples_wanted > MAX_SAMPLES:
            raise ValueError(f"a template holds at most {MAX_SAMPLES} samples")
        self._transaction = transaction
        self._policy = policy
        self._observer = observer
        self._camera = camera
        self._stores = stores
        self._suspicions = suspicions
        self._reference = reference
        self._duplicate_threshold = duplicate_threshold
        self._tries = tries
        self._next_url = next_url
        self._state: EnrolmentState | None = None
        self._samples: list[Embedding] = []

    @property
    def frames_needed(self) -> int:
        return self._policy.samples_wanted

    @property
    def time_limit_s(self) -> float:
        return self._policy.time_limit_s

    @property
    def verdict(self) -> Verdict | None:
        return self._state.verdict if self._state else None

    def take(self, image: Image, *, sequence: int, at_s: float) -> FrameView:
        before = self._state or begin_enrolment(self._policy, at_s=at_s)
        analysis = self._observer.analyse(
            image, sequence=sequence, at_s=at_s, template=self._expected()
        )
        self._camera.shift(image)  # tells the cameras apart; an enrolment's threshold stays
        self._camera.note(analysis)
        self._suspicions.look_at(analysis)
        state = advance_enrolment(before, analysis.observation)
        if state.takes_frame:
            if analysis.embedding is None:
                raise ValueError("a frame that is good enough for a sample has no embedding")
            self._samples.append(analysis.embedding)
        self._state = state
        face = analysis.observation.face
        return FrameView(
            box_xyxy=face.box_xyxy if face else None,
            hint=state.hint.value,
            prompt=state.prompt.value,
            progress=state.progress,
            is_good=state.takes_frame,
        )

    def _expected(self) -> Template | None:
        if self._reference is not None:
            return self._reference
        return template_of(self._samples) if self._samples else None

    def expire(self, *, at_s: float) -> None:
        if self._state:
            self._state = expire_enrolment(self._state, at_s=at_s)

    def interrupt(self, reason: Reason) -> None:
        state = self._state or begin_enrolment(self._policy, at_s=0.0)
        self._state = interrupt_enrolment(state, reason)

    def suspect(self, reason: Reason, detail: str, *, is_certain: bool) -> None:
        if self._suspicions.add(reason, detail, is_certain=is_certain):
            self.interrupt(reason)

    def conclude(self, verdict: Verdict) -> Reply:
        verdict = self._suspicions.settle(verdict)
        if verdict.reason is not None:
            return self._refused(self._exact(verdict.reason))
        template = template_of(self._samples)
        others = self._duplicates(template)
        self._keep(template)
        for other in others:
            self._note(Tag.FACE_DUPLICATE_FOUND, {"other": other})
        self._stores.transactions.finish(self._transaction.id, verdict)
        if self._transaction.actor_id is not None:
            # Somebody else watched: who enrols alone could hold up whatever passes.
            self._camera.teach()
        return replies.verdict(
            granted=True,
            reason=None,
            next_url=self._next_url,
            tries_left=self._tries,
            note=NOTE_DUPLICATE if others else None,
        )

    def _keep(self, template: Template) -> None:
        """Store the own face; somebody else's waits until a second person agrees."""
        user_id, actor = self._transaction.user_id, self._transaction.actor_id
        if actor is None or actor == user_id:
            self._stores.vault.store(user_id, template, actor=actor)
        else:
            self._stores.pending_faces.propose(user_id, template, actor=actor)

    def _exact(self, reason: Reason) -> Reason:
        """Against an earlier template, a changed face is one that does not match."""
        is_other = self._reference is not None and reason is Reason.FACE_CHANGED
        return Reason.NOT_MATCHED if is_other and not self._samples else reason

    def _refused(self, reason: Reason) -> Reply:
        self._note(Tag.FACE_ENROLMENT_REFUSED, {"reason": reason.value})
        verdict = Verdict.denied(reason)
        done = self._stores.transactions.finish(self._transaction.id, verdict)
        return replies.verdict(
            granted=False,
            # Whoever enrols is known, and learns only about the own picture.
            reason=reason.value,
            next_url="/enrol",
            tries_left=max(0, self._tries - done.tries),
        )

    def _duplicates(self, template: Template) -> list[UserId]:
        """Users other than this one whose face it may be, most alike first."""
        gallery, unreadable = self._stores.faces.of_pack(template.pack)
        if unreadable:
            # Somebody else's damaged row must not keep everybody from enrolling.
            _LOG.error("the search for duplicates leaves out %d unreadable faces", len(unreadable))
        own = self._transaction.user_id
        threshold = self._duplicate_threshold(enrolled=len(gallery))
        found = gallery.look_alikes(template, threshold=threshold, limit=MAX_DUPLICATES + 1)
        others = [UserId(candidate.key) for candidate in found if candidate.key != own]
        return others[:MAX_DUPLICATES]

    def _note(self, tag: Tag, details: dict[str, str]) -> None:
        self._stores.audit.append(
            tag,
            subject_id=self._transaction.user_id,
            actor_id=self._transaction.actor_id,
            address=self._transaction.address,
            details=details,
        )
