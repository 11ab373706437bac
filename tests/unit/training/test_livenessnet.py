"""The small network learns, goes on where it stopped, and its ONNX form computes the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("jax", reason="needs the extra 'train'")

from countenance.training import livenessnet
from countenance.training.errors import TrainingError
from countenance.training.livenessnet_fit import (
    Examples,
    Fitting,
    Progress,
    fit,
    to_arrays,
)
from countenance.training.livenessnet_graph import livenessnet_graph
from countenance.vision.backends.onnx.session import open_session

FITTING = Fitting(lr=2e-3, batch_size=16, epochs=8, seed=1, patience=8)


def examples(count: int = 64, *, seed: int = 0, signal: bool = True) -> Examples:
    """Noise in which bona fide pictures are darker, or not."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2 == 1
    pixels = rng.integers(0, 256, (count, 20, 16, 3)).astype(np.uint8)
    if signal:
        pixels[labels] //= 3
    return Examples(pixels, labels, np.ones(count))


def test_it_has_the_148562_numbers_of_the_original() -> None:
    network = livenessnet.new_network(0, width_px=32, height_px=32)
    assert livenessnet.count_parameters(*network) == 148_562


def test_it_learns_and_its_graph_agrees_with_it() -> None:
    data = examples()
    progress = fit(data, None, fitting=FITTING)
    logits = livenessnet.logits(*progress.network, data.pixels)
    assert progress.best_epoch == len(progress.history) == 8
    assert np.isnan(progress.history[:, 2:]).all()
    assert np.median(logits[data.is_bona_fide]) > np.median(logits[~data.is_bona_fide])

    graph = livenessnet_graph(*progress.network, size_px=(20, 16), calibration=(2.0, 0.5))
    computed = open_session(graph.SerializeToString()).run({"images": data.pixels})[0]
    assert computed == pytest.approx(2 * logits + 0.5, abs=1e-3)


def test_a_stopped_run_goes_on_to_the_same_numbers() -> None:
    data, watched = examples(), examples(seed=5)
    kept: list[dict[str, NDArray[Any]]] = []
    whole = fit(data, watched, fitting=FITTING, on_epoch=lambda p: kept.append(to_arrays(p)))
    resumed = fit(data, watched, fitting=FITTING, start=kept[2])
    told, again = to_arrays(whole), to_arrays(resumed)
    assert told.keys() == again.keys()
    assert all(np.array_equal(told[name], again[name]) for name in told)


def test_the_epoch_with_the_lowest_validation_loss_is_kept_and_patience_ends_training() -> None:
    told: list[Progress] = []
    progress = fit(
        examples(),
        examples(seed=5, signal=False),
        fitting=replace(FITTING, epochs=30, patience=2, lr=0.01),
        on_epoch=told.append,
    )
    losses = progress.history[:, 2]
    assert len(told) == progress.epoch < 30
    assert progress.epoch == progress.best_epoch + 2
    assert losses[progress.best_epoch - 1] == pytest.approx(losses.min(), abs=1e-3)
    best = told[progress.best_epoch - 1]
    assert np.array_equal(
        progress.network[0]["out"]["kernel"], best.state["parameters"]["out"]["kernel"]
    )


def test_a_loss_that_is_no_number_is_told_with_a_remedy() -> None:
    with pytest.raises(TrainingError, match="no finite number") as caught:
        fit(examples(), None, fitting=replace(FITTING, lr=1e30))
    assert "--lr" in caught.value.remedy


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_name: str) -> list[Any]:
        raise RuntimeError

    monkeypatch.setattr(livenessnet.jax, "devices", none)
    with pytest.raises(TrainingError, match="no gpu"):
        livenessnet.choose_device("gpu")
    livenessnet.choose_device("auto")
