"""The active challenge as a fold: moves drawn by the server, revealed one at a time.

A photograph cannot move as asked, and a recording was made before anybody knew what would be
asked. Looking up and down is not asked for: the five points cannot tell ten degrees of pitch from
the way a face is built (no recording of anybody doing it on purpose was there to measure with).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median
from typing import Final

from countenance.ceremony.evidence import FaceEvidence, Hint, Observation
from countenance.ceremony.verdict import Reason
from countenance.geometry.planarity import Planarity


class Move(StrEnum):
    """What the person is asked to do; sides are the person's own."""

    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    MOVE_CLOSER = "move_closer"
    MOVE_BACK = "move_back"

    @property
    def is_turn(self) -> bool:
        """Whether the head turns, so that its depth shows."""
        return self in {Move.TURN_LEFT, Move.TURN_RIGHT}


@dataclass(frozen=True, slots=True)
class ChallengePolicy:
    """How many moves, how far, how fast."""

    moves: int = 4
    """A recording that answers by luck has to match all of them: 1 in 106 draws on the whole, 1 in
    72 for the likeliest recording, twice a login. With three it was 1 in 36, and one got in. A film
    that is played on and on has more luck than that, for it begins anywhere and its ways back are
    moves, too: `tools.measure_films` counts it."""
    turn_deg: float = 20.0
    """Yaw from which the head counts as turned, by the estimate of `geometry.landmarks`."""
    centre_deg: float = 11.0
    """Yaw up to which it counts as looking straight ahead."""
    closer_ratio: float = 1.22
    """Width of the face over its width before the move, from which it has come closer."""
    back_ratio: float = 0.83
    """The same for moving back."""
    settle_frames: int = 3
    """Consecutive good frames, looking straight ahead, before each move and after the last."""
    wait_s: tuple[float, float] = (0.2, 1.2)
    """Shortest and longest random wait, once settled, before a move is revealed."""
    reaction_min_s: float = 0.15
    """Nobody has turned the head sooner after the move was told: it was under way before."""
    move_limit_s: float = 6.0
    """From telling a move to having answered it."""
    attack_frames_limit: int = 60
    """Frames judged an attack while it runs, in all, after which the login is refused: two for
    each second that moves add to a login, as in `PassivePolicy`."""
    proof_frames: int = 2
    """Frames in the turned pose whose depth could be measured."""
    min_relief_rms: float = 0.03
    """`Planarity.rms` from which a turned face has depth."""
    min_off_plane_share: float = 0.36
    """`Planarity.off_plane_share` from which a turned face has depth."""
    min_depth: float = 0.11
    """`Planarity.depth`, in eye distances, from which it has depth without its eyes: photographs
    with holes for living eyes reached 0.10, turns of recorded people begin at 0.12."""
    min_bulge: float = 0.09
    """`Planarity.bulge`, in eye distances, from which no bent picture explains it."""
    min_off_sheet_share: float = 0.28
    """`Planarity.off_sheet_share` from which none does that is bent a lot: photographs rolled about
    a level line reached 0.26, turns of recorded people begin at 0.33."""
    max_skew: float = 0.15
    """`Planarity.skew` up to which both sides of the face are alike. All six are needed; without
    the last four the turn was shallow, not flat."""

    def __post_init__(self) -> None:
        if self.moves < 1:
            raise ValueError("a challenge needs at least one move")
        if self.attack_frames_limit < 1:
            raise ValueError("a limit of no attack frames refuses every move")
        if not 0 < self.centre_deg < self.turn_deg or not self.back_ratio < 1 < self.closer_ratio:
            raise ValueError("a move has to be larger than what counts as keeping still")


@dataclass(frozen=True, slots=True)
class PlannedMove:
    """One move of a draw."""

    move: Move
    wait_s: float
    """How long the settled face waits before it is revealed."""


Draw = tuple[PlannedMove, ...]
"""The moves of one challenge in order; secret until each is revealed."""


def draw_challenge(
    policy: ChallengePolicy, *, choose: Callable[[Sequence[Move]], Move], share: Callable[[], float]
) -> Draw:
    """Draw the moves of one challenge.

    Two moves in a row differ, and at least one of them is a turn, so that depth is always seen.

    Args:
        policy: of the challenge.
        choose: picks one of several, unpredictably (`secrets.choice`).
        share: 0..1, unpredictable and uniform.
    """
    low, high = policy.wait_s
    moves: list[Move] = []
    for index in range(policy.moves):
        moves.append(choose(_open_moves(moves, is_last=index == policy.moves - 1)))
    return tuple(PlannedMove(move, low + (high - low) * share()) for move in moves)


def _open_moves(before: list[Move], *, is_last: bool) -> list[Move]:
    must_turn = is_last and not any(move.is_turn for move in before)
    return [
        move
        for move in Move
        if (not before or move is not before[-1]) and (move.is_turn or not must_turn)
    ]


