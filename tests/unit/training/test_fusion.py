"""A second opinion is mixed in by what other sources tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from countenance.datasets.manifest import Presentation
from countenance.pad.rates import auc
from countenance.pad.species import PaiSpecies
from countenance.training.fusion import SHARE, fit_mixture, mixed_scores

COUNT = 400
BONA_FIDE = np.arange(COUNT) % 2 == 0


def opinions(*, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    signs = np.where(BONA_FIDE, 1.0, -1.0)
    return signs + rng.normal(size=COUNT), scale * (signs + rng.normal(size=COUNT))


def shown(index: int) -> Presentation:
    species = None if BONA_FIDE[index] else PaiSpecies.PRINT
    return Presentation(Path(f"{index}.jpg"), f"s{index % 4}", "", species)


def test_two_opinions_tell_more_than_one_and_the_even_chance_is_even() -> None:
    own, second = opinions()
    mixture = fit_mixture(own, second, BONA_FIDE)
    scores = np.array([mixture.score(a, b) for a, b in zip(own, second, strict=True)])
    assert auc(scores[BONA_FIDE], scores[~BONA_FIDE]) > auc(own[BONA_FIDE], own[~BONA_FIDE])
    refused, passed = (scores[BONA_FIDE] < 0.5).mean(), (scores[~BONA_FIDE] >= 0.5).mean()
    assert abs(refused - passed) < 0.05


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_the_scale_of_a_second_opinion_is_its_own_affair(scale: float) -> None:
    own, second = opinions(scale=scale)
    mixture = fit_mixture(own, second, BONA_FIDE)
    assert mixture.second * scale / mixture.own == pytest.approx(SHARE, rel=0.25)


def test_a_source_is_mixed_by_the_others_alone() -> None:
    own, second = opinions()
    presentations = [shown(index) for index in range(COUNT)]
    fold_of = np.arange(COUNT) % 4
    everything = np.ones(COUNT, np.bool_)
    held = fold_of == 1

    def order(second: np.ndarray) -> list[int]:
        scores = mixed_scores(presentations, own, second, chosen=everything, fold_of=fold_of)
        return np.argsort(scores[held]).tolist()

    misleading = np.where(held & (np.arange(COUNT) != 1), -second, second)
    weight = fit_mixture(own[~held], second[~held], BONA_FIDE[~held])
    expected = (weight.own * own + weight.second * second)[held]
    assert order(second) == np.argsort(expected).tolist()
    # What the held source says of itself does not move the weight that it is mixed with.
    moved = (weight.own * own + weight.second * misleading)[held]
    assert order(misleading) == np.argsort(moved).tolist()


def test_what_lacks_an_opinion_has_no_score() -> None:
    own, second = opinions()
    second[5] = np.nan
    chosen = np.arange(COUNT) != 7
    scores = mixed_scores(
        [shown(index) for index in range(COUNT)], own, second,
        chosen=chosen, fold_of=np.arange(COUNT) % 4,
    )  # fmt: skip
    assert np.flatnonzero(np.isnan(scores)).tolist() == [5, 7]
