"""The passive login as a fold: `begin`, then `advance` with each observation, `expire` by time."""

from __future__ import annotations

from dataclasses import dataclass, replace

from countenance.ceremony.evidence import FaceEvidence, Hint, Observation
from countenance.ceremony.policy import PassivePolicy
from countenance.ceremony.verdict import Reason, Verdict


@dataclass(frozen=True, slots=True)
class State:
    """All that a login remembers between frames."""

    policy: PassivePolicy
    began_at_s: float
    """Seconds on the clock of the observations."""
    verdict: Verdict | None = None
    """None while the login is going on; never changes once it is there."""
    streak: int = 0
    """Consecutive good frames of one track so far, 0..`policy.frames_needed`."""
    track_id: int | None = None
    """The face that the streak belongs to; None when there is no streak."""
    last_sequence: int = -1
    """Sequence number of the last observation; the next must be higher."""
    frames: int = 0
    faces_seen: int = 0
    samples_judged: int = 0
    """Frames good enough to be judged."""
    attack_frames: int = 0
    mismatch_frames: int = 0
    several_faces_frames: int = 0
    repeated_in_a_row: int = 0
    face_changes: int = 0
    """Streaks that ended because the face was lost, replaced or no longer the same."""
    hint: Hint = Hint.NO_FACE
    """What the person should do now."""

    @property
    def progress(self) -> tuple[int, int]:
        """Good frames so far and frames needed."""
        return self.streak, self.policy.frames_needed


class SequenceError(ValueError):
    """An observation came again or out of order; the protocol must refuse it earlier."""


def begin(policy: PassivePolicy, *, at_s: float) -> State:
    """Start a login at a time in seconds on the clock of the observations."""
    return State(policy=policy, began_at_s=at_s)


def advance(state: State, observation: Observation) -> State:
    """Take one more frame into account.

    Args:
        state: what was known before; a state with a verdict is returned unchanged.
        observation: sequence number above that of the last one.

    Returns: the new state; look at `verdict`.
    Raises: SequenceError: the sequence number does not rise.
    """
    if state.verdict is not None:
        return state
    if observation.sequence <= state.last_sequence:
        raise SequenceError(f"{observation.sequence} after {state.last_sequence}")
    expired = expire(state, at_s=observation.at_s)
    if expired.verdict is not None:
        return expired
    return _decide(_count(state, observation))


def expire(state: State, *, at_s: float) -> State:
    """Refuse when the time limit has passed, with the reason that describes the attempt best."""
    if state.verdict is not None or at_s - state.began_at_s <= state.policy.time_limit_s:
        return state
    return _denied(state, _reason_of_timeout(state))


def interrupt(state: State, reason: Reason) -> State:
    """End an unfinished login from outside: the connection broke, the engine failed."""
    return state if state.verdict is not None else _denied(state, reason)


def _denied(state: State, reason: Reason) -> State:
    return replace(state, verdict=Verdict.denied(reason), streak=0, track_id=None)


def _reason_of_timeout(state: State) -> Reason:
    if state.faces_seen == 0:
        return Reason.NO_FACE
    if state.several_faces_frames * 2 > state.faces_seen:
        return Reason.SEVERAL_FACES
    if state.samples_judged == 0:
        return Reason.POOR_QUALITY
    worst = max(state.attack_frames, state.mismatch_frames)
    if worst * 2 > state.samples_judged:
        is_attack = state.attack_frames >= state.mismatch_frames
        return Reason.PRESENTATION_ATTACK if is_attack else Reason.NOT_MATCHED
    return Reason.TIMED_OUT


def _count(state: State, observation: Observation) -> State:
    state = replace(state, frames=state.frames + 1, last_sequence=observation.sequence)
    if observation.is_repeated:
        # A repeat says nothing new: it neither feeds nor breaks the streak.
        return replace(state, repeated_in_a_row=state.repeated_in_a_row + 1)
    state = replace(state, repeated_in_a_row=0)
    face = observation.face
    if face is None:
        return replace(_streak_lost(state), hint=Hint.NO_FACE)
    state = replace(state, faces_seen=state.faces_seen + 1)
    if observation.face_count > 1:
        state = replace(state, several_faces_frames=state.several_faces_frames + 1)
        return replace(_streak_lost(state), hint=Hint.SEVERAL_FACES)
    if _is_another_face(state, face):
        state = _streak_lost(state)
    if not face.has_quality:
        return replace(state, streak=0, track_id=None, hint=face.hint)
    return _judge(replace(state, hint=Hint.HOLD_STILL), face)


def _is_another_face(state: State, face: FaceEvidence) -> bool:
    return state.streak > 0 and (face.track_id != state.track_id or not face.is_continuous)


def _streak_lost(state: State) -> State:
    changes = state.face_changes + (1 if state.streak > 0 else 0)
    return replace(state, streak=0, track_id=None, face_changes=changes)


def _judge(state: State, face: FaceEvidence) -> State:
    # Silence of a detector is not consent: only an explicit True counts.
    is_good = face.is_bona_fide is True and face.is_match is True and face.is_continuous
    return replace(
        state,
        samples_judged=state.samples_judged + 1,
        attack_frames=state.attack_frames + (face.is_bona_fide is False),
        mismatch_frames=state.mismatch_frames + (face.is_match is False),
        streak=state.streak + 1 if is_good else 0,
        track_id=face.track_id if is_good else None,
    )


def _decide(state: State) -> State:
    policy = state.policy
    limits = (
        (state.repeated_in_a_row >= policy.repeated_frames_limit, Reason.FROZEN),
        (state.several_faces_frames >= policy.several_faces_limit, Reason.SEVERAL_FACES),
        (state.face_changes >= policy.face_changes_limit, Reason.FACE_CHANGED),
        # A picture of somebody else is both; the attack is what the owner should hear of.
        (state.attack_frames >= policy.attack_frames_limit, Reason.PRESENTATION_ATTACK),
        (state.mismatch_frames >= policy.mismatch_frames_limit, Reason.NOT_MATCHED),
    )
    for is_reached, reason in limits:
        if is_reached:
            return _denied(state, reason)
    if state.streak >= policy.frames_needed:
        return replace(state, verdict=Verdict.granted())
    return state
