from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.geometry.boxes import Box, intersection_over_union

edges = st.floats(-1000, 1000)
sides = st.floats(0.5, 500)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x, y = draw(edges), draw(edges)
    return Box(x, y, x + draw(sides), y + draw(sides))


@pytest.mark.parametrize(
    "corners",
    [
        (0, 0, 0, 5),  # no width
        (0, 5, 5, 0),  # upside down
        (0, 0, math.nan, 5),
        (0, 0, math.inf, 5),
    ],
)
def test_a_box_without_an_area_is_refused(corners: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="box"):
        Box(*corners)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (Box(0, 0, 2, 2), 1.0),
        (Box(1, 0, 3, 2), 1 / 3),
        (Box(1, 1, 3, 3), 1 / 7),
        (Box(2, 0, 4, 2), 0.0),  # touching edges share no area
        (Box(5, 5, 6, 6), 0.0),
    ],
)
def test_overlap_equals_the_hand_count(other: Box, expected: float) -> None:
    assert intersection_over_union(Box(0, 0, 2, 2), other) == pytest.approx(expected)


@given(boxes(), boxes())
def test_overlap_is_symmetric_and_between_0_and_1(a: Box, b: Box) -> None:
    overlap = intersection_over_union(a, b)
    assert overlap == pytest.approx(intersection_over_union(b, a))
    assert 0 <= overlap <= 1 + 1e-9


@given(boxes(), st.floats(0.1, 10))
def test_growing_keeps_the_centre_and_multiplies_the_sides(box: Box, factor: float) -> None:
    grown = box.grown(factor)
    assert grown.centre == pytest.approx(box.centre, abs=1e-6)
    assert grown.width_px == pytest.approx(box.width_px * factor, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("box", "share"),
    [
        (Box(0, 0, 10, 10), 1.0),
        (Box(-5, 0, 5, 10), 0.5),
        (Box(-5, -5, 5, 5), 0.25),
        (Box(200, 0, 210, 10), 0.0),
    ],
)
def test_share_inside_counts_the_area_within_the_frame(box: Box, share: float) -> None:
    assert box.share_inside(100, 100) == pytest.approx(share)
