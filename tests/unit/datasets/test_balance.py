"""What a set holds, and what is said to be missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from countenance.datasets.balance import Count, balance
from countenance.datasets.manifest import Kind, Presentation
from countenance.pad.species import PaiSpecies


def some(
    count: int,
    source: str,
    subject: str,
    species: PaiSpecies | None = None,
    kind: Kind = Kind.FULL_FRAME,
) -> list[Presentation]:
    stem = f"{source}-{subject}-{species}-{kind}"
    return [
        Presentation(Path(f"{stem}-{k}.png"), source, subject, species, kind) for k in range(count)
    ]


def two_places() -> list[Presentation]:
    return [
        *some(30, "hall", "ada"),
        *some(30, "hall", "ada", PaiSpecies.PRINT),
        *some(30, "lab", "ben"),
        *some(30, "lab", "ben", PaiSpecies.REPLAY_PHONE),
    ]


def test_frames_are_counted_and_their_crops_are_not() -> None:
    crops = some(30, "hall", "ada", kind=Kind.TIGHT_CROP)
    counted = balance([*two_places(), *crops])
    assert counted.all == Count(60, 60)
    assert counted.all.total == 120
    assert counted.sources == {"hall": Count(30, 30), "lab": Count(30, 30)}
    assert counted.subjects == {"ada": Count(30, 30), "ben": Count(30, 30)}
    assert counted.species == {"print": 30, "replay_phone": 30}
    assert counted.kinds == {"full_frame": 120, "tight_crop": 30}
    assert counted.lacks == ()


def test_crops_alone_are_counted_themselves() -> None:
    assert balance(some(3, "hall", "ada", kind=Kind.TIGHT_CROP)).all == Count(3, 0)


@pytest.mark.parametrize(
    ("presentations", "said"),
    [
        (some(40, "hall", "ada"), "no attack presentation"),
        (two_places()[:60] + two_places()[60:90] * 9, "times as many"),
        (two_places()[:70], "The source lab has only bona fide"),
        (some(40, "hall", "a") + some(9, "hall", "a", PaiSpecies.PRINT), "Only 9 attack"),
        (two_places()[:60], "nothing can be held out"),
        (some(40, "hall", "a") + some(40, "lab", "b", PaiSpecies.PRINT), "one place held out"),
        (some(40, "", "a") + some(40, "", "b", PaiSpecies.PRINT), "has no source"),
    ],
)
def test_what_is_missing_is_told(presentations: list[Presentation], said: str) -> None:
    lacks = balance(presentations).lacks
    assert any(said in lack for lack in lacks), lacks
