"""The client's clock: what cannot be refuses, what is only odd is told, a slow network neither."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.ceremony.timing import (
    EVEN_FRAMES,
    FAST_FRAMES,
    MAX_AHEAD_MS,
    Timing,
    TimingFault,
    follow_timing,
)


def after(frames: Iterable[tuple[int, float]]) -> Timing:
    """The times of frames: the client's in milliseconds, ours in seconds."""
    timing = None
    for captured_ms, arrived_s in frames:
        timing = follow_timing(timing, captured_ms=captured_ms, arrived_s=arrived_s)
    assert timing is not None
    return timing


def test_a_frame_that_is_older_than_the_one_before_cannot_be() -> None:
    timing = after([(0, 0.0), (70, 0.1), (69, 0.2), (140, 0.3)])
    assert timing.faults == {TimingFault.BACKWARDS}
    assert timing.is_impossible


def test_more_time_than_has_passed_cannot_pass() -> None:
    assert after([(0, 0.0), (int(MAX_AHEAD_MS) + 200, 0.1)]).faults == {TimingFault.AHEAD}
    # The first frame was under way for ten seconds, the next for none.
    assert not after([(0, 10.0), (10_050, 10.1)]).faults


def test_steps_of_one_length_are_odd_and_no_certainty() -> None:
    even = after((40 * k, 0.04 * k) for k in range(EVEN_FRAMES + 1))
    assert even.faults == {TimingFault.EVEN}
    assert not even.is_impossible
    assert not after((40 * k, 0.04 * k) for k in range(EVEN_FRAMES)).faults


def test_more_frames_than_a_camera_takes_are_odd() -> None:
    fast = after((2 * k + k % 2, 0.05 * k) for k in range(FAST_FRAMES + 1))
    assert fast.faults == {TimingFault.FAST}


@pytest.mark.parametrize("standstill_s", [0.0, 5.0, 3600.0])
def test_a_network_that_stands_still_is_no_fault(standstill_s: float) -> None:
    frames = [(31 * k + k % 3, 0.031 * k + standstill_s * (k > 40)) for k in range(80)]
    assert not after(frames).faults


@given(
    st.lists(st.tuples(st.floats(20, 400), st.floats(0, 8)), min_size=1, max_size=200),
    st.floats(0, 1e6),
)
def test_whatever_a_network_does_an_honest_clock_is_never_impossible(
    frames: list[tuple[float, float]], began_ms: float
) -> None:
    """Frames keep their order on the way and are late by less than the limit of silence."""
    at_ms, arrived_s, sent = began_ms, 0.0, []
    for step_ms, late_s in frames:
        at_ms += step_ms
        arrived_s = max(arrived_s, at_ms / 1000 + late_s)
        sent.append((round(at_ms), arrived_s))
    assert not after(sent).is_impossible
