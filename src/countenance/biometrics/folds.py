"""Accuracy over folds: each is judged at the threshold that is best on the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countenance.biometrics.rates import best_accuracy


@dataclass(frozen=True, slots=True)
class FoldAccuracy:
    """Share of right answers on comparisons that did not choose the threshold."""

    mean: float
    """Over the folds, 0..1."""
    standard_error: float
    """Of the mean: deviation of the folds over the root of their number."""
    folds: int


def fold_accuracy(
    similarities: NDArray[np.float64], is_mated: NDArray[np.bool_], folds: NDArray[np.int64]
) -> FoldAccuracy:
    """Judge each fold at the threshold with the highest accuracy on all others.

    Between two neighbouring similarities every threshold gives the others the same answers; the
    middle is taken, which favours neither error.

    Args:
        similarities: (n,)
        is_mated: (n,)
        folds: (n,) number of the fold of each; at least two different ones.

    Raises: ValueError: one fold alone, or folds beside one that lack a kind of comparison.
    Source: Huang et al., Labeled Faces in the Wild, 2007 (View 2).
    """
    numbers = np.unique(folds)
    if numbers.size < 2:
        raise ValueError("accuracy over folds needs two of them")
    accuracies = []
    for number in numbers:
        others = folds != number
        threshold = _best_threshold(similarities[others], is_mated[others])
        answers = similarities[~others] >= threshold
        accuracies.append(float(np.mean(answers == is_mated[~others])))
    deviation = float(np.std(accuracies, ddof=1))
    mean = float(np.mean(accuracies))
    return FoldAccuracy(mean, deviation / float(np.sqrt(numbers.size)), int(numbers.size))


def _best_threshold(similarities: NDArray[np.float64], is_mated: NDArray[np.bool_]) -> float:
    best = best_accuracy(similarities[is_mated], similarities[~is_mated]).threshold
    below = similarities[similarities < best]
    return (best + float(below.max())) / 2 if below.size else best
