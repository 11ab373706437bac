"""What some calls took and gave."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Timing:
    """One entry for each item, in their order."""

    wall_ms: tuple[float, ...]
    cpu_ms: tuple[float, ...]
    """Processor time of all threads."""
    values: tuple[Any, ...]
    """None where no face was found."""


def timed(run: Callable[[Item], object], items: Sequence[Item], *, repeats: int = 1) -> Timing:
    """Work on items of our own, one after the other, as the workers of peers do.

    Args:
        run: what is timed.
        items: prepared beforehand.
        repeats: how often each item is worked on; times are of one.
    """
    wall_ms, cpu_ms, values = [], [], []
    for item in items:
        value: object = None
        began, began_cpu = time.perf_counter_ns(), time.process_time_ns()
        for _ in range(repeats):
            value = run(item)
        ended, ended_cpu = time.perf_counter_ns(), time.process_time_ns()
        wall_ms.append((ended - began) / 1e6 / repeats)
        cpu_ms.append((ended_cpu - began_cpu) / 1e6 / repeats)
        values.append(value)
    return Timing(tuple(wall_ms), tuple(cpu_ms), tuple(values))