class Phase(StrEnum):
    """Where a challenge is."""

    SETTLING = "settling"
    """Looking straight ahead, before a move is revealed or after the last."""
    MOVING = "moving"
    """A move is revealed and not answered yet."""
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ChallengeState:
    """All that a challenge remembers between frames."""

    policy: ChallengePolicy
    draw: Draw
    track_id: int
    """The face that was judged before; another one may not answer."""
    phase: Phase = Phase.SETTLING
    reason: Reason | None = None
    """Why it failed."""
    answered: int = 0
    """Moves answered so far."""
    settled: int = 0
    """Consecutive good frames looking straight ahead."""
    settled_at_s: float = 0.0
    """When the last of `settle_frames` came."""
    was_centred: bool = False
    """Whether the head has looked straight ahead since the last answer: from then on a turn that
    nobody asked for is a mistake."""
    revealed_at_s: float = 0.0
    """When the move became known; see `announce`."""
    width: float = 0.0
    """Width of the settled face as a share of the frame's, before the move."""
    relief: tuple[Planarity, ...] = ()
    """Of the frames in the turned pose that was asked for."""
    reach: float = 0.0
    """How much of the revealed move is done, 0..1; for the picture on the page."""
    starts_relief: bool = False
    """Whether the frame just taken in is the view that the later ones are compared with."""
    places: tuple[float, float] | None = None
    """Widths of the face, as `width`, at the two distances between which the person may be unasked:
    to which they may still go back after a change of distance, and at which they settled; the same
    once they are back. None before the first frame looking straight ahead."""

    @property
    def move(self) -> Move | None:
        """The revealed move; None while none is."""
        return self.draw[self.answered].move if self.phase is Phase.MOVING else None

    @property
    def progress(self) -> tuple[int, int]:
        """Moves answered and moves asked for."""
        return self.answered, self.policy.moves

    @property
    def is_settling(self) -> bool:
        """Whether the face has to look straight ahead now."""
        return self.phase is Phase.SETTLING


def begin_challenge(policy: ChallengePolicy, draw: Draw, *, track_id: int) -> ChallengeState:
    """Start a challenge for the face of that track.

    Raises: ValueError: the draw has another number of moves than the policy.
    """
    if len(draw) != policy.moves:
        raise ValueError("a challenge needs as many drawn moves as its policy says")
    return ChallengeState(policy, draw, track_id)


_OVER: Final = (Phase.PASSED, Phase.FAILED)


def advance_challenge(state: ChallengeState, observation: Observation) -> ChallengeState:
    """Take one more frame into account.

    Args:
        state: what was known before; a finished one is returned unchanged.
        observation: later than the one before; repeated frames say nothing.
    """
    state = replace(state, starts_relief=False)
    if state.phase in _OVER or observation.is_repeated:
        return state
    face, at_s = observation.face, observation.at_s
    if face is None or _is_another(state, face):
        return _failed(state, Reason.FACE_CHANGED)
    if observation.face_count > 1:
        # Whose move it is cannot be told; the count of such frames ends the login elsewhere.
        return replace(state, settled=0)
    if state.phase is Phase.SETTLING:
        return _settle(state, face, at_s=at_s)
    if at_s - state.revealed_at_s > state.policy.move_limit_s:
        return _failed(state, Reason.CHALLENGE_UNANSWERED)
    return _watch(state, face, at_s=at_s)


def announce(state: ChallengeState, *, at_s: float) -> ChallengeState:
    """The revealed move is told now: nobody can have known it before, reactions count from here.

    Args:
        state: any; one without a revealed move is returned unchanged.
        at_s: when the reply goes out, on the clock of the observations; not before the frame that
            revealed the move.
    """
    return state if state.move is None else replace(state, revealed_at_s=at_s)


def _is_another(state: ChallengeState, face: FaceEvidence) -> bool:
    return face.track_id != state.track_id or not face.is_continuous


def _failed(state: ChallengeState, reason: Reason) -> ChallengeState:
    return replace(state, phase=Phase.FAILED, reason=reason)


def _settle(state: ChallengeState, face: FaceEvidence, *, at_s: float) -> ChallengeState:
    policy = state.policy
    has_turned = abs(face.yaw_deg) >= policy.turn_deg
    if state.was_centred and (has_turned or _has_strayed(state, face)):
        return _failed(state, Reason.CHALLENGE_WRONG)
    if not _is_settled(policy, face):
        return replace(state, settled=0)
    if state.settled < policy.settle_frames:
        state = _here(state, face)
    settled = state.settled + 1
    since_s = at_s if settled == policy.settle_frames else state.settled_at_s
    state = replace(state, settled=settled, settled_at_s=since_s, was_centred=True)
    if settled < policy.settle_frames:
        return state
    if state.answered == policy.moves:
        return replace(state, phase=Phase.PASSED)
    if at_s - since_s < state.draw[state.answered].wait_s:
        return state
    return _revealed(state, face, at_s=at_s)


def _is_settled(policy: ChallengePolicy, face: FaceEvidence) -> bool:
    # Silence of a detector is not consent: only an explicit True counts.
    is_good = face.has_quality and face.is_bona_fide is True and face.is_match is True
    return is_good and abs(face.yaw_deg) <= policy.centre_deg


