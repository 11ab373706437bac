"""Smoothing bridges a doubtful frame and forgets nothing it should keep."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.pad.temporal import WINDOW, ScoreTrail, follow


def trail_of(*scores: float, track_id: int = 1) -> ScoreTrail:
    trail: ScoreTrail | None = None
    for score in scores:
        trail = follow(trail, track_id=track_id, bona_fide_score=score)
    assert trail is not None
    return trail


def test_a_first_score_is_taken_as_it_is() -> None:
    assert trail_of(0.73).bona_fide_score == pytest.approx(0.73)


def test_one_doubtful_frame_among_good_ones_is_bridged() -> None:
    assert trail_of(0.9, 0.9, 0.9, 0.3).bona_fide_score > 0.5


def test_an_attack_after_good_frames_is_told_within_three() -> None:
    good, attack = [0.97] * 20, [0.005] * 3
    assert trail_of(*good, *attack).bona_fide_score < 0.5


def test_good_frames_are_forgotten_after_the_window() -> None:
    assert trail_of(*[0.999] * 50, *[0.2] * WINDOW).bona_fide_score == pytest.approx(0.2)


def test_another_track_begins_anew() -> None:
    trail = follow(trail_of(0.99, 0.99), track_id=2, bona_fide_score=0.1)
    assert trail == trail_of(0.1, track_id=2)


def test_a_certain_frame_cannot_outvote_the_rest_of_the_window() -> None:
    assert trail_of(1.0, 0.01, 0.01, 0.01, 0.01).bona_fide_score < 0.5


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_the_smoothed_score_lies_among_the_last_ones(scores: list[float]) -> None:
    last = scores[-WINDOW:]
    smoothed = trail_of(*scores).bona_fide_score
    # Log-odds are held within 8 of the even chance, so that certainty counts as this much.
    surest = 1 / (1 + math.exp(-8))
    assert min(*last, surest) - 1e-6 <= smoothed <= max(*last, 1 - surest) + 1e-6
