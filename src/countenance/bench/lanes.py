"""What is measured side by side: lanes, each with one piece of work, on the same frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Final

from countenance.bench.errors import PeerFailedError
from countenance.bench.rounds import block, turns
from countenance.bench.timing import Timing

ROUND_FRAMES: Final = 6
"""Consecutive frames of one turn: two whole searches of the engine and the frames between."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One piece of work."""

    name: str
    work: Callable[[Sequence[int]], Timing]
    """Takes the numbers of the frames."""
    peer: str = ""
    """Whose it is; empty for ours."""
    is_slow: bool = False
    """Whether it takes only the first frame of each round."""


@dataclass(slots=True)
class Results:
    """What the lanes took and gave, round by round."""

    turns: dict[str, list[Timing]] = field(default_factory=dict)
    """Name of a lane to one entry for each round; lanes of peers that failed are not there."""

    def wall_ms(self, name: str) -> list[float]:
        """Milliseconds of one frame, the mean of each round."""
        return [fmean(turn.wall_ms) for turn in self.turns[name]]

    def cpu_ms(self, name: str) -> list[float]:
        """Processor milliseconds of one frame, the mean of each round."""
        return [fmean(turn.cpu_ms) for turn in self.turns[name]]

    def values(self, name: str) -> list[Any]:
        """What came back for each frame, over all rounds."""
        return [value for turn in self.turns[name] for value in turn.values]


def race(
    lanes: Sequence[Lane],
    *,
    rounds: int,
    available: int,
    failed: Callable[[str, str], None],
    finished: Callable[[], None] = lambda: None,
) -> Results:
    """Run every lane once a round on the same frames, in an order that changes.

    A first round warms everybody up and is not counted.

    Args:
        lanes: names differ.
        rounds: how many are counted, at least 1.
        available: frames there are.
        failed: takes peer and reason; its lanes are left out from then on.
        finished: called after each turn.
    """
    by_name = {lane.name: lane for lane in lanes}
    results = Results({lane.name: [] for lane in lanes})
    length = min(ROUND_FRAMES, available)
    for number, name in turns(list(by_name), rounds=rounds + 1):
        if name in results.turns:
            lane = by_name[name]
            frames = block(max(0, number - 1), length=length, available=available)
            try:
                turn = lane.work(frames[:1] if lane.is_slow else frames)
            except PeerFailedError as error:
                _leave_out(lane.peer, by_name, results)
                failed(lane.peer, error.message)
            else:
                if number:
                    results.turns[name].append(turn)
        finished()
    return results


def _leave_out(peer: str, lanes: dict[str, Lane], results: Results) -> None:
    for name in [name for name, lane in lanes.items() if lane.peer == peer]:
        results.turns.pop(name, None)
