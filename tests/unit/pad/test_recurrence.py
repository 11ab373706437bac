"""A loop is found however it is sent; nobody who sits, moves or sways before a camera is one."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from countenance.pad.recurrence import (
    PERIODS_S,
    Recurrence,
    begin_recurrence,
    follow_recurrence,
    thumbnail_of,
)

FPS = 30.0
SCENE = np.random.default_rng(1).normal(0, 12, (6, 192))
"""How the picture changes with each of six ways to move."""
Show = Callable[[float], NDArray[np.float64]]
"""What is before the camera at a moment: how far each way."""


def watch(
    show: Show,
    *,
    seconds: float = 20.0,
    fps: float = 12.0,
    noise: float = 0.3,
    dropped: float = 0.0,
) -> Recurrence:
    """See it as a camera does: noise, uneven arrival, missing frames."""
    rng = np.random.default_rng(2)
    seen = []
    at_s = 0.0
    while at_s < seconds:
        picture = show(at_s) @ SCENE + rng.normal(0, noise, 192)
        if rng.random() >= dropped:
            seen.append((at_s, picture.astype(np.float32)))
        at_s += max(0.03, rng.normal(1 / fps, 0.25 / fps))
    (first_s, first), *later = seen
    trail = begin_recurrence(first, at_s=first_s)
    for when_s, picture in later:
        trail = follow_recurrence(trail, picture, at_s=when_s)
        if trail.period_s is not None:
            break
    return trail


WALK = np.cumsum(np.random.default_rng(3).normal(0, 0.05, (1800, 6)), axis=0)


def moving(at_s: float) -> NDArray[np.float64]:
    return np.asarray(WALK[int(at_s * FPS)])


def still(_at_s: float) -> NDArray[np.float64]:
    return np.zeros(6)


def trembling(at_s: float) -> NDArray[np.float64]:
    """One way only, and anew at each moment."""
    chance = np.random.default_rng(int(at_s * 1000))
    return np.array([0.3 * chance.standard_normal(), 0, 0, 0, 0, 0])


BEATS_S = np.cumsum(np.random.default_rng(5).normal(1.0, 0.04, 60)) - 1.0
WIDTHS = np.random.default_rng(6).normal(1.0, 0.15, 60)


def swaying(at_s: float) -> NDArray[np.float64]:
    """In time with music, as exactly as a person can, who is never quite at the same place."""
    beat = int(np.searchsorted(BEATS_S, at_s))
    phase = np.interp(at_s, BEATS_S, np.arange(60.0))
    sway = np.array([WIDTHS[beat] * np.sin(2 * np.pi * phase), 0, 0, 0, 0, 0])
    return np.asarray(sway + 0.6 * moving(at_s))


def looped(period_s: float, *, to_and_fro: bool = False) -> Show:
    length = int(period_s * FPS)

    def show(at_s: float) -> NDArray[np.float64]:
        number = int(at_s * FPS) % (length * (1 + to_and_fro))
        return np.asarray(WALK[min(number, 2 * length - 1 - number)])

    return show


@pytest.mark.parametrize(
    ("show", "fps"),
    [
        (moving, 7.0),
        (moving, 25.0),
        (still, 7.0),
        (still, 25.0),
        (trembling, 12.0),
        (swaying, 12.0),
        (swaying, 25.0),
    ],
)
def test_a_person_is_no_loop(show: Show, fps: float) -> None:
    assert watch(show, fps=fps, seconds=40.0).period_s is None


@pytest.mark.parametrize("period_s", [1.0, 2.5, 6.0])
@pytest.mark.parametrize("fps", [7.0, 12.0, 25.0])
def test_a_loop_comes_round_whatever_the_rate(period_s: float, fps: float) -> None:
    period = watch(looped(period_s), fps=fps, seconds=24.0).period_s
    assert period is not None
    # A multiple of the period repeats as well.
    assert abs(period / period_s - round(period / period_s)) < 0.1


def test_noise_missing_frames_and_turning_back_hide_no_loop() -> None:
    assert watch(looped(2.0), noise=0.6).period_s
    assert watch(looped(2.0), dropped=0.3).period_s
    assert watch(looped(2.0, to_and_fro=True)).period_s == pytest.approx(4.0, abs=0.15)


def test_a_loop_has_to_be_seen_twice_in_full_and_for_one_more_period() -> None:
    assert watch(looped(4.0), seconds=11.5).period_s is None
    assert watch(looped(4.0), seconds=15.5).period_s


def test_the_same_two_moves_at_one_distance_are_no_loop() -> None:
    """Somebody is asked for the same turn twice, and for another move then."""

    def turning(at_s: float) -> NDArray[np.float64]:
        left = any(begin <= at_s < begin + 1.2 for begin in (2.0, 6.0))
        closer = 11.0 <= at_s < 12.5
        return np.array([3.0 * left, 3.0 * closer, 0, 0, 0, 0])

    assert watch(turning, seconds=14.0).period_s is None


def test_a_few_frames_that_agree_by_chance_are_no_loop() -> None:
    """A busy server sees few: whoever rests at one place agrees now and then."""

    def resting(at_s: float) -> NDArray[np.float64]:
        return np.array(
            [2.0 * np.random.default_rng(int(at_s * 3)).standard_normal(), 0, 0, 0, 0, 0]
        )

    assert watch(resting, fps=3.0, seconds=40.0).period_s is None


def test_a_change_of_the_light_of_all_pixels_is_no_difference() -> None:
    samples = np.random.default_rng(4).integers(20, 200, (96, 128)).astype(np.uint8)
    assert np.allclose(thumbnail_of(samples), thumbnail_of(samples + np.uint8(30)), atol=1e-3)


def test_a_thumbnail_is_the_mean_of_blocks() -> None:
    samples = np.zeros((96, 128), np.uint8)
    samples[:8, 8:16] = 192
    seen = thumbnail_of(samples)
    assert seen.shape == (192,)
    assert seen[1] - seen[0] == pytest.approx(192)
    assert seen.sum() == pytest.approx(0, abs=1e-3)


def test_memory_stays_bounded_and_frames_that_come_at_once_say_nothing() -> None:
    picture = np.zeros(192, np.float32)
    trail = reduce(
        lambda now, number: follow_recurrence(now, picture, at_s=number * 0.004),
        range(1, 9000),
        begin_recurrence(picture, at_s=0.0),
    )
    assert all(later - sooner >= 0.024 for sooner, later in pairwise(trail.times_s))
    assert len(trail.times_s) <= (PERIODS_S[-1] + 0.6) / 0.025
