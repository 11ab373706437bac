"""The passive login: N consecutive good frames of one face, and a reason for every refusal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.ceremony.evidence import FaceEvidence, Hint, Observation
from countenance.ceremony.policy import PassivePolicy
from countenance.ceremony.state import SequenceError, State, advance, begin, expire, interrupt
from countenance.ceremony.verdict import PublicReason, Reason, Verdict

POLICY = PassivePolicy()
GOOD = FaceEvidence(
    box_xyxy=(0.3, 0.2, 0.7, 0.8),
    track_id=1,
    hint=Hint.HOLD_STILL,
    yaw_deg=0.0,
    pitch_deg=0.0,
    is_bona_fide=True,
    is_match=True,
)
ATTACK = replace(GOOD, is_bona_fide=False)
STRANGER = replace(GOOD, is_match=False)
UNJUDGED = replace(GOOD, is_bona_fide=None)
UNCOMPARED = replace(GOOD, is_match=None)
SWAPPED = replace(GOOD, is_continuous=False)
NEXT_FACE = replace(GOOD, track_id=2)
DARK = replace(GOOD, hint=Hint.TOO_DARK)


def frame(face: FaceEvidence | None, *, count: int | None = None, repeated: bool = False):
    def at(sequence: int) -> Observation:
        faces = count if count is not None else (0 if face is None else 1)
        return Observation(sequence, sequence * 0.05, faces, face, is_repeated=repeated)

    return at


def play(*frames, policy: PassivePolicy = POLICY) -> State:
    state = begin(policy, at_s=0.0)
    for sequence, make in enumerate(frames):
        state = advance(state, make(sequence))
    return state


def test_ten_good_frames_in_a_row_grant():
    assert play(*[frame(GOOD)] * 9).verdict is None
    assert play(*[frame(GOOD)] * 10).verdict == Verdict.granted()


@pytest.mark.parametrize(
    "blemish",
    [
        frame(ATTACK),
        frame(STRANGER),
        frame(UNJUDGED),  # a detector that says nothing has not said yes
        frame(UNCOMPARED),
        frame(SWAPPED),
        frame(DARK),
        frame(None),
        frame(GOOD, count=2),
    ],
)
def test_one_bad_frame_starts_the_count_anew(blemish):
    state = play(*[frame(GOOD)] * 9, blemish)
    assert state.verdict is None
    assert state.progress == (0, 10)
    assert play(*[frame(GOOD)] * 9, blemish, *[frame(GOOD)] * 9).verdict is None


def test_frames_of_two_faces_never_add_up():
    """Nine frames of one track and one of another are one frame of the other."""
    state = play(*[frame(GOOD)] * 9, frame(NEXT_FACE))
    assert state.verdict is None
    assert state.progress == (1, 10)
    assert state.face_changes == 1


def test_a_repeated_frame_counts_for_nothing_and_breaks_nothing():
    state = play(*[frame(GOOD)] * 9, *[frame(GOOD, repeated=True)] * 5)
    assert state.verdict is None
    assert state.progress == (9, 10)


@pytest.mark.parametrize(
    ("make", "times", "reason"),
    [
        (frame(ATTACK), POLICY.attack_frames_limit, Reason.PRESENTATION_ATTACK),
        (frame(STRANGER), POLICY.mismatch_frames_limit, Reason.NOT_MATCHED),
        (frame(GOOD, repeated=True), POLICY.repeated_frames_limit, Reason.FROZEN),
        (frame(GOOD, count=2), POLICY.several_faces_limit, Reason.SEVERAL_FACES),
    ],
)
def test_a_limit_refuses_exactly_when_it_is_reached(make, times, reason):
    assert play(*[make] * (times - 1)).verdict is None
    assert play(*[make] * times).verdict == Verdict.denied(reason)


def test_a_picture_of_somebody_else_is_told_as_an_attack():
    both = replace(ATTACK, is_match=False)
    attack = Verdict.denied(Reason.PRESENTATION_ATTACK)
    assert play(*[frame(both)] * POLICY.attack_frames_limit).verdict == attack
    assert expire(play(frame(both)), at_s=POLICY.time_limit_s + 1).verdict == attack


def test_a_face_that_keeps_changing_is_refused():
    frames = [frame(face) for face in (GOOD, NEXT_FACE) * 6]
    assert play(*frames).verdict == Verdict.denied(Reason.FACE_CHANGED)


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ([frame(None)], Reason.NO_FACE),
        ([frame(DARK)], Reason.POOR_QUALITY),
        ([frame(GOOD, count=2), frame(GOOD, count=3), frame(DARK)], Reason.SEVERAL_FACES),
        ([frame(ATTACK), frame(ATTACK), frame(GOOD)], Reason.PRESENTATION_ATTACK),
        ([frame(STRANGER), frame(STRANGER), frame(GOOD)], Reason.NOT_MATCHED),
        ([frame(GOOD), frame(GOOD)], Reason.TIMED_OUT),
        ([], Reason.NO_FACE),
    ],
)
def test_the_time_limit_names_what_was_wrong(seen, reason):
    state = play(*seen)
    assert expire(state, at_s=POLICY.time_limit_s).verdict is None
    assert expire(state, at_s=POLICY.time_limit_s + 0.01).verdict == Verdict.denied(reason)


def test_a_frame_after_the_time_limit_cannot_grant():
    state = play(*[frame(GOOD)] * 9)
    late = Observation(99, POLICY.time_limit_s + 1, 1, GOOD)
    assert advance(state, late).verdict == Verdict.denied(Reason.TIMED_OUT)


@pytest.mark.parametrize("sequence", [3, 2, 0])
def test_a_sequence_that_does_not_rise_is_an_error(sequence):
    state = play(*[frame(GOOD)] * 4)
    with pytest.raises(SequenceError):
        advance(state, Observation(sequence, 1.0, 1, GOOD))


def test_an_interruption_refuses_what_was_not_decided():
    refused = Verdict.denied(Reason.INTERRUPTED)
    assert interrupt(play(frame(GOOD)), Reason.INTERRUPTED).verdict == refused
    granted = play(*[frame(GOOD)] * 10)
    assert interrupt(granted, Reason.INTERRUPTED) is granted


def test_every_reason_has_words_for_the_page_that_do_not_tell_attack_from_mismatch():
    for reason in Reason:
        assert Verdict.denied(reason).public_reason in PublicReason
    hidden = (
        Reason.NOT_MATCHED,
        Reason.PRESENTATION_ATTACK,
        Reason.FACE_CHANGED,
        Reason.FROZEN,
        Reason.NOT_ENROLLED,
        Reason.OTHER_PACK,
    )
    assert {Verdict.denied(r).public_reason for r in hidden} == {PublicReason.NOT_CONFIRMED}


def test_a_verdict_cannot_be_both():
    with pytest.raises(ValueError, match="without a reason"):
        Verdict(is_granted=True, reason=Reason.FROZEN)
    with pytest.raises(ValueError, match="without a reason"):
        Verdict(is_granted=False, reason=None)


faces = st.one_of(
    st.none(),
    st.builds(
        FaceEvidence,
        box_xyxy=st.just((0.3, 0.2, 0.7, 0.8)),
        track_id=st.integers(1, 3),
        hint=st.sampled_from([Hint.HOLD_STILL] * 4 + [Hint.TOO_DARK, Hint.BLURRED]),
        yaw_deg=st.just(0.0),
        pitch_deg=st.just(0.0),
        is_bona_fide=st.sampled_from([True] * 5 + [False, None]),
        is_match=st.sampled_from([True] * 5 + [False, None]),
        is_continuous=st.sampled_from([True] * 7 + [False]),
    ),
)
steps = st.tuples(
    faces, st.sampled_from([1] * 6 + [2]), st.sampled_from([False] * 5 + [True]), st.floats(0, 2)
)


def is_good(face: FaceEvidence | None, count: int, repeated: bool) -> bool:
    return (
        face is not None
        and count == 1
        and not repeated
        and face.has_quality
        and face.is_bona_fide is True
        and face.is_match is True
        and face.is_continuous
    )


@given(st.lists(steps, max_size=120), st.integers(1, 12))
def test_a_grant_always_rests_on_n_good_frames_of_one_face_in_time(script, needed):
    """Whatever is played: a grant means the last N fresh frames were good, of one face, in time."""
    policy = replace(POLICY, frames_needed=needed)
    state, now_s = begin(policy, at_s=0.0), 0.0
    fresh: list[tuple[bool, int | None]] = []
    for sequence, (face, count, repeated, wait_s) in enumerate(script):
        now_s += wait_s
        before = state
        state = advance(
            state, Observation(sequence, now_s, 0 if face is None else count, face, repeated)
        )
        if before.verdict is not None:
            assert state is before, "a verdict never changes"
            continue
        if not repeated:
            fresh.append((is_good(face, count, repeated), face.track_id if face else None))
        if state.verdict is not None and state.verdict.is_granted:
            last = fresh[-needed:]
            assert len(last) == needed
            assert all(good for good, _ in last)
            assert len({track for _, track in last}) == 1
            assert now_s <= policy.time_limit_s
        assert 0 <= state.streak <= needed


@given(st.lists(steps, max_size=60))
def test_every_login_ends(script):
    """After the time limit there is a verdict, whatever was played."""
    state, now_s = begin(POLICY, at_s=0.0), 0.0
    for sequence, (face, count, repeated, wait_s) in enumerate(script):
        now_s += wait_s
        state = advance(
            state, Observation(sequence, now_s, 0 if face is None else count, face, repeated)
        )
    assert expire(state, at_s=now_s + POLICY.time_limit_s + 0.001).verdict is not None


@pytest.mark.parametrize(
    "change", [{"frames_needed": 0}, {"time_limit_s": 0.0}, {"attack_frames_limit": 0}]
)
def test_a_policy_that_would_let_everyone_in_cannot_be_made(change):
    with pytest.raises(ValueError, match="at least"):
        replace(POLICY, **change)
