"""Softmax heads over fixed features, trained epoch by epoch so that a stopped run can go on.

Numpy alone, in float64: a head is small, and the same steps give the same numbers again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countenance.training.errors import TrainingError

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]
Layers = tuple[tuple[Matrix, Matrix], ...]
"""Kernel (inputs, outputs) and bias (outputs,) of each layer; a ReLU between two."""

DECAY = 1e-2
"""Of the kernels at every step, relative to the learning rate (Loshchilov and Hutter, 2019)."""
MOMENTA = (0.9, 0.999)
LEAST_GAIN = 1e-4
"""By which the loss has to fall to count as better."""


@dataclass(frozen=True, slots=True)
class HeadPlan:
    """How a head is trained."""

    epochs: int = 60
    """At most."""
    learning_rate: float = 2e-3
    batch_size: int = 64
    seed: int = 7
    hidden: int = 0
    """Units between features and classes; 0 for none."""
    patience: int = 10
    """Epochs without a better validation loss after which training ends."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFeatures:
    """Rows and what they show."""

    features: NDArray[np.float32]
    """(n, d)"""
    labels: Labels
    """(n,) index of the class."""


@dataclass(frozen=True, slots=True, eq=False)
class SoftmaxHead:
    """Standardisation, layers and softmax."""

    mean: Matrix
    """(d,)"""
    deviation: Matrix
    """(d,); never 0."""
    layers: Layers

    def probabilities(self, features: NDArray[np.float32]) -> Matrix:
        """(n, classes) of (n, d); rows sum to 1."""
        return _softmax(_forward(self.layers, self.standardised(features))[-1])

    def standardised(self, features: NDArray[np.float32]) -> Matrix:
        """(n, d) float64 with mean 0 and deviation 1 on what it was trained with."""
        return (features - self.mean) / self.deviation


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """Where training stands after an epoch: all that the next one depends on."""

    epoch: int
    """Epochs that are done."""
    layers: Layers
    moments: tuple[tuple[Matrix, Matrix], ...]
    """First and second moment of each kernel and bias, in their order."""
    steps: int
    best: Layers
    best_epoch: int
    """1 for the first; 0 before any."""
    history: Matrix
    """(epochs done, 4): training loss and accuracy, validation loss and accuracy."""


def train_head(
    training: LabelledFeatures,
    validation: LabelledFeatures,
    *,
    classes: int,
    plan: HeadPlan,
    start: Progress | None = None,
    on_epoch: Callable[[Progress], None] = lambda _: None,
) -> tuple[SoftmaxHead, Progress]:
    """Train until the epochs are used up or the validation loss stops falling.

    Every class weighs the same, in the loss that is minimised and in the one that is watched. The
    head returned is that of the epoch with the lowest validation loss.

    Args:
        training: every class has a row.
        validation: at least one row.
        classes: their number.
        plan: steps and seed.
        start: where a stopped run stood; None begins anew. The result is the same.
        on_epoch: called after each epoch with all that is needed to go on from it.

    Raises: TrainingError: the loss is no finite number.
    """
    mean = training.features.mean(axis=0, dtype=np.float64)
    spread = training.features.std(axis=0, dtype=np.float64)
    deviation = np.where(spread > 1e-8, spread, 1.0)
    rows = (training.features - mean) / deviation
    watched = (validation.features - mean) / deviation
    weights = _balanced(training.labels, classes)
    progress = start or _beginning(rows.shape[1], classes, plan)
    while progress.epoch < plan.epochs and _is_improving(progress, plan):
        with np.errstate(all="ignore"):  # what overflows is told below, once
            progress = _epoch(progress, rows, training.labels, weights, plan)
            measured = [
                *_measure(progress.layers, rows, training.labels, classes),
                *_measure(progress.layers, watched, validation.labels, classes),
            ]
        progress = _judged(progress, measured)
        on_epoch(progress)
    return SoftmaxHead(mean, deviation, progress.best), progress


def run_key(training: LabelledFeatures, validation: LabelledFeatures, plan: HeadPlan) -> str:
    """Changes whenever the result of `train_head` would."""
    digest = hashlib.sha256(repr(plan).encode())
    for part in (training, validation):
        digest.update(np.ascontiguousarray(part.features).tobytes())
        digest.update(np.ascontiguousarray(part.labels).tobytes())
    return digest.hexdigest()


def to_arrays(progress: Progress) -> dict[str, NDArray[Any]]:
    """The numbers of a progress by name; `from_arrays` is the way back."""
    found: dict[str, NDArray[Any]] = {
        "counts": np.array([progress.epoch, progress.steps, progress.best_epoch]),
        "history": progress.history,
    }
    for name, layers in (("layer", progress.layers), ("best", progress.best)):
        for index, value in enumerate(_flat(layers)):
            found[f"{name}{index}"] = value
    for index, (first, second) in enumerate(progress.moments):
        found |= {f"first{index}": first, f"second{index}": second}
    return found


def from_arrays(arrays: dict[str, NDArray[Any]]) -> Progress:
    """Raises: KeyError: an array is missing."""
    count = sum(name.startswith("layer") for name in arrays)
    epoch, steps, best_epoch = (int(value) for value in arrays["counts"])
    return Progress(
        epoch=epoch,
        layers=_paired([arrays[f"layer{i}"] for i in range(count)]),
        moments=tuple((arrays[f"first{i}"], arrays[f"second{i}"]) for i in range(count)),
        steps=steps,
        best=_paired([arrays[f"best{i}"] for i in range(count)]),
        best_epoch=best_epoch,
        history=arrays["history"],
    )


