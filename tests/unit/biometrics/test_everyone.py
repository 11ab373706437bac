"""Everyone against everyone, in blocks, gives what a list of all comparisons gives."""

import numpy as np
import pytest

from countenance.biometrics import everyone
from countenance.biometrics.everyone import (
    compare_everyone,
    count_of_everyone,
    listed_scores,
    next_up,
    single_at_or_above,
)

PEOPLE = np.repeat(np.arange(20), 3).astype(np.int32)
POINTS = np.linspace(-1, 1, 41, dtype=np.float32)


def samples() -> everyone.Singles:
    rows = np.random.default_rng(3).normal(size=(60, 8))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def by_hand() -> list[tuple[float, int, int]]:
    rows = samples()
    return sorted(
        (
            (float(rows[a] @ rows[b]), a, b)
            for a in range(60)
            for b in range(a + 1, 60)
            if PEOPLE[a] != PEOPLE[b]
        ),
        reverse=True,
    )


@pytest.mark.parametrize("block", [61, 400, 10_000])
@pytest.mark.parametrize("kept", [1, 50, 10_000])
def test_the_highest_are_kept_and_all_are_counted(
    block: int, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everyone, "_BLOCK", block)
    done: list[int] = []
    found = compare_everyone(samples(), PEOPLE, points=POINTS, kept=kept, on_rows=done.append)
    expected = by_hand()
    assert found.total == len(expected) == 60 * 57 // 2
    assert sum(done) == 60
    assert found.similarities.size == min(kept, found.total)
    assert found.similarities == pytest.approx([e[0] for e in expected[:kept]], abs=1e-6)
    assert list(zip(found.first, found.second, strict=True)) == [e[1:] for e in expected[:kept]]
    counts = [sum(e[0] >= point for e in expected) for point in POINTS]
    assert found.counts.tolist() == counts
    assert found.count_at(POINTS).tolist() == counts


def test_below_what_was_kept_only_counted_points_are_answered() -> None:
    found = compare_everyone(samples(), PEOPLE, points=POINTS, kept=10)
    with pytest.raises(ValueError, match="not counted"):
        found.count_at(np.array([-0.123], np.float32))


def test_a_threshold_at_an_fmr_allows_that_many_and_no_more() -> None:
    found = compare_everyone(samples(), PEOPLE, points=POINTS)
    threshold = found.threshold_at_fmr(0.01)
    assert threshold is not None
    assert int((found.similarities >= threshold).sum()) == found.total // 100
    # One in a hundred thousand of 1,710 comparisons is none.
    assert found.threshold_at_fmr(1e-5) is None


def test_without_others_nothing_is_compared() -> None:
    found = compare_everyone(samples(), np.zeros(60, np.int32), points=POINTS)
    assert (found.total, found.similarities.size) == (0, 0)


def test_copies_of_a_person_are_not_compared_with_each_other() -> None:
    people = np.array([0, 0, 1, 2], np.int32)
    assert count_of_everyone(people) == 5
    # Person 0 twice, person 1 not at all, person 2 once: 4 samples against 1.
    assert count_of_everyone(people, weights=np.array([2, 0, 1])) == 4


def test_listed_comparisons_are_put_into_order() -> None:
    found = listed_scores(
        np.array([0.1, 0.9, 0.5], np.float32),
        np.array([0, 2, 4], np.int32),
        np.array([1, 3, 5], np.int32),
    )
    assert found.first.tolist() == [2, 4, 0]
    assert found.is_complete
    assert found.count_at(np.array([0.5, 0.95], np.float32)).tolist() == [2, 0]


@pytest.mark.parametrize("value", [0.412, 0.5, -0.3, 0.1])
def test_a_threshold_in_single_precision_is_never_lower(value: float) -> None:
    single = single_at_or_above(value)
    assert float(single[0]) >= value
    assert float(np.nextafter(single, np.float32(-np.inf))[0]) < value
    assert next_up(single)[0] > single[0]
