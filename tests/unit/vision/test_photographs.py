"""Which photographs become samples, with an engine that sees what the test says."""

import numpy as np
import pytest

from countenance.biometrics.embeddings import Embedding, normalised
from countenance.ceremony.evidence import Hint
from countenance.vision.engine import StillAnalysis
from countenance.vision.photographs import (
    WORDS,
    Refusal,
    RefusedPhotograph,
    UsablePhotograph,
    collect,
    judge,
    why_nothing,
)


def towards(degrees: float) -> Embedding:
    angle = np.radians(degrees)
    return normalised(np.array([np.cos(angle), np.sin(angle)]), pack="test/1")


def usable(name: str, degrees: float, quality: float = 0.5) -> UsablePhotograph:
    return UsablePhotograph(name, towards(degrees), quality)


def test_the_best_ten_are_used_best_first() -> None:
    seen = [usable(f"{index}.jpg", 0, quality=index / 20) for index in range(13)]
    found = collect(seen, threshold=0.5)
    assert [photo.name for photo in found.used] == [f"{i}.jpg" for i in range(12, 2, -1)]
    assert found.left_over == 3
    template = found.template()
    assert template is not None
    assert len(template.samples) == 10


def test_a_stranger_is_refused_and_the_rest_is_used() -> None:
    seen = [usable("a.jpg", 0), usable("b.jpg", 90), usable("c.jpg", 5)]
    found = collect(seen, threshold=0.5)
    assert [(photo.name, photo.reason) for photo in found.refused] == [
        ("b.jpg", Refusal.INCONSISTENT)
    ]
    assert len(found.used) == 2


@pytest.mark.parametrize("degrees", [(0, 90), (0, 5, 90, 95), (0, 90, 180)])
def test_a_folder_without_a_majority_gives_nothing(degrees: tuple[float, ...]) -> None:
    found = collect([usable(f"{d}.jpg", d) for d in degrees], threshold=0.5)
    assert found.template() is None
    assert found.is_contradictory
    assert len(found.refused) == len(degrees)
    assert why_nothing(found) == "the photographs show different people"


def test_refused_photographs_do_not_count_for_the_majority() -> None:
    seen = [
        RefusedPhotograph("x.jpg", Hint.BLURRED),
        RefusedPhotograph("y.jpg", Hint.NO_FACE),
        usable("a.jpg", 0),
    ]
    found = collect(seen, threshold=0.5)
    assert len(found.used) == 1
    assert not found.is_contradictory


def test_nothing_gives_nothing() -> None:
    found = collect([], threshold=0.5)
    assert found.template() is None
    assert not found.is_contradictory
    assert why_nothing(found) == "no photograph"


def test_every_reason_has_words() -> None:
    assert set(WORDS) == {*Hint, *Refusal} - {Hint.HOLD_STILL}


def test_what_is_not_good_enough_is_refused_with_the_first_thing_to_mend() -> None:
    for hint in set(Hint) - {Hint.HOLD_STILL}:
        photo = judge("a.jpg", StillAnalysis(1, hint, embedding=towards(0), quality=0.9))
        assert photo == RefusedPhotograph("a.jpg", hint)
    good = judge("a.jpg", StillAnalysis(1, Hint.HOLD_STILL, embedding=towards(0), quality=0.9))
    assert isinstance(good, UsablePhotograph)
    assert (good.name, good.quality) == ("a.jpg", 0.9)
