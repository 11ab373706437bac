"""Copies of faces as on a display."""

from __future__ import annotations

import numpy as np
import pytest

from countenance.training.recapture import LARGEST_PX, recapture


def bands(pixels: np.ndarray) -> float:  # type: ignore[type-arg]  # uint8 or float32
    """How unevenly the colour of an even picture changes from place to place."""
    opposed = pixels[..., 0].astype(float) - pixels[..., 2]
    return float(opposed.std())


def test_an_even_picture_gets_bands_of_colour_and_stays_in_size() -> None:
    even = np.full((96, 80, 3), 140, np.uint8)
    shown = [recapture(even, np.random.default_rng(seed)) for seed in range(8)]
    assert all(copy.shape == even.shape and copy.dtype == np.uint8 for copy in shown)
    assert np.median([bands(copy) for copy in shown]) > 2
    assert bands(even) == 0


def test_the_same_seed_gives_the_same_copy() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    first, again = (recapture(picture, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, again)


@pytest.mark.parametrize(
    ("size", "wanted"),
    [((400, 200), (LARGEST_PX, LARGEST_PX // 2)), ((2, 2), (2, 2)), ((3, 900), (2, LARGEST_PX))],
)
def test_every_size_is_taken(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    picture = np.full((*size, 3), 90, np.uint8)
    assert recapture(picture, np.random.default_rng(1)).shape[:2] == wanted
