"""A trained recogniser beside plain comparison of embeddings, on the same held-out pictures."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countenance.datasets.answers import Answers
from countenance.statistics.intervals import Rate, rate

SURE = 0.05
"""Differences that chance makes more often than this are not told as differences."""
UNKNOWN_RATES = {"0.01": 0.01, "0.1": 0.1}


@dataclass(frozen=True, slots=True)
class SystemReport:
    """What one system did."""

    named_right: Rate
    """Pictures of people of the list that got their name."""
    named_wrong: Rate
    """Pictures of people of the list that got another one's name."""
    unknown_named: Rate
    """Pictures of nobody of the list that got a name."""
    right: int
    """Answers that were right, over all pictures."""
    named_at: dict[str, float | None]
    """Share named right when so many of the unknown may be named; None with too few of them."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values under stable names, for JSON."""
        told: dict[str, Any] = {"right": self.right}
        for name in ("named_right", "named_wrong", "unknown_named"):
            found: Rate = getattr(self, name)
            told[name] = round(found.value, 4)
            told[f"{name}_interval"] = [round(found.low, 4), round(found.high, 4)]
        named_at = {k: None if v is None else round(v, 4) for k, v in self.named_at.items()}
        return told | {"named_right_at_unknown_named": named_at}


@dataclass(frozen=True, slots=True, eq=False)
class RecogniserReport:
    """Both systems, person by person."""

    people: tuple[str, ...]
    n_known: int
    n_unknown: int
    recogniser: SystemReport
    plain: SystemReport
    only_recogniser: int
    """Pictures that the recogniser alone was right on."""
    only_plain: int
    """Pictures that plain comparison alone was right on."""
    p_value: float
    """How often chance alone makes a difference this large (exact sign test)."""
    recall: dict[str, Rate]
    """Of each person that was checked: pictures that the recogniser named right."""
    confusion: NDArray[np.int64]
    """(people + 1, people + 1) pictures by truth and answer of the recogniser; nobody is last."""

    @property
    def better(self) -> str:
        """`recogniser`, `plain`, or `neither` when the difference may be chance."""
        if self.p_value >= SURE:
            return "neither"
        return "recogniser" if self.only_recogniser > self.only_plain else "plain"

    def as_dict(self) -> dict[str, Any]:
        """Plain values under stable names, for JSON."""
        return {
            "n_known": self.n_known,
            "n_unknown": self.n_unknown,
            "recogniser": self.recogniser.as_dict(),
            "plain": self.plain.as_dict(),
            "only_recogniser_right": self.only_recogniser,
            "only_plain_right": self.only_plain,
            "p_value": float(f"{self.p_value:.3g}"),
            "better": self.better,
            "recall": {
                name: {"named_right": found.errors, "of": found.total}
                for name, found in self.recall.items()
            },
        }

    def confusion_csv(self) -> str:
        """One row per truth, one column per answer."""
        names = [*self.people, "(nobody of the list)"]
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["truth", *names])
        for name, row in zip(names, self.confusion.tolist(), strict=True):
            writer.writerow([name, *row])
        return text.getvalue()


def recogniser_report(
    people: Sequence[str], *, recogniser: Answers, plain: Answers
) -> RecogniserReport:
    """Compare two systems on the same pictures.

    Args:
        people: names, in the order of the indices.
        recogniser: of the trained head.
        plain: of the nearest template; rows in the same order.

    Raises: ValueError: the rows differ, or pictures of either kind are missing.
    """
    if not np.array_equal(recogniser.truth, plain.truth):
        raise ValueError("both systems are judged on the same pictures")
    truth = recogniser.truth
    size = len(people) + 1
    confusion = np.zeros((size, size), np.int64)
    np.add.at(confusion, (truth, recogniser.given), 1)  # -1 is the last row and column
    only_recogniser = int(np.sum(recogniser.is_right & ~plain.is_right))
    only_plain = int(np.sum(plain.is_right & ~recogniser.is_right))
    return RecogniserReport(
        people=tuple(people),
        n_known=int(np.sum(truth >= 0)),
        n_unknown=int(np.sum(truth < 0)),
        recogniser=_system(recogniser),
        plain=_system(plain),
        only_recogniser=only_recogniser,
        only_plain=only_plain,
        p_value=sign_test(only_recogniser, only_plain),
        recall={
            name: rate(int(confusion[index, index]), int(confusion[index].sum()))
            for index, name in enumerate(people)
            if confusion[index].any()
        },
        confusion=confusion,
    )


def sign_test(wins: int, losses: int) -> float:
    """Probability that a fair coin is at least as uneven; 1 without any throw.

    >>> sign_test(5, 0), sign_test(3, 3)
    (0.0625, 1.0)
    """
    total = wins + losses
    tail = sum(comb(total, k) for k in range(min(wins, losses) + 1))
    return min(1.0, float(2 * tail / 2**total))


def _system(answers: Answers) -> SystemReport:
    known = answers.truth >= 0
    right, n_known = answers.is_right, int(known.sum())
    return SystemReport(
        named_right=rate(int(right[known].sum()), n_known),
        named_wrong=rate(int((answers.is_named & ~right)[known].sum()), n_known),
        unknown_named=rate(int(answers.is_named[~known].sum()), int((~known).sum())),
        right=int(right.sum()),
        named_at={name: _named_at(answers, value) for name, value in UNKNOWN_RATES.items()},
    )


def _named_at(answers: Answers, unknown_rate: float) -> float | None:
    """Rank-1 detection and identification rate (ISO/IEC 19795-1) at that rate of the unknown."""
    known = answers.truth >= 0
    strangers = np.sort(answers.score[~known])[::-1]
    allowed = int(unknown_rate * len(strangers) + 1e-9)
    if allowed < 1:
        return None
    above = answers.score[known] > strangers[min(allowed, len(strangers) - 1)]
    return float(np.mean(above & (answers.best == answers.truth)[known]))
