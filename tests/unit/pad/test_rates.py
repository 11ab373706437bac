"""Error rates against hand counts and published intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.pad.rates import (
    apcer,
    auc,
    bpcer,
    equal_error_rate,
    operating_point,
    threshold_at_bpcer,
)
from countenance.pad.species import PaiSpecies, parse_species

BONA_FIDE = np.array([0.9, 0.8, 0.7, 0.2])
ATTACKS = np.array([0.1, 0.3, 0.75, 0.05, 0.05])


def test_bpcer_counts_bona_fide_scores_below_the_threshold_and_not_those_at_it() -> None:
    assert bpcer(BONA_FIDE, threshold=0.7).errors == 1


def test_apcer_counts_attack_scores_at_the_threshold_too() -> None:
    assert apcer(ATTACKS, threshold=0.3).errors == 2


def test_the_headline_is_the_worst_species_and_not_the_mean() -> None:
    point = operating_point(
        BONA_FIDE,
        {PaiSpecies.PRINT: np.array([0.9, 0.1]), PaiSpecies.REPLAY: np.zeros(98)},
        threshold=0.5,
    )
    assert point.apcer_worst == 0.5
    assert point.apcer[PaiSpecies.REPLAY].value == 0.0


def test_the_threshold_at_a_bpcer_never_refuses_more_than_asked() -> None:
    scores = np.linspace(0, 1, 40)
    for target in (0.0, 0.05, 0.1, 0.5):
        threshold = threshold_at_bpcer(scores, target=target)
        assert bpcer(scores, threshold=threshold).value <= target


def test_auc_is_the_share_of_pairs_in_order_with_ties_as_halves() -> None:
    pairs = [(b > a) + 0.5 * (b == a) for b in BONA_FIDE for a in ATTACKS]
    assert auc(BONA_FIDE, ATTACKS) == pytest.approx(np.mean(pairs))


def test_separated_scores_have_no_equal_error() -> None:
    eer, threshold = equal_error_rate(np.array([0.8, 0.9]), np.array([0.1, 0.2]))
    assert eer == 0.0
    assert 0.2 < threshold <= 0.8


def test_scores_of_one_distribution_have_an_equal_error_of_a_half() -> None:
    scores = np.arange(1000) / 1000
    assert equal_error_rate(scores, scores)[0] == pytest.approx(0.5, abs=0.001)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.lists(st.floats(0, 1), min_size=1))
def test_eer_and_auc_stay_between_0_and_1(bona_fide: list[float], attacks: list[float]) -> None:
    eer, _ = equal_error_rate(np.array(bona_fide), np.array(attacks))
    assert 0 <= eer <= 1
    assert 0 <= auc(np.array(bona_fide), np.array(attacks)) <= 1


@pytest.mark.parametrize(
    ("text", "species"),
    [
        ("print", PaiSpecies.PRINT),
        (" Replay_Phone ", PaiSpecies.REPLAY_PHONE),
        ("", PaiSpecies.UNKNOWN),
        ("hologram", PaiSpecies.UNKNOWN),
    ],
)
def test_a_species_without_a_name_of_ours_is_unknown(text: str, species: PaiSpecies) -> None:
    assert parse_species(text) is species
