"""Everyone compared with everyone else: millions of non-mated comparisons in bounded memory.

The similarities are matrix products, block by block. Every comparison is counted at points that
are given beforehand; only the highest are kept, each with its two samples. Rates at fine FMR,
which lie among the highest, and at the given points are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]
Indices = NDArray[np.int32]

_BLOCK: Final = 4_000_000
"""Similarities that are held at once."""
KEPT: Final = 2_000_000
"""Highest comparisons that are kept at least."""
KEPT_SHARE: Final = 0.02
"""The same as a share of all: FMR 1e-2 has to lie among them, in each bootstrap replicate too."""


@dataclass(frozen=True, slots=True, eq=False)
class NonMatedScores:
    """Non-mated comparisons: the highest of them, and how many lie above given points."""

    similarities: Singles
    """(k,) float32, falling."""
    first: Indices
    """(k,) index of one sample of each."""
    second: Indices
    """(k,) index of the other."""
    total: int
    """All comparisons that were made, kept or not; at least k."""
    points: Singles
    """(p,) float32, rising: similarities at which all were counted."""
    counts: NDArray[np.int64]
    """(p,) comparisons at or above each point."""

    @property
    def is_complete(self) -> bool:
        """Whether every comparison was kept."""
        return self.similarities.size == self.total

    def count_at(self, thresholds: Singles) -> NDArray[np.int64]:
        """Comparisons at or above thresholds.

        Args:
            thresholds: (t,) float32; each above the lowest one kept, or one of `points`.

        Raises: ValueError: at one of them nothing was counted.
        """
        rising = self.similarities[::-1]
        counted = rising.size - np.searchsorted(rising, thresholds, side="left").astype(np.int64)
        if self.is_complete:
            return counted
        lost = thresholds <= rising[0]
        at = np.minimum(np.searchsorted(self.points, thresholds[lost]), self.points.size - 1)
        if (self.points[at] != thresholds[lost]).any():
            raise ValueError("non-mated comparisons were not counted at that similarity")
        counted[lost] = self.counts[at]
        return counted

    def threshold_at_fmr(self, fmr: float) -> float | None:
        """The lowest threshold whose false match rate does not exceed `fmr`.

        Returns: None where there are too few comparisons for a rate that fine, or where the
            threshold lies below those that were kept.
        """
        allowed = int(np.floor(fmr * self.total + 1e-9))
        if allowed < 1 or allowed >= self.similarities.size:
            return None
        return float(next_up(self.similarities[allowed : allowed + 1])[0])


def next_up(values: Singles) -> Singles:
    """The next higher float32 of each: at or above it means above the value."""
    return np.nextafter(values, np.float32(np.inf))


def single_at_or_above(value: float) -> Singles:
    """(1,) The lowest float32 that is not below a number."""
    single = np.array([value], dtype=np.float32)
    return single if float(single[0]) >= value else next_up(single)


def listed_scores(similarities: Singles, first: Indices, second: Indices) -> NonMatedScores:
    """Put comparisons that were made one by one into order; all are kept.

    Args:
        similarities: (n,) float32.
        first: (n,) index of a sample.
        second: (n,) index of the other.
    """
    order = np.argsort(-similarities, kind="stable")
    return NonMatedScores(
        similarities[order],
        first[order],
        second[order],
        total=similarities.size,
        points=np.empty(0, np.float32),
        counts=np.empty(0, np.int64),
    )


def compare_everyone(
    samples: Singles,
    people: Indices,
    *,
    points: Singles,
    kept: int | None = None,
    on_rows: Callable[[int], None] = lambda _rows: None,
) -> NonMatedScores:
    """Compare each sample with those of all other people, once.

    Args:
        samples: (n, d) float32, rows of length 1.
        people: (n,) whose sample each is.
        points: similarities at which every comparison is counted.
        kept: highest comparisons that are kept; default `KEPT` or `KEPT_SHARE` of all.
        on_rows: told the number of samples that are done, block after block.
    """
    total = count_of_everyone(people)
    top = _Top(max(KEPT, int(KEPT_SHARE * total)) if kept is None else kept)
    points = np.unique(points)
    counts = np.zeros(points.size, np.int64)
    rows = max(1, _BLOCK // max(1, len(samples)))
    for start in range(0, len(samples), rows):
        block = samples[start : start + rows] @ samples[start:].T
        others = people[start : start + rows, None] != people[None, start:]
        # Each pair once: the column comes after the row.
        places = np.flatnonzero(np.triu(others, k=1))
        similarities = block.ravel()[places]
        ordered = np.sort(similarities)
        counts += ordered.size - np.searchsorted(ordered, points, side="left")
        top.add(similarities, places, width=block.shape[1], start=start)
        on_rows(len(block))
    similarities, first, second = top.falling()
    return NonMatedScores(similarities, first, second, total, points, counts)


def count_of_everyone(people: Indices, *, weights: NDArray[np.int64] | None = None) -> int:
    """How many comparisons `compare_everyone` makes.

    Args:
        people: (n,) whose sample each is, 0..p-1.
        weights: (p,) how many copies of each person there are; copies are not compared with
            each other. None for one of each.
    """
    samples = np.bincount(people).astype(np.int64)
    if weights is not None:
        samples = samples * weights
    return int((int(samples.sum()) ** 2 - int((samples**2).sum())) // 2)


class _Top:
    """The highest comparisons so far."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[tuple[Singles, Indices, Indices]] = []
        self._size = 0
        self._floor = np.float32(-np.inf)

    def add(
        self, similarities: Singles, places: NDArray[np.intp], *, width: int, start: int
    ) -> None:
        """Take a block into account; `places` are flat positions in it, of `width` columns."""
        high = np.flatnonzero(similarities >= self._floor)
        row, column = np.divmod(places[high], width)
        self._parts.append(
            (
                similarities[high],
                (row + start).astype(np.int32),
                (column + start).astype(np.int32),
            )
        )
        self._size += high.size
        if self._size > 2 * self._limit:
            self._cut()

    def _cut(self) -> None:
        values, first, second = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        if values.size > self._limit:
            best = np.argpartition(values, values.size - self._limit)[-self._limit :]
            values, first, second = values[best], first[best], second[best]
            self._floor = values.min(initial=np.float32(np.inf))
        self._parts, self._size = [(values, first, second)], values.size

    def falling(self) -> tuple[Singles, Indices, Indices]:
        """The kept ones, highest first."""
        if not self._parts:
            return np.empty(0, np.float32), np.empty(0, np.int32), np.empty(0, np.int32)
        self._cut()
        values, first, second = self._parts[0]
        order = np.argsort(-values, kind="stable")
        return values[order], first[order], second[order]
