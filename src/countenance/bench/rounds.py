"""Who is measured when: everybody once a round, in an order that changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np


def turns(names: Sequence[str], *, rounds: int, seed: int = 0) -> Iterator[tuple[int, str]]:
    """Interleave measurements, so that a slow minute of the machine meets everybody.

    Args:
        names: whom to measure.
        rounds: how often each.
        seed: of the order; the same seed gives the same order.

    Returns: round (from 0) and name, each round holding every name once in a random order.
    """
    rng = np.random.default_rng(seed)
    for number in range(rounds):
        for index in rng.permutation(len(names)):
            yield number, names[int(index)]


def block(number: int, *, length: int, available: int) -> range:
    """The consecutive frames of one round.

    Args:
        number: of the round, from 0.
        length: frames of a round, at most `available`.
        available: frames there are; rounds begin again when they are used up.
    """
    blocks = max(1, available // length)
    start = (number % blocks) * length
    return range(start, min(start + length, available))