def _here(state: ChallengeState, face: FaceEvidence) -> ChallengeState:
    """The person has settled at this distance; the way back closes behind whoever goes it."""
    width = _width(face)
    back, here = state.places or (width, width)
    is_back = (here - back) * (width - back) <= 0
    return replace(state, places=(width if is_back else back, width))


def _has_strayed(state: ChallengeState, face: FaceEvidence) -> bool:
    """Whether the distance has changed by a whole move though nobody asked for that.

    Without this a recording need not match the draw: it would make moves that are not asked for
    while another one is awaited, and be right as soon as it comes to that one. Going back to where
    one was before is no such move. A turned head looks narrower, so only a straight one is judged.
    """
    policy = state.policy
    if state.places is None or abs(face.yaw_deg) > policy.centre_deg:
        return False
    narrowest, widest = sorted(state.places)
    return not narrowest * policy.back_ratio < _width(face) < widest * policy.closer_ratio


def _revealed(state: ChallengeState, face: FaceEvidence, *, at_s: float) -> ChallengeState:
    return replace(
        _here(state, face),
        phase=Phase.MOVING,
        revealed_at_s=at_s,
        width=_width(face),
        starts_relief=True,
    )


def _watch(state: ChallengeState, face: FaceEvidence, *, at_s: float) -> ChallengeState:
    policy, asked = state.policy, state.draw[state.answered].move
    done = {move: _done(policy, move, face, width=state.width) for move in Move}
    state = replace(state, reach=min(1.0, max(0.0, done[asked])))
    if _is_wrong(asked, done) or (asked.is_turn and _has_strayed(state, face)):
        return _failed(state, Reason.CHALLENGE_WRONG)
    if done[asked] < 1.0:
        return state
    if at_s - state.revealed_at_s < policy.reaction_min_s:
        return _failed(state, Reason.CHALLENGE_WRONG)
    if asked.is_turn:
        return _prove(state, face)
    return _answered(replace(state, places=(state.width, _width(face))))


def _is_wrong(asked: Move, done: dict[Move, float]) -> bool:
    """Whether another move than the revealed one was made.

    Nobody keeps the distance while turning, and a turned head looks narrower: who was asked to
    turn may come closer or go back meanwhile. While the head is straight `_has_strayed` judges it.
    """
    others = set(Move) - {asked}
    if asked.is_turn:
        others -= {Move.MOVE_CLOSER, Move.MOVE_BACK}
    return any(done[other] >= 1.0 for other in others)


def _done(policy: ChallengePolicy, move: Move, face: FaceEvidence, *, width: float) -> float:
    """How much of a move is made; 1 and above is all of it, below 0 the opposite."""
    ratio = _width(face) / max(width, 1e-6)
    if move is Move.TURN_LEFT:
        return face.yaw_deg / policy.turn_deg
    if move is Move.TURN_RIGHT:
        return -face.yaw_deg / policy.turn_deg
    if move is Move.MOVE_CLOSER:
        return (ratio - 1) / (policy.closer_ratio - 1)
    return (1 - ratio) / (1 - policy.back_ratio)


def _prove(state: ChallengeState, face: FaceEvidence) -> ChallengeState:
    """Gather the depth of the turned face; without it a turn is no answer.

    Only frames count in which the face could be compared with that of the frames before: whoever
    changes places makes the picture dark or blurred.
    """
    if face.planarity is None or face.hint not in (Hint.HOLD_STILL, Hint.TURNED):
        return state
    state = replace(state, relief=(*state.relief, face.planarity))
    if len(state.relief) < state.policy.proof_frames:
        return state
    if _is_flat(state.policy, state.relief):
        return _failed(state, Reason.FLAT_PICTURE)
    if _is_shallow(state.policy, state.relief):
        return _failed(state, Reason.SHALLOW_TURN)
    return _answered(state)


def _is_flat(policy: ChallengePolicy, relief: tuple[Planarity, ...]) -> bool:
    """Whether it moved as a plane does; no recorded head came near that."""
    return (
        median(seen.rms for seen in relief) < policy.min_relief_rms
        or median(seen.off_plane_share for seen in relief) < policy.min_off_plane_share
    )


def _is_shallow(policy: ChallengePolicy, relief: tuple[Planarity, ...]) -> bool:
    """Whether a bent picture, or one with holes, may explain it.

    So may a small turn in a poor picture at a slow connection, now and then.
    """
    return (
        median(seen.depth for seen in relief) < policy.min_depth
        or median(seen.bulge for seen in relief) < policy.min_bulge
        or median(seen.off_sheet_share for seen in relief) < policy.min_off_sheet_share
        or median(seen.skew for seen in relief) > policy.max_skew
    )


def _answered(state: ChallengeState) -> ChallengeState:
    fresh = ChallengeState(state.policy, state.draw, state.track_id, places=state.places)
    return replace(fresh, answered=state.answered + 1)


def _width(face: FaceEvidence) -> float:
    return face.box_xyxy[2] - face.box_xyxy[0]
