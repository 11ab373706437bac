"""The capture of a login: is this the user who gave the password, and really there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from secrets import choice, randbelow
from typing import Final, Protocol

from countenance.biometrics.templates import Template
from countenance.ceremony.challenge import ChallengeState, Draw, Phase, draw_challenge
from countenance.ceremony.colour import ColourDraw, draw_colours
from countenance.ceremony.enrolment import Prompt
from countenance.ceremony.evidence import FaceEvidence, Hint, Observation
from countenance.ceremony.login import (
    LoginPolicy,
    LoginState,
    advance_login,
    announce_move,
    announce_shade,
    begin_login,
    expire_login,
    interrupt_login,
)
from countenance.ceremony.verdict import PublicReason, Reason, Verdict
from countenance.clock import Clock
from countenance.events import Tag
from countenance.identity.interfaces import AuditTrail, Purpose, Transaction, TransactionState
from countenance.identity.throttles import Attempt, Throttles
from countenance.images.image import Image
from countenance.web.capture import replies
from countenance.web.capture.camera import CaptureCamera
from countenance.web.capture.course import Analysis, FrameObserver
from countenance.web.capture.replies import FrameView, Reply
from countenance.web.capture.suspicions import Suspicions

_SHOWN_WHILE_MOVING: Final = (
    Hint.NO_FACE,
    Hint.SEVERAL_FACES,
    Hint.TOO_DARK,
    Hint.TOO_BRIGHT,
    Hint.BACKLIT,
)
"""The others speak of place, distance, direction and movement, which is what a move changes."""
_REFUSED: Final = {
    Purpose.LOGIN: Tag.LOGIN_REFUSED,
    Purpose.STEP_UP: Tag.STEP_UP_REFUSED,
    Purpose.VERIFICATION: Tag.VERIFICATION_REFUSED,
}
_AGAIN: Final = {Purpose.LOGIN: "/login", Purpose.STEP_UP: "/step-up", Purpose.VERIFICATION: ""}
"""Where a refused one begins again; the page of another app knows that itself."""
_NOTHING_COMPARED: Final = (Reason.NO_FACE, Reason.POOR_QUALITY, Reason.ENGINE_FAILED)
"""No frame of these was compared: nothing was guessed, and a dark room shuts nobody out."""
_SHOWN_IN_COLOUR: Final = (Hint.NO_FACE, Hint.SEVERAL_FACES)
"""Light is what the colours change."""
_FINE: Final = 1_000_000
"""Steps of a random share."""


def draw_moves(policy: LoginPolicy) -> tuple[Draw, ...]:
    """As many challenges as a login may need, from the system's source of secrets."""
    challenge = policy.challenge
    if challenge is None:
        return ()
    return tuple(
        draw_challenge(challenge, choose=choice, share=lambda: randbelow(_FINE) / _FINE)
        for _ in range(policy.draws_needed)
    )


def draw_shades(policy: LoginPolicy) -> tuple[ColourDraw, ...]:
    """As many sequences of colours, from the same source."""
    colours = policy.colours
    if colours is None:
        return ()
    return tuple(draw_colours(colours, choose=choice) for _ in range(policy.draws_needed))


def follow_light(observer: FrameObserver, before: LoginState, state: LoginState) -> None:
    """Let an observer measure the light of the face while the screen shows colours.

    Args:
        observer: has just looked at the frame that led from `before` to `state`.
    """
    if before.colour is None and state.colour is not None:
        observer.begin_light()
    elif before.colour is not None and state.colour is None:
        observer.end_light()


def follow_relief(observer: FrameObserver, before: LoginState, state: LoginState) -> None:
    """Let an observer measure depth from the frame that reveals a move until the move is over.

    Args:
        observer: has just looked at the frame that led from `before` to `state`.
    """
    if state.challenge is not None and state.challenge.starts_relief:
        observer.begin_relief()
    elif before.move is not None and state.move is None:
        observer.end_relief()


class Ending(Protocol):
    """Where the verdict of a capture is noted."""

    def finish(self, transaction_id: str, verdict: Verdict) -> Transaction:
        """Returns: the transaction as it stands then. Raises: TicketError, StorageError."""


