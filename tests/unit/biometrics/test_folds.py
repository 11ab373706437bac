"""Each fold is judged at a threshold that it had no part in."""

import numpy as np
import pytest

from countenance.biometrics.folds import fold_accuracy

MATED = np.array([True, True, False, False])


def test_the_threshold_comes_from_the_other_folds() -> None:
    # The first fold alone would choose 0.8, the second 0.5: each errs with the other's.
    similarities = np.array([0.9, 0.8, 0.6, 0.2, 0.6, 0.5, 0.2, 0.1])
    found = fold_accuracy(similarities, np.tile(MATED, 2), np.repeat([1, 2], 4))
    # Fold 1 at 0.5: the non-mated 0.6 matches. Fold 2 at 0.8: both mated are missed.
    assert found.mean == pytest.approx((3 / 4 + 2 / 4) / 2)
    assert found.standard_error == pytest.approx(0.125)
    assert found.folds == 2


@pytest.mark.parametrize(
    ("folds", "why"),
    [([1, 1, 1, 1], "two of them"), ([1, 1, 2, 2], "both mated and non-mated")],
)
def test_folds_that_can_choose_no_threshold_are_refused(folds: list[int], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        fold_accuracy(np.array([0.9, 0.8, 0.2, 0.1]), MATED, np.array(folds))
