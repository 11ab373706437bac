"""A login as a fold: good frames, then, where the policy asks for them, moves, then colours.

The passive counts go on during both: whatever refuses a login without one refuses it
with one. Only frames judged an attack are counted anew, once, when the first challenge begins: a
face that is judged for longer meets a doubtful frame more often. Every cue may refuse, none alone
admits.
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
from countenance.ceremony.colour import (
    ColourDraw,
    ColourPhase,
    ColourPolicy,
    ColourState,
    advance_colours,
    announce_colour,
    begin_colours,
)
from countenance.ceremony.evidence import Hint, Observation
from countenance.ceremony.palette import Colour
from countenance.ceremony.policy import PassivePolicy, PolicyName
from countenance.ceremony.state import State, advance, begin, expire, interrupt
from countenance.ceremony.verdict import Reason, Verdict
from countenance.pad.recurrence import Recurrence, begin_recurrence, follow_recurrence

_NEVER: Final = 10**9
"""More good frames than any login has: the passive fold alone does not grant a challenge."""
_FINAL: Final = {Reason.FLAT_PICTURE, Reason.COLOUR_IGNORED, Reason.COLOUR_UNSEEN}
"""Reasons after which nothing begins again."""


@dataclass(frozen=True, slots=True)
class LoginPolicy:
    """What a login asks for."""

    passive: PassivePolicy = field(default_factory=PassivePolicy)
    """Its time limit holds for the whole login."""
    challenge: ChallengePolicy | None = None
    """None asks for nothing but good frames."""
    colours: ColourPolicy | None = None
    """None asks for no colours; they come after the moves."""
    mistakes_allowed: int = 1
    """Times a challenge may begin again, good frames first, after a wrong or early move, a move
    that was not made, or a face that was lost. A face without depth, or one that did not follow
    the colours, gets no second try."""

    def __post_init__(self) -> None:
        if self.colours and not self.challenge:
            raise ValueError("colours come after moves, which show depth")
        if self.mistakes_allowed < 0:
            raise ValueError("a login cannot allow fewer than no mistakes")

    @property
    def name(self) -> PolicyName:
        """Under which it is known to the settings."""
        if self.colours:
            return PolicyName.STRICT
        return PolicyName.STANDARD if self.challenge else PolicyName.PASSIVE

    @property
    def draws_needed(self) -> int:
        """Challenges, and sequences of colours, to be drawn before a login begins."""
        return self.mistakes_allowed + 1 if self.challenge else 0


@dataclass(frozen=True, slots=True)
class LoginState:
    """All that a login remembers between frames."""

    policy: LoginPolicy
    draws: tuple[Draw, ...]
    """One for each time that the challenge may begin; secret."""
    passive: State
    colour_draws: tuple[ColourDraw, ...] = ()
    """The same of the colours."""
    colours: ColourState | None = None
    """None until all moves are made."""
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
    def colour(self) -> Colour | None:
        """What the screen has to show now; None outside of a colour sequence."""
        return self.colours.colour if self.colours else None

    @property
    def progress(self) -> tuple[int, int]:
        """Good frames so far and frames needed; full once the challenge has begun."""
        needed = self.policy.passive.frames_needed
        return (needed if self.challenge else min(self.passive.streak, needed)), needed


def begin_login(
    policy: LoginPolicy,
    draws: tuple[Draw, ...] = (),
    *,
    at_s: float,
    colours: tuple[ColourDraw, ...] = (),
) -> LoginState:
    """Start a login at a time in seconds on the clock of the observations.

    Args:
        policy: what is asked for.
        draws: `policy.draws_needed` challenges, drawn unpredictably.
        colours: as many sequences, where the policy asks for them.

    Raises: ValueError: there are fewer draws than the policy may need.
    """
    least = policy.draws_needed
    if len(draws) < least or (policy.colours and len(colours) < least):
        raise ValueError("every beginning of a challenge needs its own draw")
    return LoginState(policy, draws, begin(policy.passive, at_s=at_s), colours)


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
    seen = observation if state.colour is None else _in_coloured_light(observation)
    passive = advance(state.passive, seen)
    state = replace(state, passive=passive, verdict=passive.verdict)
    if passive.verdict is not None and not passive.verdict.is_granted:
        return state
    state = replace(state, recurrence=_recurrence(state.recurrence, observation))
    if state.recurrence is not None and state.recurrence.period_s is not None:
        return replace(state, verdict=Verdict.denied(Reason.LOOPED))
    if state.colours is not None:
        return _coloured(state, advance_colours(state.colours, observation))
    if state.challenge is not None:
        return _challenged(
            state, advance_challenge(state.challenge, observation), at_s=observation.at_s
        )
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
    passive = _asking(state.passive, frames=_NEVER)
    if state.mistakes == 0:
        limit = replace(passive.policy, attack_frames_limit=policy.attack_frames_limit)
        passive = replace(passive, attack_frames=0, policy=limit)
    return replace(state, challenge=challenge, verdict=None, passive=passive)


def _in_coloured_light(observation: Observation) -> Observation:
    """Without the passive detector's answer: it has never seen faces in coloured light.

    It is asked again as soon as the colours are over, before anything is granted.
    """
    face = observation.face
    return (
        observation if face is None else replace(observation, face=replace(face, is_bona_fide=None))
    )


def _challenged(state: LoginState, challenge: ChallengeState, *, at_s: float) -> LoginState:
    state = replace(state, challenge=challenge)
    if challenge.phase is Phase.PASSED:
        return _with_colours(state, challenge, at_s=at_s)
    if challenge.phase is not Phase.FAILED or challenge.reason is None:
        return state
    return _mistaken(state, challenge.reason)


def _with_colours(state: LoginState, challenge: ChallengeState, *, at_s: float) -> LoginState:
    """All moves are made: show the colours, where they are asked for, instead of granting."""
    policy = state.policy.colours
    if policy is None:
        return replace(state, verdict=Verdict.granted())
    draw = state.colour_draws[state.mistakes]
    colours = begin_colours(policy, draw, track_id=challenge.track_id, at_s=at_s)
    return replace(state, colours=colours)


def _coloured(state: LoginState, colours: ColourState) -> LoginState:
    state = replace(state, colours=colours)
    if colours.phase is ColourPhase.PASSED:
        return replace(state, verdict=Verdict.granted())
    if colours.phase is not ColourPhase.FAILED or colours.reason is None:
        return state
    return _mistaken(state, colours.reason)


def _mistaken(state: LoginState, reason: Reason) -> LoginState:
    """Begin again, or refuse."""
    if reason in _FINAL or state.mistakes >= state.policy.mistakes_allowed:
        return replace(state, verdict=Verdict.denied(reason))
    frames = state.policy.passive.frames_needed
    return replace(
        state,
        challenge=None,
        colours=None,
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


def announce_shade(state: LoginState, *, at_s: float) -> LoginState:
    """The colour that the last frame revealed is told to the page now; see `announce_colour`."""
    if state.colours is None:
        return state
    return replace(state, colours=announce_colour(state.colours, at_s=at_s))


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
