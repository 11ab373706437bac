"""The comparisons that a list asks for: its pairs, or everyone with everyone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.biometrics.bootstrap import Comparisons
from countenance.biometrics.everyone import (
    NonMatedScores,
    Singles,
    compare_everyone,
    count_of_everyone,
    listed_scores,
    next_up,
    single_at_or_above,
)
from countenance.evaluation.errors import PairsError
from countenance.evaluation.matching_pairs import PairList
from countenance.evaluation.matching_samples import Acquired

HISTOGRAM_EDGES: Final = np.linspace(-1, 1, 81, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ListedScores:
    """The rows of the list that could be compared."""

    rows: NDArray[np.int64]
    """(n,) which rows, rising."""
    similarities: Singles
    """(n,) float32."""
    is_mated: NDArray[np.bool_]
    quality: NDArray[np.float64]
    """(n,) the lower one of the two images."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """All comparisons, and those that could not be made."""

    listed: ListedScores
    all: Comparisons
    images: NDArray[np.intp]
    """Sample of `all` to image of the list."""
    mated_left_out: int
    non_mated_left_out: int

    @property
    def mated_rows(self) -> NDArray[np.int64]:
        """(m,) row of the list of each mated comparison, least alike first."""
        mated = np.flatnonzero(self.listed.is_mated)
        return self.listed.rows[mated[np.argsort(self.listed.similarities[mated], kind="stable")]]


def compare(
    pairs: PairList,
    acquired: Acquired,
    *,
    threshold: float,
    everyone: bool,
    on_images: Callable[[int], None] = lambda _images: None,
) -> Compared:
    """Compare what was acquired.

    Args:
        pairs: the list.
        acquired: one sample for each of its images, or a failure.
        threshold: similarity at which all non-mated comparisons are counted.
        everyone: whether images of different people are compared beyond the list's rows.
        on_images: told the number of images that have been compared with everyone.

    Raises: PairsError: no mated or no non-mated comparison could be made.
    """
    listed = _listed(pairs, acquired)
    mated = np.flatnonzero(listed.is_mated)
    mated = mated[np.argsort(listed.similarities[mated], kind="stable")]
    similarities = listed.similarities[mated]
    if everyone:
        images = np.flatnonzero(acquired.is_acquired)
        points = (similarities, next_up(similarities), single_at_or_above(threshold))
        scores = compare_everyone(
            acquired.embeddings[images],
            pairs.people[images],
            points=np.concatenate((*points, HISTOGRAM_EDGES)),
            on_rows=on_images,
        )
        possible = count_of_everyone(pairs.people)
    else:
        images = np.arange(len(pairs.images))
        scores = _rows_alone(pairs, listed)
        possible = sum(not pair.is_mated for pair in pairs.pairs)
    if not mated.size or not scores.total:
        raise PairsError(
            "No mated or no non-mated comparison could be made.",
            remedy="Give pairs of both kinds, same 1 and same 0, on images that show a face.",
        )
    people = np.array([pairs.people[pairs.pairs[row].a] for row in listed.rows[mated]], np.int32)
    return Compared(
        listed=listed,
        all=Comparisons(similarities, people, scores, pairs.people[images]),
        images=images,
        mated_left_out=sum(pair.is_mated for pair in pairs.pairs) - mated.size,
        non_mated_left_out=possible - scores.total,
    )


def _listed(pairs: PairList, acquired: Acquired) -> ListedScores:
    first = np.array([pair.a for pair in pairs.pairs])
    second = np.array([pair.b for pair in pairs.pairs])
    usable = acquired.is_acquired[first] & acquired.is_acquired[second]
    rows = np.flatnonzero(usable)
    a, b = first[rows], second[rows]
    alike = np.einsum("nd,nd->n", acquired.embeddings[a], acquired.embeddings[b])
    return ListedScores(
        rows=rows.astype(np.int64),
        similarities=alike.astype(np.float32),
        is_mated=np.array([pair.is_mated for pair in pairs.pairs], dtype=np.bool_)[rows],
        quality=np.minimum(acquired.quality[a], acquired.quality[b]),
    )


def _rows_alone(pairs: PairList, listed: ListedScores) -> NonMatedScores:
    kept = np.flatnonzero(~listed.is_mated)
    rows = [pairs.pairs[row] for row in listed.rows[kept]]
    return listed_scores(
        listed.similarities[kept],
        np.array([pair.a for pair in rows], dtype=np.int32),
        np.array([pair.b for pair in rows], dtype=np.int32),
    )
