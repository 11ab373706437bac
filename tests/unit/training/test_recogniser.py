"""The whole of training on drawn features: names, strangers, thresholds, plain comparison."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from countenance.training.errors import TrainingDataError
from countenance.training.heads import HeadPlan
from countenance.training.recogniser import TrainedRecogniser, head_count, train_recogniser
from countenance.training.recogniser_features import Seen
from countenance.training.recogniser_pictures import Picture
from countenance.training.recogniser_sides import Sides
from countenance.training.recogniser_threshold import named_across_halves, open_set_threshold
from countenance.vision.recogniser_card import UNKNOWN

DIMENSIONS = 24


def drawn(person: str, identity: str, count: int, *, spread: float = 0.12) -> list[Seen]:
    """Embeddings around a direction of its own for each identity."""
    rng = np.random.default_rng([*identity.encode()])
    centre = rng.standard_normal(DIMENSIONS)
    found = []
    for number in range(count):
        values = centre / np.linalg.norm(centre) + rng.normal(0, spread, DIMENSIONS)
        embedding = (values / np.linalg.norm(values)).astype(np.float32)
        path = Path(identity, f"{number}.jpg")
        picture = Picture(path, person, f"{identity}/{number // 2}", str(path))
        mark = rng.integers(0, 256, 32, dtype=np.uint8)
        found.append(Seen(picture, str(path), embedding, embedding, 0.5, mark))
    return found


def sides(people: int, *, strangers: int = 0, spread: float = 0.12) -> Sides:
    training, validation, names = [], [], [f"p{n}" for n in range(people)]
    for name in names:
        own = drawn(name, name, 12, spread=spread)
        training += own[:8]
        validation += own[8:]
    for n in range(strangers):
        (training if n % 2 else validation).extend(drawn(UNKNOWN, f"s{n}", 4, spread=spread))
    return Sides(tuple(names), tuple(training), tuple(validation), (), 0, 0)


def train(data: Sides, work: Path, **options: float) -> TrainedRecogniser:
    return train_recogniser(
        data,
        plan=HeadPlan(epochs=40, learning_rate=0.02, batch_size=16),
        unknown_rate=options.get("unknown_rate", 0.05),
        match_similarity=0.6,
        work=work,
    )


def test_people_are_named_and_strangers_are_not(tmp_path: Path) -> None:
    trained = train(sides(5, strangers=20), tmp_path)
    assert trained.classes == ("p0", "p1", "p2", "p3", "p4", UNKNOWN)
    known = trained.recogniser.truth >= 0
    assert trained.recogniser.is_right[known].mean() > 0.9
    assert trained.recogniser.is_named[~known].mean() < 0.1
    assert np.array_equal(trained.recogniser.truth, trained.plain.truth)
    assert trained.plain.is_right[known].mean() > 0.9
    assert "20 pictures of the list and 40 of other people" in trained.threshold_data


def test_without_strangers_people_left_out_stand_for_them(tmp_path: Path) -> None:
    data = sides(6)
    trained = train(data, tmp_path)
    assert trained.classes == data.people
    assert head_count(data) == 6
    truth, rows = trained.recogniser.truth, len(data.validation)
    assert (truth[:rows] >= 0).all()
    assert (truth[rows:] == -1).all()
    # A head or template that knew the person would find it every time.
    own = trained.recogniser.truth[:rows]
    assert (trained.recogniser.best[rows:] != own).all()
    assert (trained.plain.best[rows:] != own).all()
    assert "in 5 turns" in trained.threshold_data


def test_two_people_and_nobody_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="--unknown"):
        train(sides(2), tmp_path)


def test_two_people_and_strangers_do(tmp_path: Path) -> None:
    assert train(sides(2, strangers=6), tmp_path).classes == ("p0", "p1", UNKNOWN)


def test_plain_comparison_is_the_nearest_mean_at_the_threshold(tmp_path: Path) -> None:
    data = sides(3, strangers=4)
    trained = train(data, tmp_path)
    means = np.stack(
        [
            np.mean([s.embedding for s in data.training if s.picture.person == p], axis=0)
            for p in data.people
        ]
    )
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    first = data.known(data.validation)[0]
    similarities = means @ first.embedding
    assert trained.plain.best[0] == similarities.argmax()
    assert trained.plain.score[0] == pytest.approx(similarities.max(), abs=1e-6)
    assert trained.plain.is_named.tolist() == (trained.plain.score >= 0.6).tolist()


def test_other_pictures_do_not_go_on_from_a_stopped_run(tmp_path: Path) -> None:
    train(sides(3, strangers=4, spread=0.2), tmp_path)
    again = train(sides(3, strangers=4), tmp_path)
    (tmp_path / "fresh").mkdir()
    fresh = train(sides(3, strangers=4), tmp_path / "fresh")
    assert np.array_equal(again.head.layers[0][0], fresh.head.layers[0][0])


@pytest.mark.parametrize(
    ("known", "unknown", "rate", "low", "high"),
    [
        ([0.9] * 20, [0.1, 0.2], 0.0, 0.5, 0.6),  # half of the way up
        ([0.3] * 20, [0.1, 0.5], 0.0, 0.5, 0.51),  # no room: just above the unknown
        ([], [0.1, 0.5], 0.0, 0.5, 0.51),
        ([0.9] * 20, [0.1] * 9 + [0.95], 0.1, 0.1, 0.51),  # one of ten may be named
        ([0.9], [1.0], 0.0, 1.0, 1.0),  # never above what a probability can reach
    ],
)
def test_the_threshold_keeps_strangers_out_and_a_margin(
    known: list[float], unknown: list[float], rate: float, low: float, high: float
) -> None:
    found = open_set_threshold(np.array(known), np.array(unknown), unknown_rate=rate)
    assert low <= found <= high


def test_no_picture_takes_part_in_the_threshold_that_judges_it() -> None:
    score = np.array([0.9, 0.9, 0.1, 0.6])
    unknown = np.array([False, False, True, True])
    half = np.array([True, False, True, False])
    named = named_across_halves(score, ~unknown, unknown, half, unknown_rate=0.0)
    # The stranger with 0.6 is judged where the other half's stranger reached 0.1: half way, 0.5.
    assert named.tolist() == [True, True, False, True]
