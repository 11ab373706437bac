"""LivenessNet: a small convolutional network on the face crop, trained from scratch with JAX.

Two pairs of 3 x 3 convolutions (16, then 32 channels), each followed by ReLU and batch
normalisation, pooled after each pair, then a dense layer of 64 and two outputs: 148,562 numbers at
32 x 32. Kept as an architecture because earlier projects know it; the linear detector is better.

Source: the architecture described by A. Rosebrock, "Liveness Detection with OpenCV", 2019.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from countenance.training.errors import TrainingError

CHANNELS = (16, 16, 32, 32)
DENSE = 64
NORM_EPSILON = 1e-3
NORM_MOMENTUM = 0.9
DROP_POOLED, DROP_DENSE = 0.25, 0.5
PREDICT_BATCH = 512
LEAST_BATCH = 64

Tree = dict[str, Any]
Pixels = NDArray[np.uint8]


def choose_device(name: str) -> None:
    """Let everything that follows run there.

    Args:
        name: `auto` takes the graphics processor where JAX finds one; `cpu`; `gpu`.

    Raises: TrainingError: there is no such device.
    """
    if name == "auto":
        return
    try:
        device = jax.devices(name)[0]
    except RuntimeError as error:
        raise TrainingError(
            f"JAX finds no {name} here.",
            remedy="Leave --device away, or install the JAX build for the graphics processor.",
        ) from error
    jax.config.update("jax_default_device", device)  # type: ignore[no-untyped-call]  # of JAX


def new_network(seed: int, *, width_px: int, height_px: int) -> tuple[Tree, Tree]:
    """Return random parameters and fresh running statistics."""
    rng = np.random.default_rng([seed, 0])
    parameters: Tree = {}
    statistics: Tree = {}
    inputs = 3
    for index, channels in enumerate(CHANNELS):
        shape, fan = (3, 3, inputs, channels), inputs * 9
        parameters[f"conv{index}"] = _layer(rng, shape, fan, channels)
        _add_norm(parameters, statistics, f"norm{index}", channels)
        inputs = channels
    flat = inputs * (width_px // 4) * (height_px // 4)
    parameters["dense"] = _layer(rng, (flat, DENSE), flat, DENSE)
    _add_norm(parameters, statistics, "norm_dense", DENSE)
    parameters["out"] = _layer(rng, (DENSE, 2), DENSE, 2)
    return parameters, statistics


def _layer(rng: np.random.Generator, shape: tuple[int, ...], fan: int, outputs: int) -> Tree:
    kernel = rng.normal(0, np.sqrt(2 / fan), shape)
    return {"kernel": jnp.asarray(kernel, jnp.float32), "bias": jnp.zeros(outputs)}


def _add_norm(parameters: Tree, statistics: Tree, name: str, channels: int) -> None:
    parameters[name] = {"scale": jnp.ones(channels), "shift": jnp.zeros(channels)}
    statistics[name] = {"mean": jnp.zeros(channels), "variance": jnp.ones(channels)}


def forward(
    parameters: Tree, statistics: Tree, images: jax.Array, key: jax.Array | None
) -> tuple[jax.Array, Tree]:
    """Return (n, 2) outputs, attack first, and the statistics to keep.

    Args:
        parameters: see `new_network`.
        statistics: running means and variances.
        images: (n, height, width, 3) float32, 0..1; twice as fast on a processor as planes.
        key: randomness of dropout; None runs the network as it is used, without changing it.
    """
    kept: Tree = {}
    value = images
    keys = [None, None, None] if key is None else list(jax.random.split(key, 3))
    for index in range(len(CHANNELS)):
        layer = parameters[f"conv{index}"]
        value = jax.nn.relu(_convolve(value, layer["kernel"]) + layer["bias"])
        name = f"norm{index}"
        value, kept[name] = _normalise(
            value, parameters[name], statistics[name], axes=(0, 1, 2), is_training=key is not None
        )
        if index % 2:
            value = _drop(_pool(value), DROP_POOLED, keys[index // 2])
    value = value.reshape(len(value), -1)
    value = jax.nn.relu(value @ parameters["dense"]["kernel"] + parameters["dense"]["bias"])
    value, kept["norm_dense"] = _normalise(
        value,
        parameters["norm_dense"],
        statistics["norm_dense"],
        axes=(0,),
        is_training=key is not None,
    )
    value = _drop(value, DROP_DENSE, keys[2])
    return value @ parameters["out"]["kernel"] + parameters["out"]["bias"], kept


def _convolve(value: jax.Array, kernel: jax.Array) -> jax.Array:
    layout = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(value, kernel, (1, 1), "SAME", dimension_numbers=layout)


def _pool(value: jax.Array) -> jax.Array:
    rows, height, width, channels = value.shape
    even = value[:, : height // 2 * 2, : width // 2 * 2]
    return even.reshape(rows, height // 2, 2, width // 2, 2, channels).max((2, 4))


def _drop(value: jax.Array, rate: float, key: jax.Array | None) -> jax.Array:
    if key is None:
        return value
    return jnp.where(jax.random.bernoulli(key, 1 - rate, value.shape), value / (1 - rate), 0.0)


def _normalise(
    value: jax.Array, layer: Tree, running: Tree, *, axes: tuple[int, ...], is_training: bool
) -> tuple[jax.Array, Tree]:
    mean, variance = running["mean"], running["variance"]
    kept = running
    if is_training:
        mean, variance = value.mean(axes), value.var(axes)
        kept = {
            "mean": NORM_MOMENTUM * running["mean"] + (1 - NORM_MOMENTUM) * mean,
            "variance": NORM_MOMENTUM * running["variance"] + (1 - NORM_MOMENTUM) * variance,
        }
    scale = layer["scale"] / jnp.sqrt(variance + NORM_EPSILON)
    return value * scale + (layer["shift"] - mean * scale), kept


@jax.jit
def _outputs(parameters: Tree, statistics: Tree, images: jax.Array) -> jax.Array:
    return forward(parameters, statistics, images, None)[0]


def logits(parameters: Tree, statistics: Tree, pixels: Pixels) -> NDArray[np.float64]:
    """Return (n,) logits, positive is bona fide, of (n, height, width, 3) uint8 RGB."""
    parts = [np.empty(0)]
    for start in range(0, len(pixels), PREDICT_BATCH):
        part = pixels[start : start + PREDICT_BATCH]
        # Filled up to a power of two: every other number of rows would be compiled anew.
        size = max(LEAST_BATCH, 1 << (len(part) - 1).bit_length())
        filled = np.zeros((size, *part.shape[1:]), np.uint8)
        filled[: len(part)] = part
        found = _outputs(parameters, statistics, as_real(filled))
        outputs = np.asarray(found, np.float64)[: len(part)]
        parts.append(outputs[:, 1] - outputs[:, 0])
    return np.concatenate(parts)


def as_real(pixels: Pixels) -> jax.Array:
    """Pixels 0..255 as the network takes them."""
    return jnp.asarray(pixels, jnp.float32) / 255


def count_parameters(parameters: Tree, statistics: Tree) -> int:
    """Numbers in the network, running statistics included."""
    return sum(leaf.size for leaf in jax.tree.leaves((parameters, statistics)))
