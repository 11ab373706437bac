"""Guided enrolment as a fold: good samples of one live person, spread over time and pose.

The embeddings themselves stay outside: this core says which frame is to be kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from countenance.ceremony.evidence import FaceEvidence, Hint, Observation
from countenance.ceremony.verdict import Reason, Verdict


class Prompt(StrEnum):
    """What the person is asked to do; a wish, not a test, so that everyone can enrol."""

    LOOK_STRAIGHT = "look_straight"
    TURN_A_LITTLE_LEFT = "turn_a_little_left"
    TURN_A_LITTLE_RIGHT = "turn_a_little_right"


@dataclass(frozen=True, slots=True)
class EnrolmentPolicy:
    """What a complete enrolment needs."""

    samples_wanted: int = 10
    samples_needed: int = 5
    """Enough when the time runs out before `samples_wanted` are there."""
    time_limit_s: float = 45.0
    min_gap_s: float = 0.25
    """Least time between two samples, so that they differ."""
    pose_patience_s: float = 2.5
    """How long a prompt waits for its pose before any good sample is taken."""
    turn_deg: float = 8.0
    """From this yaw on a head counts as turned a little."""
    attack_frames_limit: int = 120
    """Frames judged an attack, in all, after which the enrolment is refused."""
    inconsistent_limit: int = 60
    """Frames that show another face than the samples, in all, before it is refused."""
    repeated_frames_limit: int = 30


@dataclass(frozen=True, slots=True)
class EnrolmentState:
    """All that an enrolment remembers between frames."""

    policy: EnrolmentPolicy
    began_at_s: float
    verdict: Verdict | None = None
    samples: int = 0
    """Samples accepted so far."""
    last_sample_at_s: float = -1e9
    prompt_since_s: float = 0.0
    hint: Hint = Hint.NO_FACE
    takes_frame: bool = False
    """Whether the observation just taken in is to be kept as a sample."""
    last_sequence: int = -1
    faces_seen: int = 0
    attack_frames: int = 0
    inconsistent_frames: int = 0
    repeated_in_a_row: int = 0

    @property
    def prompt(self) -> Prompt:
        """What is asked for the next sample: the first and last are straight."""
        third = self.policy.samples_wanted // 3
        if third <= self.samples < 2 * third:
            return Prompt.TURN_A_LITTLE_LEFT
        if 2 * third <= self.samples < 3 * third:
            return Prompt.TURN_A_LITTLE_RIGHT
        return Prompt.LOOK_STRAIGHT

    @property
    def progress(self) -> tuple[int, int]:
        """Samples accepted and samples wanted."""
        return self.samples, self.policy.samples_wanted


def begin_enrolment(policy: EnrolmentPolicy, *, at_s: float) -> EnrolmentState:
    """Start an enrolment at a time in seconds on the clock of the observations."""
    return EnrolmentState(policy=policy, began_at_s=at_s, prompt_since_s=at_s)


def advance_enrolment(state: EnrolmentState, observation: Observation) -> EnrolmentState:
    """Take one more frame into account.

    Args:
        state: what was known before; a state with a verdict is returned unchanged.
        observation: its `face.is_match` says whether the face agrees with the samples so far
            (None for the first).

    Returns: the new state; `takes_frame` says whether this frame becomes a sample.
    """
    if state.verdict is not None:
        return replace(state, takes_frame=False)
    if observation.sequence <= state.last_sequence:
        raise ValueError(f"{observation.sequence} after {state.last_sequence}")
    state = replace(state, takes_frame=False, last_sequence=observation.sequence)
    expired = expire_enrolment(state, at_s=observation.at_s)
    return expired if expired.verdict is not None else _decide(_count(state, observation))


def expire_enrolment(state: EnrolmentState, *, at_s: float) -> EnrolmentState:
    """Finish by time: with enough samples it is complete, else refused."""
    if state.verdict is not None or at_s - state.began_at_s <= state.policy.time_limit_s:
        return state
    if state.samples >= state.policy.samples_needed:
        return replace(state, verdict=Verdict.granted())
    return replace(state, verdict=Verdict.denied(_reason_of_timeout(state)))


def interrupt_enrolment(state: EnrolmentState, reason: Reason) -> EnrolmentState:
    """End an unfinished enrolment from outside; nothing is stored."""
    return state if state.verdict else replace(state, verdict=Verdict.denied(reason))


def _reason_of_timeout(state: EnrolmentState) -> Reason:
    if state.faces_seen == 0:
        return Reason.NO_FACE
    if state.attack_frames > state.samples:
        return Reason.PRESENTATION_ATTACK
    return Reason.TIMED_OUT if state.samples else Reason.POOR_QUALITY


def _count(state: EnrolmentState, observation: Observation) -> EnrolmentState:
    if observation.is_repeated:
        return replace(state, repeated_in_a_row=state.repeated_in_a_row + 1)
    state = replace(state, repeated_in_a_row=0)
    face = observation.face
    if face is None:
        return replace(state, hint=Hint.NO_FACE)
    state = replace(state, faces_seen=state.faces_seen + 1)
    if observation.face_count > 1:
        return replace(state, hint=Hint.SEVERAL_FACES)
    if not face.has_quality:
        return replace(state, hint=face.hint)
    return _judge(replace(state, hint=Hint.HOLD_STILL), face, at_s=observation.at_s)


def _judge(state: EnrolmentState, face: FaceEvidence, *, at_s: float) -> EnrolmentState:
    if face.is_bona_fide is not True:
        return replace(state, attack_frames=state.attack_frames + 1)
    if face.is_match is False or not face.is_continuous:
        return replace(state, inconsistent_frames=state.inconsistent_frames + 1)
    if at_s - state.last_sample_at_s < state.policy.min_gap_s:
        return state
    waited_s = at_s - state.prompt_since_s
    if not _answers_prompt(state, face) and waited_s < state.policy.pose_patience_s:
        return state
    before = state.prompt
    state = replace(state, samples=state.samples + 1, last_sample_at_s=at_s, takes_frame=True)
    return state if state.prompt is before else replace(state, prompt_since_s=at_s)


def _answers_prompt(state: EnrolmentState, face: FaceEvidence) -> bool:
    if state.prompt is Prompt.TURN_A_LITTLE_LEFT:
        return face.yaw_deg >= state.policy.turn_deg
    if state.prompt is Prompt.TURN_A_LITTLE_RIGHT:
        return face.yaw_deg <= -state.policy.turn_deg
    return abs(face.yaw_deg) < 2 * state.policy.turn_deg


def _decide(state: EnrolmentState) -> EnrolmentState:
    policy = state.policy
    if state.samples >= policy.samples_wanted:
        return replace(state, verdict=Verdict.granted())
    limits = (
        (state.repeated_in_a_row >= policy.repeated_frames_limit, Reason.FROZEN),
        (state.attack_frames >= policy.attack_frames_limit, Reason.PRESENTATION_ATTACK),
        (state.inconsistent_frames >= policy.inconsistent_limit, Reason.FACE_CHANGED),
    )
    for is_reached, reason in limits:
        if is_reached:
            return replace(state, verdict=Verdict.denied(reason), takes_frame=False)
    return state