def _beginning(inputs: int, classes: int, plan: HeadPlan) -> Progress:
    rng = np.random.default_rng([plan.seed, 0])
    sizes = [inputs, plan.hidden, classes] if plan.hidden else [inputs, classes]
    last = len(sizes) - 2
    layers = tuple(
        (
            # The last layer starts at nothing: every class is as likely as another.
            np.zeros((a, b)) if i == last else rng.normal(0, np.sqrt(2 / a), (a, b)),
            np.zeros(b),
        )
        for i, (a, b) in enumerate(pairwise(sizes))
    )
    moments = tuple((np.zeros_like(value), np.zeros_like(value)) for value in _flat(layers))
    return Progress(0, layers, moments, 0, layers, 0, np.zeros((0, 4)))


def _is_improving(progress: Progress, plan: HeadPlan) -> bool:
    return progress.epoch - progress.best_epoch < plan.patience or progress.epoch == 0


def _epoch(
    progress: Progress, rows: Matrix, labels: Labels, weights: Matrix, plan: HeadPlan
) -> Progress:
    """One pass over all rows in an order of its own, by Adam with decoupled decay."""
    order = np.random.default_rng([plan.seed, progress.epoch + 1]).permutation(len(rows))
    layers, moments, steps = progress.layers, progress.moments, progress.steps
    for start in range(0, len(rows), plan.batch_size):
        batch = order[start : start + plan.batch_size]
        gradients = _gradients(layers, rows[batch], labels[batch], weights[batch])
        steps += 1
        layers, moments = _step(layers, moments, gradients, steps, plan.learning_rate)
    return Progress(
        progress.epoch + 1,
        layers,
        moments,
        steps,
        progress.best,
        progress.best_epoch,
        progress.history,
    )


def _step(
    layers: Layers,
    moments: tuple[tuple[Matrix, Matrix], ...],
    gradients: list[Matrix],
    steps: int,
    learning_rate: float,
) -> tuple[Layers, tuple[tuple[Matrix, Matrix], ...]]:
    """Source: Kingma and Ba, "Adam", ICLR 2015, algorithm 1."""
    (b1, b2), values, kept = MOMENTA, [], []
    for value, (first, second), gradient in zip(_flat(layers), moments, gradients, strict=True):
        first = b1 * first + (1 - b1) * gradient  # noqa: PLW2901 - the running moments
        second = b2 * second + (1 - b2) * gradient**2  # noqa: PLW2901 - the running moments
        move = first / (1 - b1**steps) / (np.sqrt(second / (1 - b2**steps)) + 1e-8)
        decay = DECAY * value if value.ndim == 2 else 0.0
        values.append(value - learning_rate * (move + decay))
        kept.append((first, second))
    return _paired(values), tuple(kept)


def _gradients(layers: Layers, rows: Matrix, labels: Labels, weights: Matrix) -> list[Matrix]:
    """Of the weighted mean of the log loss, for each kernel and bias in their order."""
    activations = _forward(layers, rows)
    pull = _softmax(activations[-1])
    pull[np.arange(len(labels)), labels] -= 1
    pull *= weights[:, None] / len(labels)
    found: list[Matrix] = []
    for index in range(len(layers) - 1, -1, -1):
        entry = np.maximum(activations[index], 0) if index else activations[0]
        found = [entry.T @ pull, pull.sum(axis=0), *found]
        if index:
            pull = (pull @ layers[index][0].T) * (activations[index] > 0)
    return found


def _forward(layers: Layers, rows: Matrix) -> list[Matrix]:
    """The input and what each layer makes of it, before its ReLU."""
    found = [rows]
    for index, (kernel, bias) in enumerate(layers):
        entry = np.maximum(found[-1], 0) if index else rows
        found.append(entry @ kernel + bias)
    return found


def _softmax(logits: Matrix) -> Matrix:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _measure(layers: Layers, rows: Matrix, labels: Labels, classes: int) -> tuple[float, float]:
    """Loss and accuracy with every class that occurs weighing the same."""
    logits = _forward(layers, rows)[-1]
    logits = logits - logits.max(axis=1, keepdims=True)
    right = logits[np.arange(len(labels)), labels]
    losses = np.log(np.exp(logits).sum(axis=1)) - right
    weights = _balanced(labels, classes)
    hits = logits.argmax(axis=1) == labels
    return float(np.mean(weights * losses)), float(np.mean(weights * hits))


def _balanced(labels: Labels, classes: int) -> Matrix:
    """(n,) weights with mean 1 that sum to the same for every class that occurs."""
    counts = np.bincount(labels, minlength=classes)
    return np.asarray(len(labels) / np.count_nonzero(counts) / counts[labels])


def _judged(progress: Progress, measured: list[float]) -> Progress:
    if not np.isfinite(measured).all():
        raise TrainingError(
            f"The loss of epoch {progress.epoch} is no finite number.",
            remedy="Take a smaller --learning-rate.",
        )
    lowest = progress.history[progress.best_epoch - 1, 2] if progress.best_epoch else np.inf
    is_better = measured[2] < lowest - LEAST_GAIN
    return Progress(
        progress.epoch,
        progress.layers,
        progress.moments,
        progress.steps,
        progress.layers if is_better else progress.best,
        progress.epoch if is_better else progress.best_epoch,
        np.vstack([progress.history, measured]),
    )


def _flat(layers: Layers) -> list[Matrix]:
    return [value for layer in layers for value in layer]


def _paired(values: list[Matrix]) -> Layers:
    return tuple(zip(values[::2], values[1::2], strict=True))
