import random
from dataclasses import replace
from itertools import pairwise

import pytest

from countenance.ceremony.challenge import (
    ChallengePolicy,
    ChallengeState,
    Move,
    Phase,
    PlannedMove,
    advance_challenge,
    begin_challenge,
    draw_challenge,
)
from countenance.ceremony.evidence import FaceEvidence, Hint, Observation
from countenance.ceremony.verdict import Reason
from countenance.geometry.planarity import Planarity

POLICY = ChallengePolicy(wait_s=(0.0, 0.0))
HEAD = Planarity(
    rms=0.08, off_plane_share=0.6, points=80, depth=0.3, bulge=0.2, off_sheet_share=0.6, skew=0.03
)
FLAT = Planarity(
    rms=0.01,
    off_plane_share=0.05,
    points=110,
    depth=0.03,
    bulge=0.02,
    off_sheet_share=0.8,
    skew=0.03,
)
BENT = Planarity(
    rms=0.05, off_plane_share=0.25, points=90, depth=0.2, bulge=0.1, off_sheet_share=0.4, skew=0.03
)
ROLLED = Planarity(
    rms=0.06,
    off_plane_share=0.6,
    points=100,
    depth=0.14,
    bulge=0.05,
    off_sheet_share=0.3,
    skew=0.03,
)
ROLLED_FAR = Planarity(
    rms=0.12,
    off_plane_share=0.7,
    points=110,
    depth=0.37,
    bulge=0.13,
    off_sheet_share=0.2,
    skew=0.03,
)
LEANING = Planarity(
    rms=0.12,
    off_plane_share=0.7,
    points=110,
    depth=0.37,
    bulge=0.13,
    off_sheet_share=0.4,
    skew=0.3,
)
WITH_LIVE_EYES = Planarity(
    rms=0.06,
    off_plane_share=0.5,
    points=100,
    depth=0.09,
    bulge=0.09,
    off_sheet_share=0.9,
    skew=0.03,
)
"""Off the plane as a whole, while most of its points are on one."""
FRAME_S = 0.1


class Person:
    """Sends frames one after the other and keeps what the challenge made of them."""

    def __init__(self, *moves: Move, policy: ChallengePolicy = POLICY, wait_s: float = 0.0) -> None:
        draw = tuple(PlannedMove(move, wait_s) for move in moves)
        policy = replace(policy, moves=len(moves))
        self.state: ChallengeState = begin_challenge(policy, draw, track_id=7)
        self.at_s = 100.0
        self.sequence = 0

    def frame(self, *, face_count: int = 1, is_repeated: bool = False, **face: object) -> None:
        given = {"track_id": 7, "hint": Hint.HOLD_STILL, "is_bona_fide": True, "is_match": True}
        width = face.pop("width", 0.3)
        given |= {"yaw_deg": 0.0, "pitch_deg": 0.0, "box_xyxy": (0.3, 0.2, 0.3 + width, 0.7)} | face
        evidence = FaceEvidence(**given)
        seen = Observation(self.sequence, self.at_s, face_count, evidence, is_repeated=is_repeated)
        self.send(seen)

    def send(self, observation: Observation) -> None:
        self.state = advance_challenge(self.state, observation)
        self.at_s += FRAME_S
        self.sequence += 1

    def straight(self, frames: int = 4) -> None:
        for _ in range(frames):
            self.frame()

    def turn(self, yaw_deg: float, *, planarity: Planarity | None = HEAD, frames: int = 3) -> None:
        """Go there over two frames and stay; a turned face is not judged by the detectors."""
        for share in (0.3, 0.7, *[1.0] * frames):
            yaw = share * yaw_deg
            hint = Hint.TURNED if abs(yaw) > 15 else Hint.HOLD_STILL
            judged = True if hint is Hint.HOLD_STILL else None
            self.frame(
                yaw_deg=yaw, hint=hint, is_bona_fide=judged, is_match=judged, planarity=planarity
            )

    @property
    def ended(self) -> tuple[Phase, Reason | None]:
        return self.state.phase, self.state.reason


def test_moves_made_as_asked_pass() -> None:
    person = Person(Move.TURN_LEFT, Move.TURN_RIGHT)
    person.straight()
    assert person.state.move is Move.TURN_LEFT
    person.turn(28)
    assert person.state.move is None
    assert person.state.progress == (1, 2)
    person.straight()
    person.turn(-28)
    person.straight()
    assert person.ended == (Phase.PASSED, None)


def test_coming_closer_and_going_back_pass() -> None:
    person = Person(Move.MOVE_CLOSER, Move.MOVE_BACK)
    person.straight()
    for width in (0.3, 0.33, 0.36, 0.38):
        person.frame(width=width)
    person.straight(0)
    for width in (0.38, 0.38, 0.38, 0.38, 0.35, 0.31, 0.31, 0.31, 0.31):
        person.frame(width=width)
    assert person.ended == (Phase.PASSED, None)


