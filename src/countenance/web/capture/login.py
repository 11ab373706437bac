"""The capture of a login: is this the user who gave the password, and really there."""

from __future__ import annotations

from dataclasses import replace

from countenance.biometrics.templates import Template
from countenance.ceremony.evidence import Observation
from countenance.ceremony.policy import PassivePolicy
from countenance.ceremony.state import State, advance, begin, expire, interrupt
from countenance.ceremony.verdict import Reason, Verdict
from countenance.events import Tag
from countenance.identity.interfaces import AuditTrail, Purpose, Transaction, Transactions
from countenance.images.image import Image
from countenance.web.capture import replies
from countenance.web.capture.course import Analysis, FrameObserver
from countenance.web.capture.replies import FrameView, Reply


class LoginCourse:
    """A login by face for the user of one transaction, and nobody else."""

    purpose = Purpose.LOGIN.value

    def __init__(
        self,
        transaction: Transaction,
        *,
        policy: PassivePolicy,
        observer: FrameObserver,
        template: Template | None,
        lack: Reason,
        transactions: Transactions,
        audit: AuditTrail,
        tries: int,
        next_url: str,
    ) -> None:
        """Begin a login.

        Args:
            template: of the transaction's user; None when there is none to compare with.
            lack: why not, when there is none.
            tries: refusals in a row before a pause.
            next_url: where a granted login is completed.
        """
        if transaction.purpose is not Purpose.LOGIN:
            raise ValueError("a login course needs a login transaction")
        self._transaction = transaction
        self._policy = policy
        self._observer = observer
        self._template = template
        self._lack = lack
        self._transactions = transactions
        self._audit = audit
        self._tries = tries
        self._next_url = next_url
        self._state: State | None = None

    @property
    def frames_needed(self) -> int:
        return self._policy.frames_needed

    @property
    def time_limit_s(self) -> float:
        return self._policy.time_limit_s

    @property
    def verdict(self) -> Verdict | None:
        return self._state.verdict if self._state else None

    def take(self, image: Image, *, sequence: int, at_s: float) -> FrameView:
        before = self._state or begin(self._policy, at_s=at_s)
        analysis = self._observer.analyse(
            image, sequence=sequence, at_s=at_s, template=self._template
        )
        observation = self._compared(analysis)
        state = self._state = advance(before, observation)
        face = observation.face
        return FrameView(
            box_xyxy=face.box_xyxy if face else None,
            hint=state.hint.value,
            prompt=None,
            progress=state.progress,
            is_good=state.streak > before.streak,
        )

    def _compared(self, analysis: Analysis) -> Observation:
        """Without a template every face is another person's, so that nothing shows the lack."""
        seen = analysis.observation
        if self._template is not None or seen.face is None or analysis.embedding is None:
            return seen
        return replace(seen, face=replace(seen.face, is_match=False))

    def expire(self, *, at_s: float) -> None:
        if self._state:
            self._state = expire(self._state, at_s=at_s)

    def interrupt(self, reason: Reason) -> None:
        self._state = interrupt(self._state or begin(self._policy, at_s=0.0), reason)

    def conclude(self, verdict: Verdict) -> Reply:
        if verdict.reason is Reason.NOT_MATCHED and self._template is None:
            verdict = Verdict.denied(self._lack)
        if verdict.reason is not None:
            self._note_refusal(verdict.reason)
        done = self._transactions.finish(self._transaction.id, verdict)
        public = verdict.public_reason
        return replies.verdict(
            granted=verdict.is_granted,
            reason=public.value if public else None,
            next_url=self._next_url if verdict.is_granted else "/login",
            tries_left=max(0, self._tries - done.tries),
        )

    def _note_refusal(self, reason: Reason) -> None:
        self._audit.append(
            Tag.LOGIN_REFUSED,
            subject_id=self._transaction.user_id,
            address=self._transaction.address,
            details={"reason": reason.value},
        )