class LoginCourse:
    """A login, the confirmation of an act, or a verification for another app.

    By the face of one transaction's user and nobody else.
    """

    def __init__(
        self,
        transaction: Transaction,
        *,
        policy: LoginPolicy,
        observer: FrameObserver,
        clock: Clock,
        template: Template | None,
        lack: Reason,
        camera: CaptureCamera,
        transactions: Ending,
        audit: AuditTrail,
        throttles: Throttles,
        attempt: Attempt,
        suspicions: Suspicions,
        tries: int,
        next_url: str,
        told: Mapping[str, str] | None = None,
    ) -> None:
        """Begin a login.

        Args:
            clock: of this machine; measures how long a frame was looked at.
            template: of the transaction's user; None when there is none to compare with.
            lack: why not, when there is none.
            camera: moves the threshold of a known one, and learns from a passed challenge.
            attempt: this capture as throttling counts it.
            tries: captures of one right password.
            next_url: where a granted login is completed.
            told: what a refusal says of it in the trail, besides its reason.
        """
        if transaction.purpose not in _REFUSED:
            raise ValueError("a login course is for no enrolment")
        self._transaction = transaction
        self._policy = policy
        self._observer = observer
        self._clock = clock
        self._template = template
        self._lack = lack
        self._camera = camera
        self._transactions = transactions
        self._audit = audit
        self._throttles = throttles
        self._attempt = attempt
        self._suspicions = suspicions
        self._tries = tries
        self._next_url = next_url
        self._told = dict(told or {})
        self._again = _AGAIN[transaction.purpose]
        self._state: LoginState | None = None

    @property
    def purpose(self) -> str:
        return self._transaction.purpose.value

    @property
    def frames_needed(self) -> int:
        return self._policy.passive.frames_needed

    @property
    def time_limit_s(self) -> float:
        return self._policy.passive.time_limit_s

    @property
    def verdict(self) -> Verdict | None:
        return self._state.verdict if self._state else None

    def take(self, image: Image, *, sequence: int, at_s: float) -> FrameView:
        began_s = self._clock.monotonic_s()
        before = self._state or self._begun(at_s)
        self._observer.shift_threshold(self._camera.shift(image))
        analysis = self._observer.analyse(
            image, sequence=sequence, at_s=at_s, template=self._template
        )
        if before.colour is None:  # the screen's light is not the camera's usual one
            self._camera.note(analysis)
        self._suspicions.look_at(analysis)
        observation = self._compared(analysis)
        state = advance_login(before, observation)
        follow_relief(self._observer, before, state)
        follow_light(self._observer, before, state)
        # Nobody knows a move or a colour before its reply is out, however long the engine took.
        told_at_s = at_s + self._clock.monotonic_s() - began_s
        if state.move is not before.move:
            state = announce_move(state, at_s=told_at_s)
        if _shown(state) != _shown(before):
            state = announce_shade(state, at_s=told_at_s)
        self._state = state
        return _view(state, observation.face, is_good=_counts(before, state))

    def _begun(self, at_s: float) -> LoginState:
        policy = self._policy
        return begin_login(policy, draw_moves(policy), colours=draw_shades(policy), at_s=at_s)

    def _compared(self, analysis: Analysis) -> Observation:
        """Without a template every face is another person's, so that nothing shows the lack."""
        seen = analysis.observation
        if self._template is not None or seen.face is None or analysis.embedding is None:
            return seen
        return replace(seen, face=replace(seen.face, is_match=False))

    def expire(self, *, at_s: float) -> None:
        if self._state:
            self._state = expire_login(self._state, at_s=at_s)

    def interrupt(self, reason: Reason) -> None:
        self._state = interrupt_login(self._state or self._begun(0.0), reason)

    def suspect(self, reason: Reason, detail: str, *, is_certain: bool) -> None:
        if self._suspicions.add(reason, detail, is_certain=is_certain):
            self.interrupt(reason)

    def conclude(self, verdict: Verdict) -> Reply:
        if verdict.reason is Reason.NOT_MATCHED and self._template is None:
            verdict = Verdict.denied(self._lack)
        verdict = self._suspicions.settle(verdict)
        wait_s = self._count(verdict.reason)
        done = self._transactions.finish(self._transaction.id, verdict)
        public = verdict.public_reason
        if verdict.is_granted and done.state is not TransactionState.GRANTED:
            public = PublicReason.TECHNICAL  # it came when the transaction was over
        if public is None:
            self._teach()
        return replies.verdict(
            granted=public is None,
            reason=public.value if public else None,
            next_url=self._next_url if public is None else self._again,
            tries_left=max(0, self._tries - done.tries),
            wait_s=wait_s,
        )

    def _teach(self) -> None:
        """Only moves that were made as asked show that the frames beside them are bona fide."""
        challenge = self._state.challenge if self._state else None
        if challenge is not None and challenge.phase is Phase.PASSED:
            self._camera.teach(track_id=challenge.track_id)

    def _count(self, reason: Reason | None) -> int:
        """Tell throttling how the try went; returns the seconds before a further one."""
        if reason is None:
            self._throttles.succeed(self._attempt)
            return 0
        self._note_refusal(reason)
        if reason in _NOTHING_COMPARED:
            self._throttles.withdraw(self._attempt)
            return 0
        return self._throttles.fail(self._attempt).wait_s

    def _note_refusal(self, reason: Reason) -> None:
        self._audit.append(
            _REFUSED[self._transaction.purpose],
            subject_id=self._transaction.subject_id,
            address=self._transaction.address,
            details={"reason": reason.value} | self._told | self._act(),
        )

    def _act(self) -> dict[str, str]:
        confirms = self._transaction.confirms
        return {} if confirms is None else {"act": confirms.act_name, "factor": "face"}


def _shown(state: LoginState) -> tuple[int, int] | None:
    """Which colour of which sequence is on the screen; None while there is none."""
    return (state.mistakes, state.colours.step) if state.colours and state.colour else None


def _view(state: LoginState, face: FaceEvidence | None, *, is_good: bool) -> FrameView:
    challenge = state.challenge
    return FrameView(
        box_xyxy=face.box_xyxy if face else None,
        hint=_hint(state).value,
        prompt=_prompt(challenge, face) if challenge else None,
        progress=state.progress,
        is_good=is_good,
        reach=challenge.reach if challenge and challenge.move else 0.0,
        moves=challenge.progress if challenge else None,
        colour=state.colour.value if state.colour else None,
        colours=state.colours.progress if state.colours else None,
    )


def _counts(before: LoginState, state: LoginState) -> bool:
    return state.passive.streak > before.passive.streak


def _hint(state: LoginState) -> Hint:
    if state.colour is not None:
        return state.hint if state.hint in _SHOWN_IN_COLOUR else Hint.HOLD_STILL
    is_kept = state.move is None or state.hint in _SHOWN_WHILE_MOVING
    return state.hint if is_kept else Hint.HOLD_STILL


def _prompt(challenge: ChallengeState, face: FaceEvidence | None) -> str | None:
    """The revealed move, never the next one; to look straight ahead where that is asked for."""
    if challenge.move is not None:
        return challenge.move.value
    is_turned = face is not None and abs(face.yaw_deg) > challenge.policy.centre_deg
    return Prompt.LOOK_STRAIGHT.value if challenge.is_settling and is_turned else None
