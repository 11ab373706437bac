"""The worker's side of the conversation: JSON lines in, JSON lines out, time taken here.

`{"do": "open", "name", "path", "shape", "dtype"}` maps a file of raw numbers;
`{"do": "time", "task", "array", "items", "repeats"}` runs a task on each item and answers
`{"wall_ms": [...], "cpu_ms": [...], "values": [...]}`. A mistake is answered as `{"error"}`.
The first line that a worker says is `{"versions": {...}}`, or `{"error"}` and it ends.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Value = list[float] | list[list[float]] | float | None


@dataclass(frozen=True)
class Task:
    """One kind of work."""

    run: Callable[[Any], Value]
    """What is timed; None when there is no face."""
    prepare: Callable[[Any], Any] = field(default=lambda item: item)
    """What is done to an item before the clock starts."""


@dataclass(frozen=True)
class Peer:
    """What a worker can do, and with which packages."""

    versions: Mapping[str, str]
    tasks: Mapping[str, Task]


def serve(open_peer: Callable[[dict[str, Any]], Peer]) -> int:
    """Answer requests until standard input ends; options come as one JSON argument."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not look like an answer

    def say(answer: Mapping[str, object]) -> None:
        replies.write(json.dumps(answer) + "\n")
        replies.flush()

    try:
        peer = open_peer(json.loads(sys.argv[1]))
    except Exception as error:  # noqa: BLE001 - whatever a peer cannot do is told, not raised
        say({"error": f"{type(error).__name__}: {error}"})
        return 1
    say({"versions": dict(peer.versions)})
    arrays: dict[str, NDArray[Any]] = {}
    for line in sys.stdin:
        try:
            say(_answer(json.loads(line), peer, arrays))
        except Exception as error:  # noqa: BLE001 - as above
            say({"error": f"{type(error).__name__}: {error}"})
    return 0


def _answer(
    request: dict[str, Any], peer: Peer, arrays: dict[str, NDArray[Any]]
) -> dict[str, object]:
    if request["do"] == "open":
        shape = tuple(request["shape"])
        arrays[request["name"]] = np.memmap(request["path"], request["dtype"], "r", shape=shape)
        return {"opened": request["name"]}
    task, array = peer.tasks[request["task"]], arrays.get(request.get("array") or "")
    wall_ms, cpu_ms, values = [], [], []
    repeats = request.get("repeats", 1)
    for item in request["items"]:
        # A copy lies in memory, as a decoded frame does.
        given = task.prepare(item if array is None else np.array(array[item]))
        value: Value = None
        began, began_cpu = time.perf_counter_ns(), time.process_time_ns()
        for _ in range(repeats):
            value = task.run(given)
        ended, ended_cpu = time.perf_counter_ns(), time.process_time_ns()
        wall_ms.append((ended - began) / 1e6 / repeats)
        cpu_ms.append((ended_cpu - began_cpu) / 1e6 / repeats)
        values.append(value)
    return {"wall_ms": wall_ms, "cpu_ms": cpu_ms, "values": values}
