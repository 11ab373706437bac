"""Softmax heads: they learn, every class weighs the same, and a stopped run goes on unchanged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from countenance.training.errors import TrainingError
from countenance.training.heads import (
    HeadPlan,
    LabelledFeatures,
    Progress,
    _balanced,
    _beginning,
    _gradients,
    _measure,
    from_arrays,
    run_key,
    to_arrays,
    train_head,
)

PLAN = HeadPlan(epochs=15, learning_rate=0.02, batch_size=16, seed=3)


def rows(
    *, classes: int = 3, each: int = 20, seed: int = 0, spread: float = 0.3
) -> LabelledFeatures:
    """Clouds around the corners of a simplex."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), each)
    centres = np.eye(classes, 8)
    features = centres[labels] + rng.normal(0, spread, (len(labels), 8))
    return LabelledFeatures(features.astype(np.float32), labels)


@pytest.mark.parametrize("hidden", [0, 12])
def test_a_head_learns_what_can_be_told_apart(hidden: int) -> None:
    plan = replace(PLAN, hidden=hidden)
    head, progress = train_head(rows(), rows(seed=1), classes=3, plan=plan)
    new = rows(seed=2)
    found = head.probabilities(new.features)
    assert np.mean(found.argmax(axis=1) == new.labels) > 0.9
    assert found.sum(axis=1) == pytest.approx(np.ones(60))
    assert progress.history.shape == (progress.epoch, 4)
    assert progress.history[-1, 0] < progress.history[0, 0]


@pytest.mark.parametrize("hidden", [0, 5])
def test_gradients_are_those_of_the_weighted_loss(hidden: int) -> None:
    data = rows(each=4)
    matrix, weights = data.features.astype(np.float64), _balanced(data.labels, 3)
    plan = replace(PLAN, hidden=hidden)
    rng = np.random.default_rng(5)
    layers = tuple(
        (k + rng.normal(0, 0.3, k.shape), b + rng.normal(0, 0.3, b.shape))
        for k, b in _beginning(8, 3, plan).layers
    )
    kernel = layers[0][0]
    found = _gradients(layers, matrix, data.labels, weights)[0]
    step = 1e-6
    for place in ((0, 0), (3, 2), (7, 1)):
        losses = []
        for sign in (1, -1):
            moved = kernel.copy()
            moved[place] += sign * step
            changed = ((moved, layers[0][1]), *layers[1:])
            losses.append(_measure(changed, matrix, data.labels, 3)[0])
        assert found[place] == pytest.approx((losses[0] - losses[1]) / (2 * step), abs=1e-7)


def test_a_class_with_few_pictures_weighs_as_much_as_one_with_many() -> None:
    weights = _balanced(np.array([0, 0, 0, 1]), 2)
    assert weights[:3].sum() == pytest.approx(weights[3])
    assert weights.mean() == pytest.approx(1)


@pytest.mark.parametrize("stopped_after", [1, 7, 15])
def test_a_stopped_run_ends_like_one_that_was_not(stopped_after: int) -> None:
    kept: list[Progress] = []
    whole, _ = train_head(rows(), rows(seed=1), classes=3, plan=PLAN, on_epoch=kept.append)
    start = from_arrays(to_arrays(kept[stopped_after - 1]))
    again, progress = train_head(rows(), rows(seed=1), classes=3, plan=PLAN, start=start)
    assert progress.epoch == PLAN.epochs
    assert np.array_equal(again.layers[0][0], whole.layers[0][0])
    assert np.array_equal(progress.history, kept[-1].history)


def test_training_ends_when_the_validation_loss_does_not_fall_any_more() -> None:
    plan = replace(PLAN, epochs=400, patience=5)
    noise = rows(spread=2.0)
    head, progress = train_head(noise, rows(seed=1, spread=2.0), classes=3, plan=plan)
    assert progress.epoch < 400
    assert progress.best_epoch == progress.epoch - 5
    assert progress.history[:, 2].argmin() == pytest.approx(progress.best_epoch - 1, abs=2)
    assert np.isfinite(head.layers[0][0]).all()


def test_a_loss_that_is_no_number_is_told_with_its_epoch() -> None:
    plan = replace(PLAN, learning_rate=1e300)
    with pytest.raises(TrainingError, match=r"epoch 1 is no finite number.*learning-rate"):
        train_head(rows(), rows(seed=1), classes=3, plan=plan)


def test_the_key_of_a_run_changes_with_everything_that_matters() -> None:
    keys = {
        run_key(rows(), rows(seed=1), PLAN),
        run_key(rows(), rows(seed=2), PLAN),
        run_key(rows(seed=1), rows(seed=1), PLAN),
        run_key(rows(), rows(seed=1), replace(PLAN, seed=4)),
    }
    assert len(keys) == 4
    assert run_key(rows(), rows(seed=1), PLAN) in keys
