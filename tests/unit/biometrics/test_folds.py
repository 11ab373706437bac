"""Each fold is judged at a threshold that it had no part in."""

import numpy as np
import pytest

from countenance.biometrics.folds import fold_accuracy

MATED = np.array([True, True, False, False])


def test_the_threshold_comes_from_the_other_folds() -> None:
    # The first fold alone would choose the middle of 0.8 and 0.6, the second that of 0.5 and 0.2.
    similarities = np.array([0.9, 0.8, 0.6, 0.2, 0.6, 0.5, 0.2, 0.1])
    found = fold_accuracy(similarities, np.tile(MATED, 2), np.repeat([1, 2], 4))
    # Fold 1 at 0.35: the non-mated 0.6 matches. Fold 2 at 0.7: both mated are missed.
    assert found.mean == pytest.approx((3 / 4 + 2 / 4) / 2)
    assert found.standard_error == pytest.approx(0.125)
    assert found.folds == 2


def test_a_fold_a_little_worse_than_the_others_is_not_lost() -> None:
    # The lowest mated similarity of all stands in the fold that is judged.
    similarities = np.array([0.9, 0.8, 0.2, 0.1, 0.9, 0.7, 0.2, 0.1])
    assert fold_accuracy(similarities, np.tile(MATED, 2), np.repeat([1, 2], 4)).mean == 1.0


@pytest.mark.parametrize(
    ("folds", "why"),
    [([1, 1, 1, 1], "two of them"), ([1, 1, 2, 2], "both mated and non-mated")],
)
def test_folds_that_can_choose_no_threshold_are_refused(folds: list[int], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        fold_accuracy(np.array([0.9, 0.8, 0.2, 0.1]), MATED, np.array(folds))
