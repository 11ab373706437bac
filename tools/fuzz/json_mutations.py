"""Mutations that keep JSON whole, for readers behind a JSON parser that no coverage looks into."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, 0.5, -0.0, 1e308, float("nan"),
    float("inf"), "", " ", "\x00", "\ud800", "é" * 120, "x" * 300, [], {}, [[]], [None], {"": None},
    ["a"] * 50, [1, "1"], {"type": "camera"},
)  # fmt: skip
NESTED = tuple(f"{opening * 900}{closing * 900}" for opening, closing in ("[]", ('{"a":', "}")))
"""Deeper than Python reads; longer ones reach the limit of bytes first."""


def mutated(data: bytes, *, seed: int, otherwise: Callable[[bytes], bytes]) -> bytes:
    """Another message: one value, one name or one pair of a JSON text exchanged.

    Args:
        data: JSON or not.
        seed: decides what happens.
        otherwise: takes what is no JSON, and every third one that is.
    """
    draw = random.Random(seed)  # noqa: S311 # nosec B311 # a search has to repeat
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return otherwise(data)
    if draw.random() < 1 / 3:
        return otherwise(data)
    if draw.random() < 0.02:
        return draw.choice(NESTED).encode()
    changed = _changed(value, draw)
    return json.dumps(changed, ensure_ascii=draw.random() < 0.5).encode("utf-8", "replace")


def _changed(value: Any, draw: random.Random) -> Any:
    if isinstance(value, dict) and value and draw.random() < 0.9:
        name = draw.choice(sorted(value))
        act = draw.random()
        if act < 0.1:
            return {key: inner for key, inner in value.items() if key != name}
        if act < 0.2:
            return {**value, draw.choice(["", "x", name.upper(), name + " "]): value[name]}
        return {**value, name: _changed(value[name], draw)}
    if isinstance(value, list) and value and draw.random() < 0.7:
        at = draw.randrange(len(value))
        return [*value[:at], _changed(value[at], draw), *value[at + 1 :]]
    return draw.choice(ODD)