def test_nothing_is_revealed_before_the_face_has_settled_and_waited() -> None:
    person = Person(Move.TURN_LEFT, wait_s=0.5)
    person.straight(3)
    for _ in range(4):
        assert person.state.move is None
        person.frame()
    person.straight(2)
    assert person.state.move is Move.TURN_LEFT


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        (Move.TURN_LEFT, {"yaw_deg": -25.0}),
        (Move.TURN_RIGHT, {"yaw_deg": 25.0}),
        (Move.MOVE_CLOSER, {"width": 0.22}),
        (Move.MOVE_BACK, {"width": 0.4}),
        (Move.MOVE_CLOSER, {"yaw_deg": 25.0}),
    ],
)
def test_another_move_than_the_one_asked_for_fails(asked: Move, made: dict[str, float]) -> None:
    person = Person(asked)
    person.straight()
    person.frame(planarity=HEAD, **made)
    assert person.ended == (Phase.FAILED, Reason.CHALLENGE_WRONG)


def test_a_move_before_it_is_asked_for_fails() -> None:
    person = Person(Move.TURN_LEFT, wait_s=1.0)
    person.straight(2)
    person.turn(25)
    assert person.ended == (Phase.FAILED, Reason.CHALLENGE_WRONG)


@pytest.mark.parametrize("width", [0.38, 0.22], ids=["closer", "back"])
def test_a_change_of_distance_that_nobody_asked_for_fails(width: float) -> None:
    """Else a recording could make moves until it comes to the one that is asked for."""
    awaited = Person(Move.TURN_LEFT)
    awaited.straight()
    assert awaited.state.move is Move.TURN_LEFT
    settling = Person(Move.TURN_LEFT, wait_s=1.0)
    settling.straight()
    assert settling.state.move is None
    between = Person(Move.TURN_LEFT, Move.TURN_LEFT, wait_s=1.0)
    between.straight(14)
    between.turn(28)
    between.straight()
    assert between.ended == (Phase.SETTLING, None)
    for person in (awaited, settling, between):
        person.frame(width=width)
        assert person.ended == (Phase.FAILED, Reason.CHALLENGE_WRONG)


def test_a_turned_head_looks_narrower_and_may_lean() -> None:
    person = Person(Move.TURN_LEFT)
    person.straight()
    person.frame(width=0.34)
    person.frame(yaw_deg=14.0, width=0.24)
    for _ in range(2):
        person.frame(yaw_deg=28.0, width=0.22, hint=Hint.TURNED, planarity=HEAD)
    assert person.state.progress == (1, 1)


@pytest.mark.parametrize("turned_before", [False, True], ids=["at once", "after a turn"])
@pytest.mark.parametrize(("asked", "width"), [(Move.MOVE_CLOSER, 0.4), (Move.MOVE_BACK, 0.22)])
def test_whoever_changed_the_distance_as_asked_may_go_back_to_where_they_were(
    asked: Move, width: float, *, turned_before: bool
) -> None:
    person = Person(asked, Move.TURN_LEFT, Move.TURN_RIGHT)
    person.straight()
    for _ in range(5):
        person.frame(width=width)
    if turned_before:
        assert person.state.move is Move.TURN_LEFT
        person.turn(28)
        for _ in range(2):
            person.frame(width=width)
    person.straight()
    assert person.state.move is (Move.TURN_RIGHT if turned_before else Move.TURN_LEFT)
    assert person.ended == (Phase.MOVING, None)


@pytest.mark.parametrize(("asked", "width"), [(Move.MOVE_CLOSER, 0.38), (Move.MOVE_BACK, 0.24)])
def test_the_way_back_is_open_once(asked: Move, width: float) -> None:
    person = Person(asked, Move.TURN_LEFT, Move.TURN_RIGHT)
    person.straight()
    person.frame(width=width)
    person.straight()
    assert person.state.move is Move.TURN_LEFT
    person.turn(28)
    person.straight()
    assert person.state.move is Move.TURN_RIGHT
    person.frame(width=width)
    assert person.ended == (Phase.FAILED, Reason.CHALLENGE_WRONG)


def test_a_turn_that_was_under_way_when_it_was_asked_for_fails() -> None:
    person = Person(Move.TURN_LEFT)
    person.straight(3)
    assert person.state.move is Move.TURN_LEFT
    person.frame(yaw_deg=25.0, hint=Hint.TURNED, planarity=HEAD)
    assert person.ended == (Phase.FAILED, Reason.CHALLENGE_WRONG)


