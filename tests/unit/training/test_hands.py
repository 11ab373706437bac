"""A drawn hand is there, has the colour of the scene's skin, and leaves the rest alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countenance.training.hands import Grip, draw_hand, skin_tone

SKIN = np.array([180.0, 130.0, 110.0])
GREEN = np.full((200, 300, 3), (20, 140, 40), np.uint8)
LANDMARKS = np.array([[130, 80], [170, 80], [150, 100], [135, 120], [165, 120]], np.float32)


def grip(x: float, y: float, *, palm: float = 40.0) -> Grip:
    return Grip(np.array([x, y]), np.array([0.0, -1.0]), palm)


@pytest.mark.parametrize("seed", range(5))
def test_fingers_reach_from_the_edge_inwards(seed: int) -> None:
    seen = draw_hand(GREEN, grip(150, 120), SKIN, np.random.default_rng(seed))
    changed = np.abs(seen.astype(int) - GREEN).max(axis=2) > 25
    assert seen.shape == GREEN.shape
    assert seen.dtype == np.uint8
    assert changed[100:120, 110:190].any(), "no finger above the edge"
    assert changed[125:].sum() > changed[:120].sum(), "the hand comes from below"
    assert not changed[:70].any()


def test_a_hand_has_the_tone_of_the_skin_it_was_given() -> None:
    seen = draw_hand(GREEN, grip(150, 120), SKIN, np.random.default_rng(0))
    red, green, blue = seen[108:135, 130:170].reshape(-1, 3).mean(axis=0)
    assert red > green > blue


@settings(max_examples=40, deadline=None)
@given(st.floats(-300, 600), st.floats(-300, 500), st.floats(0.5, 400), st.integers(0, 99))
def test_a_hand_may_lie_anywhere(x: float, y: float, palm: float, seed: int) -> None:
    first, again = (
        draw_hand(GREEN, grip(x, y, palm=palm), SKIN, np.random.default_rng(seed)) for _ in range(2)
    )
    assert first.shape == GREEN.shape
    assert (first == again).all()


def test_the_tone_is_that_of_the_cheeks() -> None:
    picture = GREEN.copy()
    picture[90:115, 125:175] = SKIN.astype(np.uint8)
    assert skin_tone(picture, LANDMARKS) == pytest.approx(SKIN)


def test_cheeks_outside_of_the_picture_give_the_tone_of_all_of_it() -> None:
    assert skin_tone(GREEN, LANDMARKS + 1000) == pytest.approx([20, 140, 40])
