"""A login with a challenge: nothing grants it but good frames and the moves that were drawn."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.ceremony.challenge import ChallengePolicy, Move, PlannedMove
from countenance.ceremony.colour import ColourPolicy, draw_colours
from countenance.ceremony.colour_answer import FaceLight
from countenance.ceremony.evidence import FaceEvidence, Hint, Observation
from countenance.ceremony.login import (
    LoginPolicy,
    LoginState,
    advance_login,
    begin_login,
    expire_login,
    interrupt_login,
)
from countenance.ceremony.palette import Colour, pull
from countenance.ceremony.policy import PassivePolicy, PolicyName
from countenance.ceremony.state import advance, begin
from countenance.ceremony.verdict import Reason, Verdict
from countenance.geometry.planarity import Planarity

HEAD = Planarity(
    rms=0.08, off_plane_share=0.6, points=80, depth=0.3, bulge=0.2, off_sheet_share=0.6, skew=0.03
)
FLAT = Planarity(
    rms=0.01,
    off_plane_share=0.02,
    points=80,
    depth=0.03,
    bulge=0.02,
    off_sheet_share=0.8,
    skew=0.03,
)
GOOD = FaceEvidence(
    box_xyxy=(0.3, 0.2, 0.6, 0.7),
    track_id=1,
    hint=Hint.HOLD_STILL,
    yaw_deg=0.0,
    pitch_deg=0.0,
    is_bona_fide=True,
    is_match=True,
)
ATTACK = replace(GOOD, is_bona_fide=False)
LEFT = replace(GOOD, yaw_deg=28.0, hint=Hint.TURNED, is_bona_fide=None, is_match=None)
LEFT = replace(LEFT, planarity=HEAD)
RIGHT = replace(LEFT, yaw_deg=-28.0)
HALF_LEFT, HALF_RIGHT = replace(GOOD, yaw_deg=12.0), replace(GOOD, yaw_deg=-12.0)

POLICY = LoginPolicy(PassivePolicy(frames_needed=4), ChallengePolicy(moves=2, wait_s=(0, 0)))
FIRST = (PlannedMove(Move.TURN_LEFT, 0), PlannedMove(Move.TURN_RIGHT, 0))
SECOND = (PlannedMove(Move.TURN_RIGHT, 0), PlannedMove(Move.TURN_LEFT, 0))
DRAWS = (FIRST, SECOND)
TO_LEFT, TO_RIGHT = [HALF_LEFT, LEFT, LEFT], [HALF_RIGHT, RIGHT, RIGHT]
ANSWERS = {FIRST: [*TO_LEFT, *[GOOD] * 3, *TO_RIGHT], SECOND: [*TO_RIGHT, *[GOOD] * 3, *TO_LEFT]}


def play(*faces: FaceEvidence | None, policy: LoginPolicy = POLICY) -> LoginState:
    state = begin_login(policy, DRAWS, at_s=0.0)
    for sequence, face in enumerate(faces):
        count = 0 if face is None else 1
        state = advance_login(state, Observation(sequence, sequence * 0.1, count, face))
    return state


def settled(frames: int = 3) -> list[FaceEvidence]:
    return [GOOD] * frames


def test_good_frames_and_the_drawn_moves_grant() -> None:
    assert play(*settled(4), *settled(), *ANSWERS[FIRST]).verdict is None
    assert play(*settled(4), *settled(), *ANSWERS[FIRST], *settled()).verdict == Verdict.granted()


def test_good_frames_alone_do_not_grant() -> None:
    state = play(*settled(60))
    assert state.verdict is None
    assert state.move is Move.TURN_LEFT
    assert state.progress == (4, 4)


def test_a_move_made_before_the_face_was_judged_does_not_count() -> None:
    assert play(*ANSWERS[FIRST], *settled(8)).verdict is None


def test_a_wrong_move_begins_again_with_good_frames_and_another_draw() -> None:
    before = [*settled(7), *TO_RIGHT]
    state = play(*before)
    assert state.verdict is None
    assert state.progress == (0, 4)
    again = [*before, *settled(7)]
    assert play(*again).move is Move.TURN_RIGHT
    assert play(*again, *ANSWERS[SECOND], *settled()).verdict == Verdict.granted()


def test_the_first_draw_does_not_answer_the_second() -> None:
    state = play(*settled(7), *TO_RIGHT, *settled(7), *ANSWERS[FIRST], *settled(9))
    assert state.verdict == Verdict.denied(Reason.CHALLENGE_WRONG)


def test_no_mistake_is_forgiven_twice() -> None:
    state = play(*settled(7), *TO_RIGHT, *settled(7), *TO_LEFT)
    assert state.verdict == Verdict.denied(Reason.CHALLENGE_WRONG)


def test_a_picture_gets_no_second_try() -> None:
    flat = replace(LEFT, planarity=FLAT)
    state = play(*settled(7), HALF_LEFT, flat, flat)
    assert state.verdict == Verdict.denied(Reason.FLAT_PICTURE)


def test_a_turn_that_shows_little_depth_is_forgiven_once() -> None:
    """A poor picture at a slow connection can make a person look shallow, a bent one always is."""
    shallow = replace(LEFT, planarity=replace(HEAD, bulge=0.05))
    state = play(*settled(7), HALF_LEFT, shallow, shallow)
    assert state.verdict is None
    assert state.mistakes == 1
    again = replace(RIGHT, planarity=replace(HEAD, depth=0.09))
    state = play(*settled(7), HALF_LEFT, shallow, shallow, *settled(7), HALF_RIGHT, again, again)
    assert state.verdict == Verdict.denied(Reason.SHALLOW_TURN)


FEW_ATTACKS = LoginPolicy(
    PassivePolicy(frames_needed=4, attack_frames_limit=6),
    replace(POLICY.challenge, attack_frames_limit=8),
)


def test_attacks_are_counted_anew_when_the_challenge_begins() -> None:
    before = [*[ATTACK] * 5, *settled(4)]
    assert play(*before, *[ATTACK] * 7, policy=FEW_ATTACKS).verdict is None
    state = play(*before, *[ATTACK] * 8, policy=FEW_ATTACKS)
    assert state.verdict == Verdict.denied(Reason.PRESENTATION_ATTACK)
    state = play(*[ATTACK] * 6, policy=FEW_ATTACKS)
    assert state.verdict == Verdict.denied(Reason.PRESENTATION_ATTACK)


def test_attacks_are_not_counted_anew_by_a_challenge_that_begins_again() -> None:
    mistaken = [*settled(4), *[ATTACK] * 5, *settled(3), *TO_RIGHT]
    state = play(*mistaken, *settled(4), *[ATTACK] * 2, policy=FEW_ATTACKS)
    assert (state.mistakes, state.verdict) == (1, None)
    state = play(*mistaken, *settled(4), *[ATTACK] * 3, policy=FEW_ATTACKS)
    assert state.verdict == Verdict.denied(Reason.PRESENTATION_ATTACK)


def test_time_runs_on_during_the_challenge() -> None:
    state = play(*settled(7))
    assert expire_login(state, at_s=20.1).verdict == Verdict.denied(Reason.TIMED_OUT)
    assert expire_login(state, at_s=19.9).verdict is None
    granted = play(*settled(7), *ANSWERS[FIRST], *settled())
    assert expire_login(granted, at_s=99.0).verdict == Verdict.granted()


def test_a_broken_connection_ends_it() -> None:
    state = interrupt_login(play(*settled(7)), Reason.INTERRUPTED)
    assert state.verdict == Verdict.denied(Reason.INTERRUPTED)
    assert advance_login(state, Observation(99, 9.0, 1, GOOD)) is state


def test_every_beginning_needs_its_own_draw() -> None:
    with pytest.raises(ValueError, match="own draw"):
        begin_login(POLICY, (FIRST,), at_s=0.0)
    with pytest.raises(ValueError, match="no mistakes"):
        LoginPolicy(mistakes_allowed=-1)


def test_policies_are_known_by_name() -> None:
    assert LoginPolicy().name is PolicyName.PASSIVE
    assert LoginPolicy().draws_needed == 0
    assert POLICY.name is PolicyName.STANDARD
    assert POLICY.draws_needed == 2


FACES = st.sampled_from(
    [None, GOOD, ATTACK, LEFT, RIGHT, HALF_LEFT, HALF_RIGHT, replace(GOOD, track_id=2)]
)


@given(st.lists(FACES, max_size=80))
def test_without_a_challenge_it_decides_as_the_passive_fold(
    faces: list[FaceEvidence | None],
) -> None:
    policy = LoginPolicy(PassivePolicy(frames_needed=4, face_changes_limit=2))
    alone = begin(policy.passive, at_s=0.0)
    for sequence, face in enumerate(faces):
        count = 0 if face is None else 1
        alone = advance(alone, Observation(sequence, sequence * 0.1, count, face))
    assert play(*faces, policy=policy).verdict == alone.verdict


@given(st.lists(FACES, max_size=120))
def test_no_sequence_without_both_turns_is_granted(faces: list[FaceEvidence | None]) -> None:
    state = play(*faces)
    if state.verdict == Verdict.granted():
        assert LEFT in faces
        assert RIGHT in faces


def shown(numbers: list[int]) -> LoginState:
    """A login of nothing but good frames in a picture that moves from number to number."""
    pictures = np.cumsum(np.random.default_rng(1).normal(0, 2, (400, 192)), axis=0)
    state = begin_login(PATIENT, (), at_s=0.0)
    for sequence, number in enumerate(numbers):
        seen = Observation(
            sequence, sequence * 0.1, 1, GOOD, thumbnail=pictures[number].astype(np.float32)
        )
        state = advance_login(state, seen)
    return state


PATIENT = LoginPolicy(PassivePolicy(frames_needed=10_000, time_limit_s=60))


def test_a_loop_is_refused_whatever_else_the_frames_show() -> None:
    looped = shown([number % 30 for number in range(120)])
    assert looped.verdict == Verdict.denied(Reason.LOOPED)
    assert shown(list(range(300))).verdict is None


def test_repeated_frames_and_frames_without_a_picture_tell_no_loop() -> None:
    state = begin_login(PATIENT, (), at_s=0.0)
    picture = np.zeros(192, np.float32)
    for sequence in range(3):
        seen = Observation(sequence, sequence * 0.1, 1, GOOD, sequence > 0, thumbnail=picture)
        state = advance_login(state, seen)
    assert state.recurrence is not None
    assert len(state.recurrence.times_s) == 1
    assert play(*settled()).recurrence is None


STRICT = replace(POLICY, colours=ColourPolicy())
SHADES = (
    draw_colours(ColourPolicy(), choose=Random(1).choice),  # noqa: S311 - a test has to repeat
    draw_colours(ColourPolicy(), choose=Random(2).choice),  # noqa: S311 - the same
)
MOVED = [*settled(4), *settled(), *ANSWERS[FIRST], *settled()]


class Session:
    """A login under `strict`, frame by frame; the screen shows one frame later what it is told."""

    def __init__(self) -> None:
        self.state = begin_login(STRICT, DRAWS, at_s=0.0, colours=SHADES)
        self.sequence = 0
        self.shown: Colour | None = None

    def see(self, face: FaceEvidence | None) -> LoginState:
        self.shown, at_s = self.state.colour, self.sequence * 0.1
        count = 0 if face is None else 1
        self.state = advance_login(self.state, Observation(self.sequence, at_s, count, face))
        self.sequence += 1
        return self.state

    def watch(self, strength: float) -> LoginState:
        """Look at the screen until its colours are over, lit by them so much."""
        while self.state.colour is not None:
            red, blue = pull(self.shown) if self.shown else (0.0, 0.0)
            light = FaceLight((strength * red, strength * blue), (0.0, 0.0))
            # Coloured light: the passive detector takes the face for a screen.
            self.see(replace(GOOD, light=light, is_bona_fide=False))
        return self.state


@pytest.fixture
def moved() -> Session:
    """All moves are made, the colours begin."""
    session = Session()
    for face in MOVED:
        session.see(face)
    return session


def test_under_strict_moves_alone_do_not_grant(moved: Session) -> None:
    assert moved.state.verdict is None
    assert moved.state.colour is SHADES[0][0]
    assert moved.state.policy.name is PolicyName.STRICT


def test_colours_that_come_back_and_good_frames_after_them_grant(moved: Session) -> None:
    assert moved.watch(0.1).verdict is None
    for _ in range(2):
        assert moved.see(GOOD).verdict is None
    assert moved.see(GOOD).verdict == Verdict.granted()


def test_an_attack_after_the_colours_is_not_granted(moved: Session) -> None:
    moved.watch(0.1)
    for _ in range(30):
        assert moved.see(ATTACK).verdict is None


def test_the_detector_is_not_believed_in_coloured_light(moved: Session) -> None:
    before = moved.state.passive.attack_frames
    assert moved.watch(0.1).passive.attack_frames == before


def test_colours_that_do_not_come_back_refuse_at_once(moved: Session) -> None:
    assert moved.watch(0.0).verdict == Verdict.denied(Reason.COLOUR_UNSEEN)


def test_a_face_lost_in_the_colours_begins_all_again_with_other_colours(moved: Session) -> None:
    moved.see(None)
    assert (moved.state.verdict, moved.state.colour, moved.state.move) == (None, None, None)
    for face in [*settled(4), *settled(), *ANSWERS[SECOND], *settled()]:
        moved.see(face)
    assert moved.state.colour is SHADES[1][0]
    moved.see(None)
    assert moved.state.verdict == Verdict.denied(Reason.FACE_CHANGED)


def test_colours_need_moves_and_a_draw_for_each_beginning() -> None:
    with pytest.raises(ValueError, match="after moves"):
        LoginPolicy(colours=ColourPolicy())
    with pytest.raises(ValueError, match="own draw"):
        begin_login(STRICT, DRAWS, at_s=0.0, colours=SHADES[:1])
