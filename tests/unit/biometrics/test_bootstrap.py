"""A draw of people gives the rates of the comparisons that these people would have made."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.biometrics.bootstrap import Comparisons, _Weigher, bootstrap
from countenance.biometrics.everyone import compare_everyone, listed_scores, next_up
from countenance.biometrics.rates import operating_point
from countenance.biometrics.trade_off import trade_off

PEOPLE = np.repeat(np.arange(6), 2).astype(np.int32)
THRESHOLD = 0.3


def compared(*, seed: int = 5, kept: int | None = None) -> tuple[Comparisons, np.ndarray]:
    random = np.random.default_rng(seed)
    centres = random.normal(size=(6, 4))
    rows = centres[PEOPLE] + 0.9 * random.normal(size=(12, 4))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    mated = np.einsum("nd,nd->n", rows[::2], rows[1::2])
    order = np.argsort(mated)
    points = np.concatenate((mated, next_up(mated), np.array([THRESHOLD, 0.31], np.float32)))
    points = np.append(points, np.nextafter(np.float32(THRESHOLD), np.float32(1)))
    scores = compare_everyone(rows, PEOPLE, points=points, kept=kept)
    return Comparisons(mated[order], order.astype(np.int32), scores, PEOPLE), rows


@given(st.lists(st.integers(0, 3), min_size=6, max_size=6), st.integers(0, 20))
def test_weights_count_as_copies_of_people_do(weights: list[int], seed: int) -> None:
    whole, rows = compared(seed=seed)
    copies = [(person, copy) for person in range(6) for copy in range(weights[person])]
    mated = [float(rows[2 * p] @ rows[2 * p + 1]) for p, _ in copies]
    non_mated = [
        float(rows[a] @ rows[b])
        for i, (p, _) in enumerate(copies)
        for q, _ in copies[i + 1 :]
        if p != q
        for a in (2 * p, 2 * p + 1)
        for b in (2 * q, 2 * q + 1)
    ]
    drawn = _Weigher(whole, THRESHOLD)(np.array(weights))
    if not mated or not non_mated:
        assert drawn is None
        return
    assert drawn is not None
    told, fmr, fnmr = drawn
    plain = trade_off(np.array(mated), np.array(non_mated))
    assert told.area_under_curve() == pytest.approx(plain.area_under_curve())
    for rate in (0.05, 0.2):
        assert told.fnmr_at_fmr(rate) == pytest.approx(plain.fnmr_at_fmr(rate))
    at = operating_point(np.array(mated), np.array(non_mated), threshold=THRESHOLD)
    assert (fmr, fnmr) == (pytest.approx(at.fmr), pytest.approx(at.fnmr))


def test_everybody_once_is_what_was_counted() -> None:
    whole, _ = compared()
    drawn = _Weigher(whole, THRESHOLD)(np.ones(6, np.int64))
    assert drawn is not None
    assert drawn[0].equal_error_rate() == whole.trade_off().equal_error_rate()
    assert drawn[0].fmr_at == pytest.approx(whole.trade_off().fmr_at)


def test_what_was_not_kept_is_counted_all_the_same() -> None:
    """With everybody once, keeping only the top changes nothing."""
    whole, few = compared()[0].trade_off(), compared(kept=5)[0]
    assert few.trade_off().fmr_at == pytest.approx(whole.fmr_at)
    drawn = _Weigher(few, THRESHOLD)(np.ones(6, np.int64))
    assert drawn is not None
    assert drawn[0].fmr_at == pytest.approx(whole.fmr_at)


def test_the_same_seed_draws_the_same_people() -> None:
    whole, _ = compared()
    once, again = (
        bootstrap(whole, threshold=THRESHOLD, rates=[0.1], replicates=20) for _ in range(2)
    )
    assert np.array_equal(once.eer, again.eer)
    assert once.fnmr_at_fmr.shape == (20, 1)
    assert ((once.auc >= 0) & (once.auc <= 1)).all()
    assert once.auc.std() > 0


def test_draws_of_one_person_alone_tell_nothing() -> None:
    scores = listed_scores(
        np.array([0.1], np.float32), np.array([0], np.int32), np.array([2], np.int32)
    )
    pair = Comparisons(
        np.array([0.8], np.float32), np.array([0], np.int32), scores,
        np.array([0, 0, 1], np.int32),
    )  # fmt: skip
    drawn = bootstrap(pair, threshold=0.5, rates=[], replicates=50)
    # Both people have to be drawn, and of two people that happens in half of the draws.
    assert 0 < np.isnan(drawn.eer).sum() < 50
