"""The linear head finds what it should."""

from __future__ import annotations

import numpy as np
import pytest

from countenance.training.logistic import LinearHead, fit, fit_platt


def test_separable_classes_are_separated_on_the_feature_that_matters() -> None:
    rng = np.random.default_rng(1)
    labels = np.arange(200) % 2 == 0
    features = rng.normal(size=(200, 5)).astype(np.float32)
    features[:, 2] += np.where(labels, 4, -4)
    head = fit(features, labels, np.ones(200), c=1.0)
    assert ((head.logits(features) > 0) == labels).all()
    assert int(np.abs(head.coefficients).argmax()) == 2


def test_the_solution_is_a_minimum() -> None:
    rng = np.random.default_rng(2)
    features = rng.normal(size=(80, 3)).astype(np.float32)
    labels = features[:, 0] + rng.normal(size=80) > 0
    weights = rng.uniform(0.5, 1.5, 80)
    head = fit(features, labels, weights, c=0.5)
    standard = (features - head.mean) / head.deviation
    signs = np.where(labels, 1.0, -1.0)
    margins = signs * (standard @ head.coefficients + head.bias)
    pull = -0.5 * weights * signs / (1 + np.exp(margins))
    assert head.coefficients + standard.T @ pull == pytest.approx(np.zeros(3), abs=1e-2)
    assert pull.sum() == pytest.approx(0, abs=1e-2)


def test_features_past_those_that_count_are_left_alone() -> None:
    rng = np.random.default_rng(3)
    labels = np.arange(60) % 2 == 0
    features = rng.normal(size=(60, 4)).astype(np.float32)
    features[:, 3] += np.where(labels, 9, -9)
    head = fit(features, labels, np.ones(60), c=1.0, columns=3)
    assert head.coefficients[3] == 0
    assert head.coefficients.shape == (4,)


def test_heads_add_up_whatever_they_are_standardised_by() -> None:
    rng = np.random.default_rng(4)
    features = rng.normal(size=(9, 3)).astype(np.float32)
    one, other = (
        LinearHead(rng.normal(size=3), rng.uniform(1, 2, 3), rng.normal(size=3), rng.normal())
        for _ in range(2)
    )
    both = one.plus(other, share=0.4).logits(features)
    assert both == pytest.approx(one.logits(features) + 0.4 * other.logits(features))


def test_a_constant_feature_does_no_harm() -> None:
    features = np.ones((20, 2), np.float32)
    labels = np.arange(20) % 2 == 0
    features[:, 1] = labels
    head = fit(features, labels, np.ones(20), c=1.0)
    assert np.isfinite(head.logits(features)).all()


def test_rescaling_a_head_rescales_its_logits() -> None:
    head = LinearHead(np.array([1.0, 2.0]), np.array([2.0, 4.0]), np.array([0.5, -1.0]), 0.3)
    features = np.array([[3.0, 1.0], [0.0, 0.0]], np.float32)
    moved = head.rescaled(slope=2.0, offset=-1.0)
    assert moved.logits(features) == pytest.approx(2 * head.logits(features) - 1)


def test_calibrated_logits_are_log_odds() -> None:
    rng = np.random.default_rng(5)
    true = rng.normal(0, 2, 20_000)
    labels = rng.random(20_000) < 1 / (1 + np.exp(-true))
    slope, offset = fit_platt(true * 3 + 1, labels, np.ones(20_000))
    assert slope == pytest.approx(1 / 3, abs=0.02)
    assert offset == pytest.approx(-1 / 3, abs=0.06)


def test_calibrating_separated_scores_ends_and_keeps_their_order() -> None:
    slope, offset = fit_platt(
        np.array([-5.0, -4.0, 4.0, 5.0]), np.array([False, False, True, True]), np.ones(4)
    )
    assert np.isfinite([slope, offset]).all()
    assert slope > 0
