"""Ridge regression from sums: a minimum, and rows can be taken out again."""

from __future__ import annotations

import numpy as np
import pytest

from countenance.training.logistic import LinearHead
from countenance.training.ridge import RidgeSums


def made_up(count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    features = rng.normal(4, 2, size=(count, 9)).astype(np.float32)
    return features, rng.normal(1, 3, size=count)


def fitted(sums: RidgeSums, *, strength: float = 3.0) -> LinearHead:
    head = sums.fit(strength=strength)
    assert head is not None
    return head


@pytest.mark.parametrize("count", [5, 50, 5000])  # fewer rows than features, more, several parts
def test_the_solution_is_a_minimum(count: int) -> None:
    features, targets = made_up(count)
    head = fitted(RidgeSums.of(features, targets))
    standard = (features - head.mean) / head.deviation
    residual = targets - standard @ head.coefficients - head.bias
    assert standard.T @ residual == pytest.approx(3.0 * head.coefficients, abs=1e-2)
    assert residual.mean() == pytest.approx(0, abs=1e-5)


def test_rows_left_out_leave_no_trace() -> None:
    features, targets = made_up(60)
    targets[:20] += 1000
    left = RidgeSums.of(features, targets).without(RidgeSums.of(features[:20], targets[:20]))
    never = fitted(RidgeSums.of(features[20:], targets[20:]))
    assert fitted(left).logits(features) == pytest.approx(never.logits(features), abs=1e-6)


def test_a_feature_that_never_changes_is_no_reason_to_fail() -> None:
    features, targets = made_up(30)
    features[:, 3] = 6.0
    head = fitted(RidgeSums.of(features, targets))
    assert np.isfinite(head.logits(features)).all()
    assert head.folded()[0][3] == pytest.approx(0, abs=1e-6)


def test_nothing_is_learnt_from_nothing() -> None:
    features, targets = made_up(10)
    everything = RidgeSums.of(features, targets)
    assert everything.without(everything).fit(strength=1.0) is None
