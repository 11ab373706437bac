"""Training on made-up features: what is learnt, measured, refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from countenance.datasets.manifest import Kind, Presentation
from countenance.evaluation.pad_report import pad_report
from countenance.pad.species import PaiSpecies
from countenance.training.errors import TrainingDataError
from countenance.training.features import FeatureTable
from countenance.training.lessons import Lessons, Teaching
from countenance.training.pad import check_presentations, sample_weights, train_heads
from countenance.training.pad_turns import by_source
from countenance.vision.pad_card import PadView

FRAME, CROP = PadView.FULL_FRAME, PadView.TIGHT_CROP


def shown(index: int, source: str, species: PaiSpecies | None) -> Presentation:
    return Presentation(Path(f"{index}.jpg"), source, "", species)


def made_up(*, signal: float, tell_tale: float = 0.0) -> tuple[list[Presentation], FeatureTable]:
    """Six sources of ten bona fide and ten attacks, a feature of signal and one that misleads.

    Args:
        signal: distance of the classes, in deviations, the same everywhere.
        tell_tale: distance of the classes on a feature that tells the opposite at every other
            source.
    """
    rng = np.random.default_rng(8)
    presentations, rows = [], []
    for source in range(6):
        for index in range(20):
            is_attack = index % 2 == 1
            species = PaiSpecies.REPLAY if is_attack else None
            presentations.append(shown(len(presentations), f"s{source}", species))
            row = rng.normal(size=(2, 8))
            row[:, 0] += signal * (-1 if is_attack else 1) / 2
            row[:, 1] += tell_tale * (-1) ** source * (-1 if is_attack else 1)
            rows.append(row)
    count = len(presentations)
    owner = np.repeat(np.arange(count), 2)
    bona_fide = np.array([p.is_bona_fide for p in presentations])[owner]
    view = np.tile([FRAME.value, CROP.value], count)
    features = np.concatenate(rows).astype(np.float32)
    return presentations, FeatureTable(features, owner, view, np.zeros(2 * count, int), bona_fide)


def test_a_signal_shared_by_all_sources_is_found() -> None:
    presentations, table = made_up(signal=6)
    trained = train_heads(presentations, table, turns=by_source(presentations, folds=3))
    report = pad_report(trained.scores["fused"], threshold=trained.threshold)
    assert report.eer < 0.05
    assert report.at.bpcer.value < 0.1
    assert sum(trained.weights.values()) == pytest.approx(1)


def taught(table: FeatureTable, view: PadView) -> Teaching:
    """A teacher that looks at the sixth feature of a view, of which the labels tell nothing."""
    rows = table.view == view
    features = table.features[rows]
    told = 8 * features[:, 5].astype(float)
    return Teaching(table, told, Lessons(features, told, table.owner[rows]))


@pytest.mark.parametrize("view", [FRAME, CROP])
def test_a_teacher_tells_what_the_labels_do_not(view: PadView) -> None:
    presentations, table = made_up(signal=3)
    turns = by_source(presentations, folds=3)
    alone, helped = (
        train_heads(presentations, table, turns=turns, teaching=teaching).heads[view].folded()[0]
        for teaching in (None, taught(table, view))
    )
    assert helped[5] / helped[0] > alone[5] / alone[0] + 0.02


def test_a_teacher_without_an_answer_changes_nothing() -> None:
    presentations, table = made_up(signal=3)
    turns = by_source(presentations, folds=3)
    nothing = Lessons(table.features[:0], np.empty(0), table.owner[:0])
    silent = Teaching(table, np.full(len(presentations), np.nan), nothing)
    alone = train_heads(presentations, table, turns=turns)
    helped = train_heads(presentations, table, turns=turns, teaching=silent)
    assert helped.scores == alone.scores


def test_what_tells_the_classes_apart_in_one_source_alone_is_not_counted_as_skill() -> None:
    presentations, table = made_up(signal=0, tell_tale=8)
    trained = train_heads(presentations, table, turns=by_source(presentations, folds=6))
    report = pad_report(trained.scores["fused"], threshold=trained.threshold)
    assert report.eer > 0.5


def test_the_written_heads_agree_with_the_calibration_of_the_held_out_ones() -> None:
    presentations, table = made_up(signal=6)
    trained = train_heads(presentations, table, turns=by_source(presentations, folds=3))
    rows = table.view == FRAME
    logits = trained.heads[FRAME].logits(table.features[rows])
    held_out = [entry.bona_fide_score or 0.0 for entry in trained.scores[FRAME.value]]
    assert np.corrcoef(1 / (1 + np.exp(-logits)), held_out)[0, 1] > 0.95


def test_crops_alone_make_a_detector_of_one_view() -> None:
    presentations, table = made_up(signal=6)
    presentations = [
        Presentation(p.path, p.source, p.subject, p.species, Kind.TIGHT_CROP) for p in presentations
    ]
    rows = table.view == CROP
    crops = FeatureTable(
        table.features[rows],
        table.owner[rows],
        table.view[rows],
        table.variant[rows],
        table.is_bona_fide[rows],
    )
    trained = train_heads(presentations, crops, turns=by_source(presentations, folds=3))
    assert dict(trained.weights) == {CROP: 1.0}
    assert len(trained.scores["fused"]) == len(presentations)


@pytest.mark.parametrize(
    ("presentations", "said"),
    [
        ([], "no images"),
        ([shown(0, "a", None)], "only bona fide"),
        ([shown(0, "a", PaiSpecies.PRINT)], "only attacks"),
        ([Presentation(Path("c.mp4"), "a", "", None, Kind.CLIP)], "no images"),
    ],
)
def test_an_empty_or_one_sided_set_is_refused(presentations: list[Presentation], said: str) -> None:
    with pytest.raises(TrainingDataError, match=said):
        check_presentations(presentations)


def test_classes_weigh_the_same_however_unequal_their_counts() -> None:
    bona_fide = np.array([True] * 3 + [False] * 90)
    sources = np.array(["a", "b", "c"] + ["a"] * 90)
    weights = sample_weights(sources, bona_fide, np.zeros(93, bool))
    assert weights[bona_fide].sum() == pytest.approx(weights[~bona_fide].sum())


def test_a_synthetic_row_weighs_a_quarter_of_its_peers() -> None:
    synthetic = np.array([False, False, True, True, False])
    bona_fide = np.array([False, False, False, False, True])
    weights = sample_weights(np.array(["a"] * 5), bona_fide, synthetic)
    assert weights[2] == pytest.approx(weights[0] / 4)


def test_a_kind_that_is_drawn_more_often_does_not_drown_another() -> None:
    drawn = np.array([4] * 8 + [5] * 2 + [0])
    bona_fide = np.array([False] * 10 + [True])
    weights = sample_weights(np.array(["a"] * 11), bona_fide, drawn)
    assert weights[:8].sum() == pytest.approx(2 * weights[8:10].sum())


def test_sources_weigh_the_same_where_all_of_it_is_evened_out() -> None:
    bona_fide = np.array([True, *[False] * 12])
    sources = np.array(["a", *["a"] * 9, *["b"] * 3])
    weights = sample_weights(sources, bona_fide, np.zeros(13, bool), evenness=1.0)
    assert weights[1:10].sum() == pytest.approx(weights[10:].sum())
