"""Lanes side by side: same frames, a warm-up, and peers that fail on the way."""

from collections.abc import Sequence

import pytest

from countenance.bench.errors import PeerFailedError
from countenance.bench.lanes import ROUND_FRAMES, Lane, race
from countenance.bench.timing import Timing, timed


class Recorder:
    """Work that notes its frames and takes one millisecond for each."""

    def __init__(self, *, fails_at: int = -1) -> None:
        self.calls: list[list[int]] = []
        self._fails_at = fails_at

    def __call__(self, frames: Sequence[int]) -> Timing:
        if len(self.calls) == self._fails_at:
            raise PeerFailedError("it stopped")
        self.calls.append(list(frames))
        count = len(frames)
        return Timing((1.0,) * count, (0.5,) * count, tuple(frames))


def no_failure(peer: str, reason: str) -> None:
    pytest.fail(f"{peer}: {reason}")


def test_everybody_works_on_the_same_frames_after_a_round_that_is_not_counted() -> None:
    first, second, slow = Recorder(), Recorder(), Recorder()
    results = race(
        [Lane("a", first), Lane("b", second), Lane("c", slow, is_slow=True)],
        rounds=2,
        available=2 * ROUND_FRAMES,
        failed=no_failure,
    )
    blocks = [list(range(ROUND_FRAMES)), list(range(ROUND_FRAMES, 2 * ROUND_FRAMES))]
    assert first.calls == second.calls == [blocks[0], *blocks]
    assert slow.calls == [[0], [0], [ROUND_FRAMES]]
    assert results.wall_ms("a") == [1.0, 1.0]
    assert results.cpu_ms("a") == [0.5, 0.5]
    assert results.values("b") == list(range(2 * ROUND_FRAMES))


def test_a_peer_that_fails_is_left_out_with_all_its_lanes_and_the_others_go_on() -> None:
    told: list[tuple[str, str]] = []
    ours, broken, sound = Recorder(), Recorder(fails_at=1), Recorder()
    results = race(
        [Lane("ours", ours), Lane("x1", broken, "x"), Lane("x2", sound, "x")],
        rounds=3,
        available=ROUND_FRAMES,
        failed=lambda peer, reason: told.append((peer, reason)),
    )
    assert told == [("x", "it stopped")]
    assert set(results.turns) == {"ours"}
    assert len(results.wall_ms("ours")) == 3


def test_progress_is_told_for_every_turn() -> None:
    steps: list[None] = []
    lanes = [Lane("a", Recorder()), Lane("b", Recorder())]
    race(lanes, rounds=2, available=3, failed=no_failure, finished=lambda: steps.append(None))
    assert len(steps) == 6


def test_own_calls_are_repeated_and_told_one_by_one() -> None:
    calls: list[int] = []
    timing = timed(lambda item: calls.append(item) or item, [3, 4], repeats=5)
    assert calls == [3] * 5 + [4] * 5
    assert timing.values == (3, 4)
    assert len(timing.wall_ms) == len(timing.cpu_ms) == 2
    assert all(value >= 0 for value in timing.wall_ms)
