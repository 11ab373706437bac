"""Promised and counted rates of 1:N, on people whose faces are drawn at random."""

from __future__ import annotations

import numpy as np
import pytest

from countenance.biometrics.embeddings import Embedding, normalised
from countenance.errors import ConfigurationError
from countenance.evaluation.identification import Comparisons, check_promises, compare, tail_of


def crowd(people: int, *, pictures: int = 2, noise: float = 0.04) -> list[list[Embedding]]:
    """Pictures of one person lie near one another, people anywhere."""
    rng = np.random.default_rng(7)
    faces = rng.standard_normal((people, 128)) / np.sqrt(128)
    return [
        [normalised(face + rng.normal(0, noise, 128), pack="test/1") for _ in range(pictures)]
        for face in faces
    ]


@pytest.fixture(scope="module")
def comparisons() -> Comparisons:
    return compare(crowd(520))


def test_every_picture_is_compared_with_everybody_and_with_its_own_others(
    comparisons: Comparisons,
) -> None:
    assert comparisons.to_people.shape == (1040, 520)
    assert comparisons.non_mated(np.arange(520)).size == 1040 * 519
    assert comparisons.to_self.min() > 0.6
    assert comparisons.non_mated(np.array([3])).size == 0


def test_a_person_with_one_picture_has_no_mated_search() -> None:
    assert np.isnan(compare(crowd(2, pictures=1)).to_self).all()


def test_the_promised_rate_is_kept_on_other_people(comparisons: Comparisons) -> None:
    promises = check_promises(comparisons, sizes=(30, 200, 1000), verification=0.1, splits=10)
    assert {promise.enrolled for promise in promises} == {30, 200}, "1000 are not there"
    assert all(promise.fpir_interval[0] <= promise.fpir_target for promise in promises)
    counted = [promise for promise in promises if promise.fpir_target >= 0.01]
    assert all(promise.fpir <= 1.25 * promise.fpir_target for promise in counted)
    loose, strict = (
        next(p for p in promises if (p.enrolled, p.fpir_target) == (200, target))
        for target in (0.1, 0.001)
    )
    assert loose.fpir > 0.03, "the bound is not far from the truth"
    assert strict.threshold > loose.threshold
    assert strict.non_mated_searches == 520
    assert strict.mated_searches == 400
    assert strict.fnir == 0.0


def test_a_threshold_above_all_misses_everybody(comparisons: Comparisons) -> None:
    promise = check_promises(comparisons, sizes=(30,), verification=1.1, splits=2)[0]
    assert (promise.threshold, promise.fpir, promise.fnir) == (1.1, 0.0, 1.0)


def test_too_few_people_are_told() -> None:
    with pytest.raises(ConfigurationError, match=r"100,000 comparisons.*more people"):
        tail_of(compare(crowd(20)))
