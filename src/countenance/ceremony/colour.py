"""The colour sequence as a fold: colours drawn by the server, revealed one at a time.

The screen lights the face, so a face before the screen changes its colour as the screen does. A
recording, or a camera picture that is fed in from elsewhere, does not know which colours come.
A print that is held before the same screen is lit by it as a face is: against prints stand the
passive detector and the moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from countenance.ceremony.colour_answer import (
    ColourAnswer,
    LightSample,
    ScreenTimes,
    measure_answer,
)
from countenance.ceremony.evidence import FaceEvidence, Observation
from countenance.ceremony.palette import Colour
from countenance.ceremony.verdict import Reason


@dataclass(frozen=True, slots=True)
class ColourPolicy:
    """How many colours, how fast, how sure."""

    steps: int = 8
    """Colours in a row; 4 * 3^7 = 8,748 sequences."""
    step_s: float = 0.8
    """Shortest time of a colour: at most 1.25 changes a second."""
    lead_s: float = 0.6
    """The first colour stays so much longer: nothing is measured before it is surely seen."""
    tail_s: float = 0.6
    """And so does the last, until the slowest screen and camera have shown it."""
    step_frames: int = 3
    """Frames of each colour at least; a slow engine makes the colours slower."""
    lag_s: tuple[float, float] = (0.0, 0.7)
    """From telling a colour to a frame that shows it: network, screen, camera, queue."""
    ramp_s: float = 0.2
    """How long the page fades from one colour to the next."""
    max_chance: float = 1e-3
    """Largest `ColourAnswer.chance` that counts as an answer: the false accept rate of whatever
    does not know the sequence."""
    min_response: float = 0.01
    """`ColourAnswer.response` from which an answer counts as light and not as noise."""
    other_share: float = 0.5
    """`ColourAnswer.most` from which a face that did not follow has followed other colours."""
    closing_frames: int = 3
    """Consecutive good frames after the last colour, in the light of the room."""
    ahead_deg: float = 20.0
    """Yaw up to which the light of a face is measured."""

    def __post_init__(self) -> None:
        if not 4 <= self.steps <= 9 or not 0 < self.max_chance < 1:
            raise ValueError("a colour sequence has 4 to 9 steps and a chance between 0 and 1")
        if self.step_s < 0.5 or self.ramp_s >= self.step_s:
            raise ValueError("colours change at most twice a second, and fade faster than that")
        if not 0 <= self.lag_s[0] < self.lag_s[1] <= self.lead_s + self.step_s:
            raise ValueError("a colour has to be seen before the next one")


ColourDraw = tuple[Colour, ...]
"""The colours of one sequence in order; secret until each is revealed."""


def draw_colours(
    policy: ColourPolicy, *, choose: Callable[[Sequence[Colour]], Colour]
) -> ColourDraw:
    """Draw one sequence; no colour comes twice in a row, and all such sequences are as likely.

    Args:
        policy: of the sequence.
        choose: picks one of several, unpredictably and evenly (`secrets.choice`).
    """
    drawn: list[Colour] = []
    for _ in range(policy.steps):
        drawn.append(choose([each for each in Colour if not drawn or each is not drawn[-1]]))
    return tuple(drawn)


class ColourPhase(StrEnum):
    """Where a sequence is."""

    SHOWING = "showing"
    CLOSING = "closing"
    """The colours were followed; good frames in the light of the room close it."""
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ColourState:
    """All that a sequence remembers between frames."""

    policy: ColourPolicy
    draw: ColourDraw
    track_id: int
    """The face that was judged before; another one may not answer."""
    told_at_s: tuple[float, ...]
    """When each colour so far was told; see `announce_colour`."""
    frames: int = 0
    """Frames since the last colour was told."""
    samples: tuple[LightSample, ...] = ()
    phase: ColourPhase = ColourPhase.SHOWING
    reason: Reason | None = None
    """Why it failed."""
    answer: ColourAnswer | None = None
    """What was measured; for the log, never for a client."""
    closing: int = 0
    """Consecutive good frames since the colours were followed."""

    @property
    def colour(self) -> Colour | None:
        """What the screen has to show now; None once it is over."""
        return self.draw[self.step] if self.phase is ColourPhase.SHOWING else None

    @property
    def step(self) -> int:
        """Number of the colour that was told last, from 0."""
        return len(self.told_at_s) - 1

    @property
    def progress(self) -> tuple[int, int]:
        """Colours shown before this one, and colours in all."""
        is_over = self.phase is not ColourPhase.SHOWING
        return (self.policy.steps if is_over else self.step), self.policy.steps


def begin_colours(
    policy: ColourPolicy, draw: ColourDraw, *, track_id: int, at_s: float
) -> ColourState:
    """Show the first colour to the face of that track.

    Raises: ValueError: the draw has another number of colours than the policy.
    """
    if len(draw) != policy.steps:
        raise ValueError("a sequence needs as many drawn colours as its policy says")
    return ColourState(policy, draw, track_id, told_at_s=(at_s,))


def advance_colours(state: ColourState, observation: Observation) -> ColourState:
    """Take one more frame into account.

    Args:
        state: what was known before; a finished one is returned unchanged.
        observation: later than the one before; repeated frames say nothing.
    """
    if state.phase in {ColourPhase.PASSED, ColourPhase.FAILED} or observation.is_repeated:
        return state
    face = observation.face
    if face is None or face.track_id != state.track_id or not face.is_continuous:
        return _failed(state, Reason.FACE_CHANGED)
    is_alone = observation.face_count == 1
    if state.phase is ColourPhase.CLOSING:
        return _close(state, face if is_alone else None)
    state = replace(state, frames=state.frames + 1)
    if is_alone and face.light is not None and abs(face.yaw_deg) <= state.policy.ahead_deg:
        sample = LightSample(observation.at_s, face.light)
        state = replace(state, samples=(*state.samples, sample))
    return _next(state, at_s=observation.at_s) if _is_due(state, observation.at_s) else state


def announce_colour(state: ColourState, *, at_s: float) -> ColourState:
    """The last revealed colour is told now; lags count from here.

    Args:
        state: any; one that shows nothing is returned unchanged.
        at_s: when the reply goes out, on the clock of the observations; not before the frame that
            revealed the colour.
    """
    if state.colour is None:
        return state
    return replace(state, told_at_s=(*state.told_at_s[:-1], at_s))


def _failed(state: ColourState, reason: Reason) -> ColourState:
    return replace(state, phase=ColourPhase.FAILED, reason=reason)


def _is_due(state: ColourState, at_s: float) -> bool:
    """Whether the colour has been there for its time."""
    policy, due_s = state.policy, state.policy.step_s
    due_s += policy.lead_s if state.step == 0 else 0.0
    due_s += policy.tail_s if state.step == policy.steps - 1 else 0.0
    return at_s - state.told_at_s[-1] >= due_s and state.frames >= policy.step_frames


def _next(state: ColourState, *, at_s: float) -> ColourState:
    if state.step < state.policy.steps - 1:
        return replace(state, told_at_s=(*state.told_at_s, at_s), frames=0)
    policy = state.policy
    times = ScreenTimes(state.told_at_s, policy.lag_s, policy.ramp_s)
    state = replace(state, answer=measure_answer(state.draw, times, state.samples), samples=())
    reason = reason_of(policy, state.answer)
    return _failed(state, reason) if reason else replace(state, phase=ColourPhase.CLOSING)


def reason_of(policy: ColourPolicy, answer: ColourAnswer | None) -> Reason | None:
    """What an answer says: None for a face that followed the colours.

    A bright room hides the screen's light, and an honest person is told so; a face that clearly
    follows other colours is not one before this screen.
    """
    if answer is None:
        return Reason.COLOUR_UNSEEN
    if answer.chance <= policy.max_chance and answer.response >= policy.min_response:
        return None
    followed_others = answer.most >= policy.other_share and answer.chance > policy.max_chance
    return Reason.COLOUR_IGNORED if followed_others else Reason.COLOUR_UNSEEN


def _close(state: ColourState, face: FaceEvidence | None) -> ColourState:
    # Silence of a detector is not consent: only an explicit True counts.
    is_good = (
        face is not None
        and face.has_quality
        and face.is_bona_fide is True
        and face.is_match is True
    )
    state = replace(state, closing=state.closing + 1 if is_good else 0)
    is_enough = state.closing >= state.policy.closing_frames
    return replace(state, phase=ColourPhase.PASSED) if is_enough else state
