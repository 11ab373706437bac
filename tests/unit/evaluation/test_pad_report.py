"""The report counts what it should and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from countenance.datasets.manifest import Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.evaluation.pad_report import pad_report, worst_species
from countenance.pad.species import PaiSpecies


def entry(
    score: float | None,
    species: PaiSpecies | None = None,
    *,
    source: str = "a",
    is_capture: bool = True,
) -> ScoredPresentation:
    shown = Presentation(Path("x.jpg"), source, "", species, is_capture=is_capture)
    return ScoredPresentation(shown, score)


SCORES = [
    entry(0.9),
    entry(0.8),
    entry(0.4, source="b"),
    entry(0.1, is_capture=False),  # a web photo: would be a refused bona fide
    entry(None),  # no face
    entry(0.95, PaiSpecies.PRINT, source="b"),
    entry(0.1, PaiSpecies.PRINT, source="b"),
    entry(0.2, PaiSpecies.REPLAY_PHONE),
]


def test_web_photos_and_pictures_without_a_face_are_kept_out_of_every_rate() -> None:
    report = pad_report(SCORES, threshold=0.5)
    assert (report.n_bona_fide, report.n_attack, report.no_face) == (3, 3, 1)
    assert (report.at.bpcer.errors, report.at.bpcer.total) == (1, 3)


def test_the_worst_species_is_the_headline() -> None:
    report = pad_report(SCORES, threshold=0.5)
    assert report.at.apcer_worst == 0.5
    assert worst_species(report) is PaiSpecies.PRINT


def test_each_source_is_told_apart_and_may_lack_a_class() -> None:
    report = pad_report([*SCORES, entry(0.7, source="c")], threshold=0.5)
    assert report.per_source["a"].bpcer == 0.0
    assert report.per_source["b"].apcer == 0.5
    assert report.per_source["c"].apcer is None
    assert report.per_source["c"].eer is None


def test_the_values_are_plain_and_named_as_documented() -> None:
    values = json.loads(json.dumps(pad_report(SCORES, threshold=0.5).as_dict(), allow_nan=False))
    promised = {"n_bona_fide", "n_attack", "no_face", "threshold", "bpcer", "apcer_worst", "eer"}
    assert promised | {"auc", "apcer", "per_source"} <= set(values)
    assert set(values["per_source"]["a"]) >= {"eer", "bpcer", "apcer"}
    assert values["apcer"] == {"print": 0.5, "replay_phone": 0.0}


def test_one_class_gives_no_report() -> None:
    with pytest.raises(ValueError, match="bona fide and attack"):
        pad_report([entry(0.9), entry(None, PaiSpecies.PRINT)], threshold=0.5)
