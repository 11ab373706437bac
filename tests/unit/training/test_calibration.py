"""What held-out scores say on a detector's card of cameras that will be known."""

from __future__ import annotations

from pathlib import Path

import pytest

from countenance.datasets.manifest import Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.pad.calibration import score_of
from countenance.pad.species import PaiSpecies
from countenance.training.calibration import bona_fide_centre, shift_bounds


def shown(source: str, log_odds: float, species: PaiSpecies | None) -> ScoredPresentation:
    return ScoredPresentation(Presentation(Path("x"), source, "", species), score_of(log_odds))


PEOPLE = [shown(f"site{place % 5}", 2.0 + 0.1 * place, None) for place in range(40)]
PRINTS = [shown("site0", -1.0 - 0.1 * place, PaiSpecies.PRINT) for place in range(50)]


def test_bounds_are_those_of_people_and_of_each_species() -> None:
    found = shift_bounds([*PEOPLE, *PRINTS], threshold=0.5)
    assert found.fall == pytest.approx(1.3, abs=0.003), "three of 50 may pass, the fourth not"
    assert found.rise == pytest.approx(2.3, abs=0.003), "three of 40 may be refused"


def test_a_presentation_without_a_score_or_species_is_no_gap_in_the_count() -> None:
    lost = ScoredPresentation(PRINTS[0].presentation, None)
    assert shift_bounds([*PEOPLE, *PRINTS, lost], threshold=0.5).fall > 1
    unknown = shown("site0", -0.05, PaiSpecies.UNKNOWN)
    assert shift_bounds([*PEOPLE, *PRINTS, unknown], threshold=0.5).fall == 0


def test_what_is_expected_is_the_middle_of_the_sources() -> None:
    assert bona_fide_centre([*PEOPLE, *PRINTS]) == pytest.approx(3.95, abs=0.1)
