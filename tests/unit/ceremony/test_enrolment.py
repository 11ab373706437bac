"""Enrolment keeps good, live, consistent samples spread over time and pose."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.ceremony.enrolment import (
    EnrolmentPolicy,
    EnrolmentState,
    Prompt,
    advance_enrolment,
    begin_enrolment,
    expire_enrolment,
    interrupt_enrolment,
)
from countenance.ceremony.evidence import FaceEvidence, Hint, Observation
from countenance.ceremony.verdict import Reason, Verdict

POLICY = EnrolmentPolicy()
GOOD = FaceEvidence((0.3, 0.2, 0.7, 0.8), 1, Hint.HOLD_STILL, 0.0, 0.0, True, None)


def play(*faces, gap_s: float = 0.3, start: EnrolmentState | None = None, repeated=False):
    state = start or begin_enrolment(POLICY, at_s=0.0)
    kept = 0
    first = state.last_sequence + 1
    for number, face in enumerate(faces, start=first):
        seen = Observation(number, number * gap_s, 1 if face else 0, face, repeated)
        state = advance_enrolment(state, seen)
        kept += state.takes_frame
    return state, kept


def answering(state: EnrolmentState) -> FaceEvidence:
    yaw = {Prompt.TURN_A_LITTLE_LEFT: 15.0, Prompt.TURN_A_LITTLE_RIGHT: -15.0}
    return replace(GOOD, yaw_deg=yaw.get(state.prompt, 0.0))


def test_a_person_who_follows_the_prompts_is_enrolled_with_ten_samples():
    state, kept = begin_enrolment(POLICY, at_s=0.0), 0
    prompts = set()
    for number in range(60):
        prompts.add(state.prompt)
        seen = Observation(number, number * 0.3, 1, answering(state))
        state = advance_enrolment(state, seen)
        kept += state.takes_frame
        if state.verdict:
            break
    assert state.verdict == Verdict.granted()
    assert kept == state.samples == 10
    assert prompts == set(Prompt)


def test_a_person_who_cannot_turn_is_enrolled_too():
    """Prompts are wishes: after some patience any good sample is taken."""
    state, _ = play(*[GOOD] * 140)
    assert state.verdict == Verdict.granted()


def test_samples_keep_their_distance_in_time():
    state, kept = play(*[GOOD] * 10, gap_s=0.05)
    assert kept == 2, "0.45 s hold two samples 0.25 s apart"
    assert state.samples == 2


@pytest.mark.parametrize(
    "face",
    [
        None,
        replace(GOOD, hint=Hint.BLURRED),
        replace(GOOD, is_bona_fide=False),
        replace(GOOD, is_bona_fide=None),
        replace(GOOD, is_match=False),
        replace(GOOD, is_continuous=False),
    ],
)
def test_a_bad_frame_never_becomes_a_sample(face):
    _, kept = play(*[face] * 15)
    assert kept == 0


def test_a_picture_or_another_person_ends_the_enrolment():
    attack, _ = play(*[replace(GOOD, is_bona_fide=False)] * POLICY.attack_frames_limit)
    assert attack.verdict == Verdict.denied(Reason.PRESENTATION_ATTACK)
    other, _ = play(GOOD, *[replace(GOOD, is_match=False)] * POLICY.inconsistent_limit)
    assert other.verdict == Verdict.denied(Reason.FACE_CHANGED)
    frozen, _ = play(*[GOOD] * POLICY.repeated_frames_limit, repeated=True)
    assert frozen.verdict == Verdict.denied(Reason.FROZEN)


@pytest.mark.parametrize(("samples", "granted"), [(4, False), (5, True)])
def test_the_time_limit_accepts_enough_samples_and_no_fewer(samples, granted):
    state = replace(begin_enrolment(POLICY, at_s=0.0), samples=samples, faces_seen=9)
    ended = expire_enrolment(state, at_s=POLICY.time_limit_s + 1)
    assert ended.verdict is not None
    assert ended.verdict.is_granted is granted


def test_an_interrupted_enrolment_is_refused():
    state, _ = play(GOOD)
    ended = interrupt_enrolment(state, Reason.INTERRUPTED)
    assert ended.verdict == Verdict.denied(Reason.INTERRUPTED)


faces = st.one_of(
    st.none(),
    st.builds(
        FaceEvidence,
        box_xyxy=st.just((0.3, 0.2, 0.7, 0.8)),
        track_id=st.just(1),
        hint=st.sampled_from([Hint.HOLD_STILL] * 3 + [Hint.TOO_DARK]),
        yaw_deg=st.floats(-40, 40),
        pitch_deg=st.just(0.0),
        is_bona_fide=st.sampled_from([True] * 4 + [False, None]),
        is_match=st.sampled_from([True] * 4 + [False, None]),
    ),
)


@given(st.lists(st.tuples(faces, st.floats(0, 1)), max_size=200))
def test_samples_are_counted_one_by_one_and_never_beyond_what_is_wanted(script):
    state, now_s, kept = begin_enrolment(POLICY, at_s=0.0), 0.0, 0
    for number, (face, wait_s) in enumerate(script):
        now_s += wait_s
        state = advance_enrolment(state, Observation(number, now_s, 1 if face else 0, face))
        if state.takes_frame:
            kept += 1
            assert face is not None
            assert face.is_bona_fide is True
            assert face.is_match is not False
        assert state.samples == kept <= POLICY.samples_wanted
