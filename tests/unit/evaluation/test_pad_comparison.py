"""Two detectors are compared where they differ, and chance is not taken for a difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from countenance.datasets.manifest import Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.evaluation.pad_comparison import PairedRate, paired_rates
from countenance.pad.species import PaiSpecies


def scores(values: list[float | None], species: PaiSpecies | None) -> list[ScoredPresentation]:
    return [
        ScoredPresentation(Presentation(Path(f"{species}{at}"), "s", "", species), value)
        for at, value in enumerate(values)
    ]


def compared(
    old: list[float | None], new: list[float | None], *, species: PaiSpecies | None = None
) -> PairedRate:
    (told,) = paired_rates(
        scores(old, species), scores(new, species), old_threshold=0.5, new_threshold=0.5
    )
    return told


def test_many_new_errors_where_the_old_one_was_right_are_worse() -> None:
    told = compared([0.9] * 40, [0.1] * 8 + [0.9] * 32)
    assert (told.name, told.old.errors, told.new.errors) == ("BPCER", 0, 8)
    assert told.is_worse
    # (2 * Clopper-Pearson lower end of 8 in 8 - 1) * 8 / 40
    assert told.difference.low == pytest.approx((2 * 0.6306 - 1) * 0.2, abs=1e-4)


def test_few_new_errors_are_no_more_than_chance() -> None:
    assert not compared([0.9] * 40, [0.1] * 5 + [0.9] * 35).is_worse


def test_errors_that_the_old_one_makes_elsewhere_weigh_against_new_ones() -> None:
    told = compared([0.1] * 8 + [0.9] * 32, [0.9] * 8 + [0.1] * 10 + [0.9] * 22)
    assert not told.is_worse
    assert told.difference.low < 0 < told.difference.high


def test_an_attack_that_passes_is_the_error_of_its_species() -> None:
    told = compared([0.1] * 20, [0.9] * 20, species=PaiSpecies.REPLAY_PHONE)
    assert told.name == "APCER, replay, phone"
    assert told.new.value == 1.0
    assert told.is_worse


def test_a_presentation_that_one_of_them_could_not_judge_counts_for_neither() -> None:
    told = compared([0.9, None, 0.9], [0.9, 0.1, None])
    assert (told.old.total, told.new.total) == (1, 1)


def test_equal_answers_differ_by_nothing() -> None:
    told = compared([0.9, 0.1], [0.8, 0.2])
    assert (told.difference.low, told.difference.high) == (0.0, 0.0)


def test_other_presentations_are_refused() -> None:
    with pytest.raises(ValueError, match="same presentations"):
        paired_rates(
            scores([0.9], None), scores([0.9], PaiSpecies.PRINT),
            old_threshold=0.5, new_threshold=0.5,
        )  # fmt: skip
