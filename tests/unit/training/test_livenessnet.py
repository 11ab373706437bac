"""The small network learns, and its ONNX form computes the same."""

from __future__ import annotations

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="needs the extra 'train'")

from countenance.training import livenessnet  # noqa: E402
from countenance.training.livenessnet_graph import livenessnet_graph  # noqa: E402
from countenance.vision.backends.onnx.session import open_session  # noqa: E402


def test_it_has_the_148562_numbers_of_the_original() -> None:
    network = livenessnet.new_network(jax.random.key(0), width_px=32, height_px=32)
    assert livenessnet.count_parameters(*network) == 148_562


def test_it_learns_and_its_graph_agrees_with_it() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(64) % 2 == 1
    pixels = rng.integers(0, 256, (64, 20, 16, 3)).astype(np.uint8)
    pixels[labels] //= 3
    fitting = livenessnet.Fitting(lr=2e-3, batch_size=16, epochs=8, seed=1)
    epochs: list[int] = []
    network = livenessnet.fit(
        pixels, labels, np.ones(64), fitting=fitting, on_epoch=lambda: epochs.append(1)
    )
    logits = livenessnet.logits(*network, pixels)
    assert len(epochs) == 8
    assert np.median(logits[labels]) > np.median(logits[~labels])

    graph = livenessnet_graph(*network, size_px=(20, 16), calibration=(2.0, 0.5))
    computed = open_session(graph.SerializeToString()).run({"images": pixels})[0]
    assert computed == pytest.approx(2 * logits + 0.5, abs=1e-3)
