"""Rates of a recogniser beside plain comparison, checked against hand counts."""

from __future__ import annotations

import json

import numpy as np
import pytest

from countenance.datasets.answers import Answers
from countenance.evaluation.recogniser_report import recogniser_report, sign_test

PEOPLE = ("ada", "ben")
#         ada ada ada ben ben nobody nobody nobody nobody
TRUTH = [0, 0, 0, 1, 1, -1, -1, -1, -1]


def answers(best: list[int], score: list[float], threshold: float) -> Answers:
    scores = np.array(score)
    return Answers(np.array(TRUTH), np.array(best), scores, scores >= threshold)


MINE = answers([0, 0, 1, 1, 1, 0, 0, 1, 1], [0.9, 0.4, 0.8, 0.9, 0.9, 0.1, 0.7, 0.2, 0.3], 0.5)
PLAIN = answers([0, 0, 0, 0, 1, 0, 0, 1, 1], [0.9, 0.9, 0.9, 0.9, 0.1, 0.6, 0.7, 0.8, 0.9], 0.5)


def test_rates_and_counts_are_those_counted_by_hand() -> None:
    report = recogniser_report(PEOPLE, recogniser=MINE, plain=PLAIN)
    mine = report.recogniser
    assert (mine.named_right.errors, mine.named_right.total) == (3, 5)
    assert (mine.named_wrong.errors, mine.named_wrong.total) == (1, 5)
    assert (mine.unknown_named.errors, mine.unknown_named.total) == (1, 4)
    assert (mine.right, report.plain.right) == (6, 3)
    assert (report.n_known, report.n_unknown) == (5, 4)
    # Alone right: the recogniser on row 3 to 5, 7 and 8; plain comparison on row 1 and 2.
    assert (report.only_recogniser, report.only_plain) == (5, 2)
    assert report.confusion.tolist() == [[1, 1, 1], [0, 2, 0], [1, 0, 3]]
    assert {name: (r.errors, r.total) for name, r in report.recall.items()} == {
        "ada": (1, 3),
        "ben": (2, 2),
    }


def test_a_difference_that_may_be_chance_is_not_told_as_one() -> None:
    report = recogniser_report(PEOPLE, recogniser=MINE, plain=PLAIN)
    assert report.p_value == pytest.approx(2 * (1 + 7 + 21) / 128)
    assert report.better == "neither"


def test_a_clear_difference_names_the_better_either_way() -> None:
    truth, best = np.zeros(12, np.int64), np.zeros(12, np.int64)
    truth[-2:] = -1
    named = truth >= 0
    right = Answers(truth, best, named * 1.0, named)
    wrong = Answers(truth, best, named * 1.0, ~named)
    assert recogniser_report(PEOPLE, recogniser=right, plain=wrong).better == "recogniser"
    assert recogniser_report(PEOPLE, recogniser=wrong, plain=right).better == "plain"
    assert recogniser_report(PEOPLE, recogniser=right, plain=right).p_value == 1.0


def test_the_share_named_at_a_rate_of_strangers_needs_enough_of_them() -> None:
    report = recogniser_report(PEOPLE, recogniser=MINE, plain=PLAIN)
    assert report.recogniser.named_at == {"0.01": None, "0.1": None}
    truth = np.array([0] * 4 + [-1] * 10)
    score = np.array([0.9, 0.8, 0.6, 0.9] + [0.7] + [0.1] * 8 + [0.65])
    best = np.array([0, 0, 0, 1] + [0] * 10)
    one = Answers(truth, best, score, score > 2)
    # One of ten may be named: all that is above 0.65, and of that, what is right.
    report = recogniser_report(PEOPLE, recogniser=one, plain=one)
    assert report.recogniser.named_at["0.1"] == pytest.approx(0.5)


def test_json_and_csv_hold_plain_values() -> None:
    report = recogniser_report(PEOPLE, recogniser=MINE, plain=PLAIN)
    told = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert told["recogniser"]["named_right"] == 0.6
    assert told["recogniser"]["named_right_interval"] == [0.1466, 0.9473]
    assert told["recall"]["ben"] == {"named_right": 2, "of": 2}
    assert report.confusion_csv().splitlines() == [
        "truth,ada,ben,(nobody of the list)",
        "ada,1,1,1",
        "ben,0,2,0",
        "(nobody of the list),1,0,3",
    ]


def test_systems_judged_on_different_pictures_are_not_compared() -> None:
    other = Answers(np.array([0]), np.array([0]), np.array([1.0]), np.array([True]))
    with pytest.raises(ValueError, match="same pictures"):
        recogniser_report(PEOPLE, recogniser=MINE, plain=other)


@pytest.mark.parametrize(
    ("wins", "losses", "p"), [(0, 0, 1), (1, 0, 1), (6, 0, 1 / 32), (8, 1, 0.0390625)]
)
def test_the_sign_test_is_exact(wins: int, losses: int, p: float) -> None:
    assert sign_test(wins, losses) == pytest.approx(p)
    assert sign_test(losses, wins) == pytest.approx(p)
