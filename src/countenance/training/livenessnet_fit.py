"""Train LivenessNet epoch by epoch, so that a stopped run goes on to the same end."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from countenance.training.errors import TrainingError
from countenance.training.face_crops import jitter
from countenance.training.livenessnet import Tree, as_real, forward, logits, new_network

LEAST_GAIN = 1e-4
"""By which the validation loss has to fall to count as better."""

Batch = tuple[jax.Array, jax.Array, jax.Array]
"""Images, labels (1 = bona fide) and weights."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """How long and how fast to train."""

    lr: float
    batch_size: int
    epochs: int
    seed: int
    patience: int
    """Epochs without a lower validation loss after which training ends."""


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Crops, what they show, and how much each counts."""

    pixels: NDArray[np.uint8]
    """(n, height, width, 3) RGB, n at least 1."""
    is_bona_fide: NDArray[np.bool_]
    """(n,)"""
    weights: NDArray[np.float64]
    """(n,), mean about 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """Where training stands after an epoch: all that the next one depends on."""

    epoch: int
    """Epochs that are done."""
    state: Tree
    """Parameters, running statistics and moments."""
    best: Tree
    """Parameters and running statistics of the epoch that is kept."""
    best_epoch: int
    """1 for the first; 0 before any."""
    history: NDArray[np.float64]
    """(epochs done, 4): training loss and accuracy, validation loss and accuracy."""

    @property
    def network(self) -> tuple[Tree, Tree]:
        """Parameters and running statistics of the epoch that is kept."""
        return self.best["parameters"], self.best["statistics"]


def fit(
    training: Examples,
    validation: Examples | None,
    *,
    fitting: Fitting,
    start: dict[str, NDArray[Any]] | None = None,
    on_epoch: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    """Train a network from scratch, or go on with one.

    Args:
        training: what it learns from.
        validation: whose loss chooses the epoch that is kept and ends training early; None trains
            through and keeps the last.
        fitting: length, speed, seed.
        start: what `to_arrays` gave of a stopped run.
        on_epoch: called after each epoch with all that is needed to go on from it.

    Raises: TrainingError: the loss is no finite number.
    """
    progress = _beginning(training, fitting)
    if start is not None:
        progress = from_arrays(start, like=progress)
    while progress.epoch < fitting.epochs and not _is_stuck(progress, fitting):
        state = _epoch(progress, training, fitting)
        progress = _judged(progress, state, training, validation)
        on_epoch(progress)
    return progress


def to_arrays(progress: Progress) -> dict[str, NDArray[Any]]:
    """The numbers of a progress by name; `from_arrays` is the way back."""
    found: dict[str, NDArray[Any]] = {
        "counts": np.array([progress.epoch, progress.best_epoch]),
        "history": progress.history,
    }
    for index, leaf in enumerate(jax.tree.leaves((progress.state, progress.best))):
        found[f"leaf{index}"] = np.asarray(leaf)
    return found


def from_arrays(arrays: dict[str, NDArray[Any]], *, like: Progress) -> Progress:
    """Fill the shapes of another progress with stored numbers.

    Raises: KeyError: an array is missing.
    """
    leaves, shape = jax.tree.flatten((like.state, like.best))
    stored = [jnp.asarray(arrays[f"leaf{index}"]) for index in range(len(leaves))]
    state, best = jax.tree.unflatten(shape, stored)
    epoch, best_epoch = (int(value) for value in arrays["counts"])
    return Progress(epoch, state, best, best_epoch, arrays["history"])


def _beginning(training: Examples, fitting: Fitting) -> Progress:
    height, width = training.pixels.shape[1:3]
    parameters, statistics = new_network(fitting.seed, width_px=width, height_px=height)
    nothing = jax.tree.map(jnp.zeros_like, parameters)
    state: Tree = {
        "parameters": parameters,
        "statistics": statistics,
        "first": nothing,
        "second": nothing,
        "count": jnp.zeros((), jnp.float32),
    }
    best: Tree = {"parameters": parameters, "statistics": statistics}
    return Progress(0, state, best, 0, np.zeros((0, 4)))


def _is_stuck(progress: Progress, fitting: Fitting) -> bool:
    return progress.epoch - progress.best_epoch >= fitting.patience


def _epoch(progress: Progress, training: Examples, fitting: Fitting) -> Tree:
    """One pass in an order of its own, drawn from seed and number alone."""
    rng = np.random.default_rng([fitting.seed, progress.epoch + 1])
    key = jax.random.fold_in(jax.random.key(fitting.seed), progress.epoch + 1)
    labels = training.is_bona_fide.astype(np.int32)
    lr = jnp.asarray(fitting.lr, jnp.float32)
    size = min(fitting.batch_size, len(labels))
    order = rng.permutation(len(labels))
    state = progress.state
    # Whole batches only: one shape compiles once, and the rest comes up in another epoch.
    for start in range(0, len(order) - size + 1, size):
        rows = order[start : start + size]
        images = as_real(jitter(training.pixels[rows], rng))
        weights = jnp.asarray(training.weights[rows], jnp.float32)
        key, here = jax.random.split(key)
        batch = (images, jnp.asarray(labels[rows]), weights)
        state = _step(state, batch, here, lr)
    return state


def _judged(
    progress: Progress, state: Tree, training: Examples, validation: Examples | None
) -> Progress:
    with np.errstate(all="ignore"):  # what is no number is told below, once
        trained = _measure(state, training)
        watched = (math.nan, math.nan) if validation is None else _measure(state, validation)
    epoch = progress.epoch + 1
    if not np.isfinite(trained if validation is None else (*trained, *watched)).all():
        raise TrainingError(
            f"The loss of epoch {epoch} is no finite number.", remedy="Take a smaller --lr."
        )
    history = np.vstack([progress.history, [*trained, *watched]])
    lowest = progress.history[progress.best_epoch - 1, 2] if progress.best_epoch else np.inf
    progress = replace(progress, epoch=epoch, state=state, history=history)
    if validation is not None and watched[0] >= lowest - LEAST_GAIN:
        return progress
    best: Tree = {"parameters": state["parameters"], "statistics": state["statistics"]}
    return replace(progress, best=best, best_epoch=epoch)


def _measure(state: Tree, examples: Examples) -> tuple[float, float]:
    """Loss and accuracy as the network is used, both classes weighing the same."""
    found = logits(state["parameters"], state["statistics"], examples.pixels)
    right = np.where(examples.is_bona_fide, found, -found)
    count = [int((examples.is_bona_fide == label).sum()) for label in (False, True)]
    classes = sum(number > 0 for number in count)
    weights = np.array([1 / (classes * count[int(label)]) for label in examples.is_bona_fide])
    return float(weights @ np.logaddexp(0, -right)), float(weights @ (right > 0))


def _loss(
    parameters: Tree, statistics: Tree, batch: Batch, key: jax.Array
) -> tuple[jax.Array, Tree]:
    images, labels, weights = batch
    outputs, kept = forward(parameters, statistics, images, key)
    picked = jnp.take_along_axis(jax.nn.log_softmax(outputs), labels[:, None], axis=1)[:, 0]
    return -(weights * picked).mean(), kept


@jax.jit
def _step(state: Tree, batch: Batch, key: jax.Array, lr: jax.Array) -> Tree:
    """One step of Adam (Kingma and Ba, ICLR 2015)."""
    slope, kept = jax.grad(_loss, has_aux=True)(
        state["parameters"], state["statistics"], batch, key
    )
    count = state["count"] + 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state["first"], slope)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, state["second"], slope)
    rate = lr * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    parameters = jax.tree.map(
        lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), state["parameters"], first, second
    )
    return {
        "parameters": parameters,
        "statistics": kept,
        "first": first,
        "second": second,
        "count": count,
    }
