"""The report counts what it should and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from countenance.datasets.errors import DatasetError
from countenance.datasets.manifest import Kind, Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.evaluation.pad_measurement import Protocol, familiar, measure
from countenance.evaluation.pad_report import pad_report, worst_species
from countenance.evaluation.pad_scatter import scatter_over_sources
from countenance.pad.species import PaiSpecies


def entry(
    score: float | None,
    species: PaiSpecies | None = None,
    *,
    source: str = "a",
    subject: str = "",
    is_capture: bool = True,
) -> ScoredPresentation:
    shown = Presentation(Path("x.jpg"), source, subject, species, is_capture=is_capture)
    return ScoredPresentation(shown, score)


SCORES = [
    entry(0.9),
    entry(0.8),
    entry(0.4, source="b", subject="ada"),
    entry(0.1, is_capture=False),  # a web photo: would be a refused bona fide
    entry(None),  # no face
    entry(0.95, PaiSpecies.PRINT, source="b", subject="ada"),
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


def test_acer_is_the_mean_of_bpcer_and_the_worst_apcer() -> None:
    assert pad_report(SCORES, threshold=0.5).at.acer == pytest.approx((1 / 3 + 1 / 2) / 2)


def test_each_source_is_told_apart_and_may_lack_a_class() -> None:
    report = pad_report([*SCORES, entry(0.7, source="c")], threshold=0.5)
    assert report.per_source["a"].as_dict()["bpcer"] == 0.0
    assert report.per_source["b"].as_dict()["apcer"] == 0.5
    assert report.per_source["c"].apcer is None
    assert report.per_source["c"].eer is None


def test_subjects_are_told_apart_and_unknown_people_are_left_out() -> None:
    report = pad_report(SCORES, threshold=0.5)
    assert set(report.per_subject) == {"ada"}
    assert report.per_subject["ada"].errors == 2


def test_presentations_without_a_face_are_counted_by_class() -> None:
    report = pad_report([*SCORES, entry(None, PaiSpecies.PRINT)], threshold=0.5)
    values = report.as_dict()
    assert (values["no_face"], values["no_face_bona_fide"]) == (2, 1)
    assert values["no_face_attack"] == {"print": 1}


def test_a_share_finer_than_the_presentations_allow_is_told_as_null() -> None:
    bona_fide = [entry(0.5 + 0.01 * n) for n in range(20)]
    attacks = [entry(0.1, PaiSpecies.PRINT), entry(0.505, PaiSpecies.PRINT)]
    values = pad_report([*bona_fide, *attacks], threshold=0.5).as_dict()
    assert values["apcer_at_bpcer"] == {"0.01": None, "0.05": {"print": 0.0}, "0.10": {"print": 0}}
    assert values["threshold_at_bpcer"] == {"0.01": None, "0.05": 0.51, "0.10": 0.52}
    assert values["apcer_worst_at_bpcer"] == {"0.01": None, "0.05": 0.0, "0.10": 0.0}


def test_the_values_are_plain_and_named_as_documented() -> None:
    values = json.loads(json.dumps(pad_report(SCORES, threshold=0.5).as_dict(), allow_nan=False))
    promised = {"n_bona_fide", "n_attack", "no_face", "threshold", "bpcer", "apcer_worst", "eer"}
    assert promised | {"auc", "apcer", "per_source"} <= set(values)
    assert set(values["per_source"]["a"]) >= {"eer", "bpcer", "apcer"}
    assert values["apcer"] == {"print": 0.5, "replay_phone": 0.0}


def test_a_card_that_takes_the_figures_names_no_subject() -> None:
    assert "ada" not in json.dumps(pad_report(SCORES, threshold=0.5).as_dict())


def test_one_class_gives_no_report() -> None:
    with pytest.raises(ValueError, match="bona fide and attack"):
        pad_report([entry(0.9), entry(None, PaiSpecies.PRINT)], threshold=0.5)


def test_a_measurement_of_one_class_is_refused_with_a_remedy() -> None:
    with pytest.raises(DatasetError, match="full_frame"):
        measure(
            [entry(0.9)], detector="d/1", kind=Kind.FULL_FRAME, protocol=Protocol.DETECTOR,
            threshold=0.5,
        )  # fmt: skip


def test_sources_that_the_card_lists_as_training_data_are_told() -> None:
    shown = [scored.presentation for scored in SCORES]
    met = familiar({"sources": {"b": {"full_frame/print": 2}, "z": {}}}, shown)
    assert (met.sources, met.presentations) == (("b",), 3)
    assert not familiar({}, shown).is_any


def test_presentations_without_a_source_are_not_taken_for_training_data() -> None:
    shown = [entry(0.9, source="").presentation]
    assert not familiar({"sources": {"": {}}}, shown).is_any


def test_errors_of_one_source_alone_widen_the_interval_over_sources() -> None:
    """Ten refused frames of one camera say less than ten refused ones of ten cameras."""
    together = [entry(0.1 if at == 0 else 0.9, source=f"s{at}") for at in range(10)] * 10
    apart = [entry(0.1 if turn == at else 0.9, source=f"s{at}")
             for turn in range(10) for at in range(10)]  # fmt: skip
    attacks = [entry(0.0, PaiSpecies.PRINT, source=f"s{at}") for at in range(10)]
    wide = scatter_over_sources([*together, *attacks], threshold=0.5).bpcer
    narrow = scatter_over_sources([*apart, *attacks], threshold=0.5).bpcer
    assert wide is not None
    assert wide.high - wide.low > 0.2
    assert narrow is None  # every source errs alike: drawing others changes nothing


def test_one_source_tells_no_scatter_over_sources() -> None:
    scatter = scatter_over_sources([entry(0.9), entry(0.1, PaiSpecies.PRINT)], threshold=0.5)
    assert (scatter.eer, scatter.bpcer) == (None, None)