@pytest.mark.parametrize(
    ("planarity", "reason"),
    [
        (FLAT, Reason.FLAT_PICTURE),
        (BENT, Reason.FLAT_PICTURE),
        (ROLLED, Reason.SHALLOW_TURN),
        (ROLLED_FAR, Reason.SHALLOW_TURN),
        (LEANING, Reason.SHALLOW_TURN),
        (WITH_LIVE_EYES, Reason.SHALLOW_TURN),
    ],
)
def test_a_face_that_turns_without_depth_is_a_picture(planarity: Planarity, reason: Reason) -> None:
    person = Person(Move.TURN_LEFT)
    person.straight()
    person.turn(28, planarity=planarity)
    assert person.ended == (Phase.FAILED, reason)


def test_a_turn_whose_depth_cannot_be_measured_is_no_answer() -> None:
    person = Person(Move.TURN_LEFT)
    person.straight()
    person.turn(28, planarity=None, frames=100)
    assert person.ended == (Phase.FAILED, Reason.CHALLENGE_UNANSWERED)


def test_doing_nothing_fails_after_the_limit() -> None:
    person = Person(Move.TURN_LEFT)
    person.straight(60)
    assert person.state.move is Move.TURN_LEFT
    person.straight(10)
    assert person.ended == (Phase.FAILED, Reason.CHALLENGE_UNANSWERED)


@pytest.mark.parametrize(
    "other",
    [{"track_id": 8}, {"is_continuous": False}],
    ids=["another track", "another face in its place"],
)
def test_another_face_fails_it_at_any_time(other: dict[str, object]) -> None:
    for frames in (1, 5):
        person = Person(Move.TURN_LEFT)
        person.straight(frames)
        person.frame(**other)
        assert person.ended == (Phase.FAILED, Reason.FACE_CHANGED)


def test_a_lost_face_fails_it() -> None:
    person = Person(Move.TURN_LEFT)
    person.straight()
    person.send(Observation(person.sequence, person.at_s, 0, None))
    assert person.ended == (Phase.FAILED, Reason.FACE_CHANGED)


@pytest.mark.parametrize(
    "poor",
    [
        {"is_bona_fide": False},
        {"is_bona_fide": None},
        {"is_match": False},
        {"is_match": None},
        {"hint": Hint.TOO_DARK},
        {"yaw_deg": 14.0},
        {"face_count": 2},
    ],
    ids=str,
)
def test_only_good_frames_of_one_face_that_looks_straight_settle(poor: dict[str, object]) -> None:
    person = Person(Move.TURN_LEFT)
    for _ in range(20):
        person.frame(**poor)
    assert person.ended == (Phase.SETTLING, None)
    assert person.state.move is None


def test_after_the_last_move_the_person_is_judged_once_more() -> None:
    person = Person(Move.TURN_LEFT)
    person.straight()
    person.turn(28)
    for _ in range(5):
        person.frame(is_bona_fide=False)
    assert person.ended == (Phase.SETTLING, None)


def test_a_repeated_frame_changes_nothing() -> None:
    person = Person(Move.TURN_LEFT)
    person.straight(2)
    before = person.state
    person.frame(is_repeated=True, track_id=99)
    assert person.state == before


def test_the_view_that_depth_is_measured_from_is_the_one_that_reveals_a_turn() -> None:
    person = Person(Move.TURN_LEFT)
    starts = []
    for _ in range(5):
        person.straight(1)
        starts.append(person.state.starts_relief)
    assert starts == [False, False, True, False, False]


def test_how_far_a_move_has_come_is_known_for_the_page() -> None:
    person = Person(Move.TURN_LEFT)
    person.straight()
    person.frame(yaw_deg=10.0)
    assert person.state.reach == pytest.approx(0.5)
    person.frame(yaw_deg=-5.0)
    assert person.state.reach == 0.0


def test_draws_never_repeat_a_move_at_once_and_always_turn() -> None:
    rng = random.Random(3)  # noqa: S311 - a test has to repeat
    draws = [
        draw_challenge(ChallengePolicy(), choose=rng.choice, share=rng.random) for _ in range(4000)
    ]
    moves = [tuple(planned.move for planned in draw) for draw in draws]
    assert all(a is not b for draw in moves for a, b in pairwise(draw))
    assert all(any(move.is_turn for move in draw) for draw in moves)
    assert len(set(moves)) == 4 * 3**3 - 2  # all but closer-back-closer and its mirror
    low, high = ChallengePolicy().wait_s
    assert all(low <= planned.wait_s <= high for draw in draws for planned in draw)


@pytest.mark.parametrize(
    "wrong",
    [
        {"moves": 0},
        {"attack_frames_limit": 0},
        {"centre_deg": 25.0},
        {"closer_ratio": 0.9},
        {"back_ratio": 1.0},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="move"):
        ChallengePolicy(**wrong)


def test_a_draw_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="as many"):
        begin_challenge(POLICY, (PlannedMove(Move.TURN_LEFT, 0),), track_id=1)
