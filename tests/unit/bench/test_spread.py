"""Medians, ratios and whose turn it is."""

from collections import Counter

import numpy as np
import pytest

from countenance.bench.peers.catalogue import PeerName
from countenance.bench.rounds import block, turns
from countenance.bench.side_by_side import SideBySide
from countenance.bench.spread import ratio_of, spread_of


def test_the_spread_is_the_median_between_its_quartiles() -> None:
    assert spread_of([5, 1, 2, 4, 3]).rounded() == (3, 2, 4)


def test_one_outlier_does_not_move_the_median() -> None:
    assert spread_of([10, 10, 10, 10, 9000]).median == 10


def test_nothing_measured_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing"):
        spread_of([])


def test_a_constant_ratio_has_no_spread_although_rounds_differ() -> None:
    ours = [1.0, 2.0, 8.0, 3.0, 1.5]
    ratio = ratio_of([20 * value for value in ours], ours)
    assert ratio.rounded() == (20, 20, 20)


def test_the_interval_of_a_ratio_holds_it_and_shrinks_with_rounds() -> None:
    rng = np.random.default_rng(1)

    def width(rounds: int) -> float:
        slow, fast = rng.normal(100, 5, rounds), rng.normal(10, 0.5, rounds)
        ratio = ratio_of(slow.tolist(), fast.tolist())
        assert ratio.low <= ratio.median <= ratio.high
        assert ratio.low < 10 < ratio.high
        return ratio.high - ratio.low

    assert width(400) < width(12)


def test_the_same_measurements_give_the_same_interval() -> None:
    series = ([3.0, 4.0, 5.0], [1.0, 2.0, 1.5])
    assert ratio_of(*series) == ratio_of(*series)


@pytest.mark.parametrize(("upper", "lower"), [([], []), ([1.0], [1.0, 2.0])])
def test_a_ratio_needs_both_sides_of_every_round(upper: list[float], lower: list[float]) -> None:
    with pytest.raises(ValueError, match="every round"):
        ratio_of(upper, lower)


def test_everybody_has_one_turn_in_every_round() -> None:
    order = list(turns(["a", "b", "c"], rounds=4))
    assert [number for number, _ in order] == [number for number in range(4) for _ in range(3)]
    assert Counter(order) == {(number, name): 1 for number in range(4) for name in "abc"}


def test_the_order_changes_and_is_the_same_for_the_same_seed() -> None:
    names = ["a", "b", "c", "d"]
    order = [name for _, name in turns(names, rounds=8)]
    assert len({tuple(order[start : start + 4]) for start in range(0, 32, 4)}) > 1
    assert order == [name for _, name in turns(names, rounds=8)]
    assert order != [name for _, name in turns(names, rounds=8, seed=1)]


@pytest.mark.parametrize(
    ("number", "length", "available", "expected"),
    [
        (0, 6, 18, range(6)),
        (2, 6, 18, range(12, 18)),
        (3, 6, 18, range(6)),  # the clip begins anew
        (1, 6, 10, range(6)),  # a rest too short for a round is left out
        (5, 4, 4, range(4)),
    ],
)
def test_rounds_take_consecutive_frames(
    number: int, length: int, available: int, expected: range
) -> None:
    assert block(number, length=length, available=available) == expected


def test_an_absent_peer_is_null_and_the_others_keep_their_keys() -> None:
    both = SideBySide(
        "image_ms",
        [10.0, 10.0],
        {PeerName.OPENCV: [20.0, 20.0]},
        [PeerName.SEEDS, PeerName.OPENCV],
    )
    assert both.as_json() == {
        "image_ms": 10,
        "seed_image_ms": None,
        "ratio_to_seed": None,
        "opencv_image_ms": 20,
        "ratio_to_opencv": 2,
        "spread": {
            "image_ms": [10, 10],
            "seed_image_ms": None,
            "ratio_to_seed": None,
            "opencv_image_ms": [20, 20],
            "ratio_to_opencv": [2, 2],
        },
    }
    table = both.markdown(heading="a photograph, ms").splitlines()
    assert table[0] == "| | a photograph, ms | times ours |"
    assert "not measured" in table[3]
    assert "2.00 (2.00 to 2.00)" in table[4]
