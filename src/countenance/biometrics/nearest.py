"""Exact nearest rows: which unit vectors have the highest cosine similarity to a probe.

Every row is read once, in float32 and block by block, so that scores never leave the cache. What
float32 may have rounded away is bounded, and the few rows within that bound of a place among the
best are computed again in float64. The result is therefore the one that a full sort in float64
would give, ties included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from itertools import accumulate, chain, repeat
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
"""(n, d) float32, C order, each row of length 1 at most."""
_UNIT_ROUNDOFF: Final = 2.0**-24


class Match(NamedTuple):
    """A row that is near the probe."""

    position: int
    """Of the row, counted through all blocks."""
    similarity: float
    """-1..1, computed in float64."""


def rounding_bound(dimension: int) -> float:
    """How far a float32 dot product of two unit vectors may lie from the true one.

    d u / (1 - d u) times the sum of the absolute products, which is at most 1 for unit vectors;
    twice that, since stored vectors have length 1 only up to rounding. Holds for any order of
    summation.

    Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, section 3.1.
    """
    return 2 * dimension * _UNIT_ROUNDOFF / (1 - dimension * _UNIT_ROUNDOFF)


def nearest(
    blocks: Sequence[Rows],
    probes: Rows,
    *,
    floor: float,
    limit: int,
    workers: Executor | None = None,
    shares: int = 1,
) -> list[list[Match]]:
    """The best rows for each probe, best first; of equal ones the earlier row.

    Args:
        blocks: all of one dimension.
        probes: (m, d), each of length 1 at most. One is streamed, several are a matrix product.
        floor: similarity that a row reaches at least.
        limit: most rows for a probe, 1 or more.
        workers: threads that share the blocks; None searches in the caller's.
        shares: into how many parts the blocks are split for the workers.

    Returns: one list for each probe; empty where no row reaches the floor.
    """
    starts = list(accumulate((len(rows) for rows in blocks), initial=0))
    placed = list(zip(starts, blocks, strict=False))
    if workers is None:
        return _nearest_of(placed, probes, floor, limit)
    parts = list(_split(placed, shares))
    done = workers.map(_nearest_of, parts, repeat(probes), repeat(floor), repeat(limit))
    return [_best(chain(*lists), limit) for lists in zip(*done, strict=True)]


def _split(placed: list[tuple[int, Rows]], shares: int) -> Iterator[list[tuple[int, Rows]]]:
    size = max(1, -(-len(placed) // shares))
    for at in range(0, max(1, len(placed)), size):
        yield placed[at : at + size]


def _nearest_of(
    placed: list[tuple[int, Rows]], probes: Rows, floor: float, limit: int
) -> list[list[Match]]:
    found: list[list[Match]] = [[] for _ in probes]
    for start, rows in placed:
        for number, rough in enumerate(_rough(rows, probes)):
            best = found[number]
            cut = max(floor, best[-1].similarity) if len(best) == limit else floor
            near = _may_reach(rough, cut=cut, limit=limit, bound=rounding_bound(rows.shape[1]))
            if near.size:
                exact = _exact(rows[near], probes[number])
                fresh = zip((start + near).tolist(), exact.tolist(), strict=True)
                reached = (Match(*pair) for pair in fresh if pair[1] >= floor)
                found[number] = _best(chain(best, reached), limit)
    return found


def _rough(rows: Rows, probes: Rows) -> Rows:
    """(m, n) float32 similarities, each within `rounding_bound` of the true one."""
    if len(probes) == 1:
        # A dot product for each row streams faster than OpenBLAS's matrix-vector product.
        return np.asarray(np.vecdot(rows, probes[0])[np.newaxis])
    return np.asarray(probes @ rows.T)


def _may_reach(rough: Rows, *, cut: float, limit: int, bound: float) -> NDArray[np.intp]:
    """Rows that may be among the `limit` best and at or above the cut; a few too many."""
    if not rough.size or rough.max() < cut - bound:
        return np.empty(0, np.intp)
    if rough.size > limit:
        # `limit` rows truly reach the limit-th highest value less the bound.
        kth = float(np.partition(rough, rough.size - limit)[rough.size - limit])
        cut = max(cut, kth - bound)
    return np.flatnonzero(rough >= cut - bound)


def _exact(rows: Rows, probe: Rows) -> NDArray[np.float64]:
    """float64: products of two float32 are exact, and equal rows give equal sums."""
    products = rows.astype(np.float64) * probe
    return np.asarray(products.sum(axis=1), np.float64)


def _best(matches: Iterator[Match] | chain[Match], limit: int) -> list[Match]:
    return sorted(matches, key=lambda match: (-match.similarity, match.position))[:limit]
