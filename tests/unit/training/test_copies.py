"""Altered copies keep their shape, follow their seed, and change what they claim to change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from countenance.geometry.boxes import Box
from countenance.training import synthesis
from countenance.training.degradation import degrade, recompress, reshape_region, zoom_region
from countenance.training.face_crops import jitter
from countenance.training.synthesis import FaceInFrame, synthetic_paper_mask, synthetic_print

Draw = Callable[[FaceInFrame, FaceInFrame, np.random.Generator], NDArray[np.uint8]]


def scene(seed: int, *, x: float = 60.0) -> FaceInFrame:
    """Noise of one colour with a face marked in it."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 60, (120, 160, 3)).astype(np.uint8) + np.uint8(seed % 3 * 80)
    points = np.array([[12, 18], [28, 18], [20, 28], [14, 36], [26, 36]], np.float32)
    return FaceInFrame(pixels, Box(x, 40, x + 40, 90), points + np.float32([x, 40]))


def changes(shown: FaceInFrame, attack: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Grey levels by which each pixel changed."""
    return np.asarray(np.abs(attack.astype(int) - shown.pixels).mean(axis=2))


@pytest.mark.parametrize("draw", [synthetic_print, synthetic_paper_mask])
@pytest.mark.parametrize("x", [60.0, -10.0, 140.0])  # inside, and reaching over either edge
def test_paper_covers_the_face(draw: Draw, x: float) -> None:
    shown = scene(0, x=x)
    attack = draw(shown, scene(2), np.random.default_rng(4))
    assert attack.shape == shown.pixels.shape
    assert attack.dtype == np.uint8
    left, right = max(0, int(x) + 5), min(160, int(x) + 35)
    assert changes(shown, attack)[50:85, left:right].mean() > 50


def test_a_worn_mask_leaves_the_surroundings_alone() -> None:
    shown = scene(0)
    attack = synthetic_paper_mask(shown, scene(2), np.random.default_rng(4))
    assert changes(shown, attack)[:, :20].mean() < 15


@pytest.mark.parametrize("draw", [synthetic_print, synthetic_paper_mask])
def test_what_is_held_shows_a_hand_in_the_tone_of_the_face(
    draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = scene(0)
    shown.pixels[40:90, 60:100] = (30, 60, 200)  # cheeks of a colour that nothing else has
    seen = {}
    for share in (0, 1):
        monkeypatch.setattr(synthesis, "HELD", share)
        pictures = [draw(shown, scene(2), np.random.default_rng(seed)) for seed in range(6)]
        toned = [p.astype(int)[..., 2] - p.astype(int)[..., 0] > 60 for p in pictures]
        seen[share] = sum(int(t[:, :60].sum() + t[90:].sum()) for t in toned)
    assert seen[1] > seen[0] + 300


@pytest.mark.parametrize("draw", [synthetic_print, synthetic_paper_mask])
def test_the_same_seed_draws_the_same(draw: Draw) -> None:
    first, again = (draw(scene(0), scene(2), np.random.default_rng(9)) for _ in range(2))
    other = draw(scene(0), scene(2), np.random.default_rng(10))
    assert (first == again).all()
    assert (first != other).any()


def test_a_mask_on_collapsed_points_becomes_a_print() -> None:
    flat = scene(0)
    donor = FaceInFrame(flat.pixels, flat.box, np.full((5, 2), 7, np.float32))
    attack = synthetic_paper_mask(flat, donor, np.random.default_rng(1))
    assert attack.shape == flat.pixels.shape


def test_a_degraded_copy_has_less_detail() -> None:
    sharp = np.indices((64, 64)).sum(axis=0) % 2 * 255
    pixels = np.repeat(sharp[..., None], 3, axis=2).astype(np.uint8)
    for seed in range(5):
        copy = degrade(pixels, np.random.default_rng(seed))
        assert copy.shape == pixels.shape
        assert copy.std() < pixels.std()


@settings(max_examples=60, deadline=None)
@given(st.integers(8, 300), st.integers(8, 300), st.integers(0, 1000))
def test_a_copy_of_another_shape_is_that_of_a_camera_and_holds_the_face(
    width: int, height: int, seed: int
) -> None:
    pixels = np.zeros((height, width, 3), np.uint8)
    face = Box(width / 2 - 1, height / 2 - 1, width / 2 + 1, height / 2 + 1)
    region = reshape_region(pixels, face, np.random.default_rng(seed))
    assert region.of(pixels).shape[:2] == (region.height, region.width)
    assert region.left - 1 <= width / 2 <= region.left + region.width + 1
    assert region.top - 1 <= height / 2 <= region.top + region.height + 1
    if min(region.width, region.height) > 40:
        assert 0.73 < region.width / region.height < 1.82


def test_a_bent_print_is_dark_at_its_sides_and_a_cut_out_one_has_no_corners(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown, donor = scene(0), scene(2)
    plain, bent, cut = (
        _print_with(monkeypatch, shown, donor, bent=bent, cut_out=cut_out)
        for bent, cut_out in ((0, 0), (1, 0), (0, 1))
    )
    covered = [(changes(shown, attack) > 40).sum() for attack in (plain, cut)]
    assert covered[1] < 0.95 * covered[0]
    assert (bent != plain).any()
    assert changes(shown, bent)[55:80, 70:90].mean() > 40


def _print_with(
    monkeypatch: pytest.MonkeyPatch,
    shown: FaceInFrame,
    donor: FaceInFrame,
    *,
    bent: float,
    cut_out: float,
) -> NDArray[np.uint8]:
    monkeypatch.setattr(synthesis, "BENT", bent)
    monkeypatch.setattr(synthesis, "CUT_OUT", cut_out)
    return synthetic_print(shown, donor, np.random.default_rng(4))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.one_of(st.none(), st.tuples(st.floats(-50, 120), st.floats(-50, 120))),
    st.integers(0, 1000),
)
def test_a_zoom_lies_inside_the_frame_and_keeps_60_percent_of_it(
    width: int, height: int, at: tuple[float, float] | None, seed: int
) -> None:
    face = Box(at[0], at[1], at[0] + 20, at[1] + 20) if at else None
    pixels = np.zeros((height, width, 3), np.uint8)
    region = zoom_region(pixels, face, np.random.default_rng(seed))
    assert region.of(pixels).shape[:2] == (region.height, region.width)
    assert min(region.left, region.top) >= 0
    assert (region.width + 1) * (region.height + 1) >= 0.6 * width * height


def test_jitter_moves_crops_each_on_its_own() -> None:
    one = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    moved = jitter(np.stack([one, one]), np.random.default_rng(0))
    assert moved.shape == (2, 32, 32, 3)
    assert (moved[0] != moved[1]).any()


def test_recompression_keeps_a_flat_picture() -> None:
    flat = np.full((16, 16, 3), 90, np.uint8)
    assert np.abs(recompress(flat, 90).astype(int) - 90).max() <= 2
