"""A login as a fold: good frames first, then, where the policy asks for it, a challenge.

The passive counts go on during the challenge: whatever refuses a login without one refuses it
with one. Every cue may refuse, none alone admits.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from countenance.ceremony.challenge import (
    ChallengePolicy,
    ChallengeState,
    Draw,
    Move,
    Phase,
    advance_challenge,
    announce,
    begin_challenge,
)
from countenance.ceremony.evidence import Hint, Observation
from countenance.ceremony.policy import PassivePolicy, PolicyName
from countenance.ceremony.state import State, advance, begin, expire, interrupt
from countenance.ceremony.verdict import Reason, Verdict
from countenance.pad.recurrence import Recurrence, begin_recurrence, follow_recurrence

_NEVER: Final = 10**9
"""More good frames than any login has: the passive fold alone does not grant a challenge."""


@dataclass(frozen=True, slots=True)
class LoginPolicy:
    """What a login asks for."""

    passive: PassivePolicy = field(default_factory=PassivePolicy)
    """Its time limit holds for the whole login."""
    challenge: ChallengePolicy | None = None
    """None asks for nothing but good frames."""
    mistakes_allowed: int = 1
    """Times a challenge may begin again, good frames first, after a wrong or early move, a move
    that was not made, or a face that was lost. A face without depth gets no second try."""

    def __post_init__(self) -> None:
        if self.mistakes_allowed < 0:
            raise ValueError("a login cannot allow fewer than no mistakes")

    @property
    def name(self) -> PolicyName:
        """Under which it is known to the settings."""
        return PolicyName.STANDARD if self.challenge else PolicyName.PASSIVE

    @property
    def draws_needed(self) -> int:
        """Challenges that have to be drawn before a login begins."""
        return self.mistakes_allowed + 1 if self.challenge else 0


@dataclass(frozen=True, slots=True)
class LoginState:
    """All that a login remembers between frames."""

    policy: LoginPolicy
    draws: tuple[Draw, ...]
    """One for each time that the challenge may begin; secret."""
    passive: State
    challenge: ChallengeState | None = None
    """None before it has begun, and while good frames are gathered again."""
    mistakes: int = 0
    recurrence: Recurrence | None = None
    """Of the pictures so far; None before the first."""
    verdict: Verdict | None = None
    """None while the login is going on; never changes once it is there."""

    @property
    def hint(self) -> Hint:
        """What the person should mend now."""
        return self.passive.hint

    @property
    def move(self) -> Move | None:
        """The move that is asked for now."""
        return self.challenge.move if self.challenge else None

    @property
    def progress(self) -> tuple[int, int]:
        """Good frames so far and frames needed; full once the challenge has begun."""
        needed = self.policy.passive.frames_needed
        return (needed if self.challenge else min(self.passive.streak, needed)), needed


def begin_login(policy: LoginPolicy, draws: tuple[Draw, ...] = (), *, at_s: float) -> LoginState:
    """Start a login at a time in seconds on the clock of the observations.

    Args:
        policy: what is asked for.
        draws: `policy.draws_needed` challenges, drawn unpredictably.

    Raises: ValueError: there are fewer draws than the policy may need.
    """
    if len(draws) < policy.draws_needed:
        raise ValueError("every beginning of a challenge needs its own draw")
    return LoginState(policy, draws, begin(policy.passive, at_s=at_s))


def advance_login(state: LoginState, observation: Observation) -> LoginState:
    """Take one more frame into account.

    Args:
        state: what was known before; a state with a verdict is returned unchanged.
        observation: sequence number above that of the last one.

    Returns: the new state; look at `verdict`.
    Raises: SequenceError: the sequence number does not rise.
    """
    if state.verdict is not None:
        return state
    passive = advance(state.passive, observation)
    state = replace(state, passive=passive, verdict=passive.verdict)
    if passive.verdict is not None and not passive.verdict.is_granted:
        return state
    state = replace(state, recurrence=_recurrence(state.recurrence, observation))
    if state.recurrence is not None and state.recurrence.period_s is not None:
        return replace(state, verdict=Verdict.denied(Reason.LOOPED))
    if state.challenge is not None:
        return _challenged(state, advance_challenge(state.challenge, observation))
    is_enough = passive.verdict is not None
    return _with_challenge(state) if is_enough and state.policy.challenge else state


def _recurrence(trail: Recurrence | None, observation: Observation) -> Recurrence | None:
    if observation.thumbnail is None or observation.is_repeated:
        return trail
    if trail is None:
        return begin_recurrence(observation.thumbnail, at_s=observation.at_s)
    return follow_recurrence(trail, observation.thumbnail, at_s=observation.at_s)


def _with_challenge(state: LoginState) -> LoginState:
    """Good frames are there: begin the challenge instead of granting."""
    policy, track_id = state.policy.challenge, state.passive.track_id
    if policy is None or track_id is None:
        return replace(state, verdict=Verdict.denied(Reason.ENGINE_FAILED))
    challenge = begin_challenge(policy, state.draws[state.mistakes], track_id=track_id)
    return replace(
        state, challenge=challenge, verdict=None, passive=_asking(state.passive, frames=_NEVER)
    )


def _challenged(state: LoginState, challenge: ChallengeState) -> LoginState:
    state = replace(state, challenge=challenge)
    if challenge.phase is Phase.PASSED:
        return replace(state, verdict=Verdict.granted())
    if challenge.phase is not Phase.FAILED or challenge.reason is None:
        return state
    is_final = challenge.reason is Reason.FLAT_PICTURE
    if is_final or state.mistakes >= state.policy.mistakes_allowed:
        return replace(state, verdict=Verdict.denied(challenge.reason))
    frames = state.policy.passive.frames_needed
    return replace(
        state,
        challenge=None,
        mistakes=state.mistakes + 1,
        passive=replace(_asking(state.passive, frames=frames), streak=0, track_id=None),
    )


def _asking(passive: State, *, frames: int) -> State:
    return replace(passive, verdict=None, policy=replace(passive.policy, frames_needed=frames))


def announce_move(state: LoginState, *, at_s: float) -> LoginState:
    """The move that the last frame revealed is told to the person now; see `announce`."""
    if state.challenge is None:
        return state
    return replace(state, challenge=announce(state.challenge, at_s=at_s))


def expire_login(state: LoginState, *, at_s: float) -> LoginState:
    """Refuse when the time limit has passed, with the reason that describes the attempt best."""
    return _ended(state, expire(state.passive, at_s=at_s))


def interrupt_login(state: LoginState, reason: Reason) -> LoginState:
    """End an unfinished login from outside: the connection broke, the engine failed."""
    return _ended(state, interrupt(state.passive, reason))


def _ended(state: LoginState, passive: State) -> LoginState:
    if state.verdict is not None or passive.verdict is None:
        return state
    return replace(state, passive=passive, verdict=passive.verdict)
