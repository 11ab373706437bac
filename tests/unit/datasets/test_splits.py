"""A split keeps sources and people whole, or says why it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from countenance.datasets.errors import DatasetError, LeakError
from countenance.datasets.manifest import Presentation
from countenance.datasets.splits import refuse_leak, source_folds


def shown(source: str, subject: str = "", name: str = "") -> Presentation:
    return Presentation(Path(name or f"{source}-{subject}.jpg"), source, subject, None)


NAMES = st.text("abcdef", min_size=1, max_size=1)


@given(
    st.lists(st.tuples(NAMES, st.sampled_from(["", "ada", "ben", "cy"])), min_size=2, max_size=40),
    st.integers(2, 6),
)
def test_no_source_and_no_person_is_in_two_folds(rows: list[tuple[str, str]], folds: int) -> None:
    presentations = [shown(*row) for row in rows]
    try:
        found = source_folds(presentations, folds=folds)
    except LeakError:
        assume(False)
    assert set(found) == set(range(max(found) + 1))
    for fold in set(found):
        held = [p for p, f in zip(presentations, found, strict=True) if f == fold]
        rest = [p for p, f in zip(presentations, found, strict=True) if f != fold]
        assert {p.source for p in held}.isdisjoint({p.source for p in rest})
        assert ({p.subject for p in held} & {p.subject for p in rest}) <= {""}


def test_sources_of_one_person_stay_together() -> None:
    rows = [shown("a", "ada"), shown("b", "ada"), shown("b", "ben"), shown("c", "ben"), shown("d")]
    folds = source_folds(rows, folds=2)
    assert len(set(folds[:4])) == 1
    assert folds[4] != folds[0]


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = [shown(s, name=f"{s}{i}") for s, n in (("a", 5), ("b", 3), ("c", 3)) for i in range(n)]
    forward = dict(zip(rows, source_folds(rows, folds=2), strict=True))
    backward = dict(zip(rows[::-1], source_folds(rows[::-1], folds=2), strict=True))
    assert forward == backward


@pytest.mark.parametrize(
    "rows",
    [
        [shown("a"), shown("a")],
        [shown("a", "ada"), shown("b", "ada")],  # one person in both sources binds them
    ],
)
def test_what_hangs_together_cannot_be_split(rows: list[Presentation]) -> None:
    with pytest.raises(LeakError, match="nothing can be"):
        source_folds(rows, folds=2)


def test_a_presentation_without_a_source_is_refused() -> None:
    with pytest.raises(DatasetError, match="has no source"):
        source_folds([shown("a"), shown("")], folds=2)


def test_one_fold_is_no_split() -> None:
    with pytest.raises(DatasetError, match="at least 2"):
        source_folds([shown("a"), shown("b")], folds=1)


@pytest.mark.parametrize(
    ("held", "what"),
    [
        (shown("a", "ben", "x"), "source 'a'"),
        (shown("b", "ada", "x"), "subject 'ada'"),
        (shown("b", "ben", "same.jpg"), "file"),
    ],
)
def test_a_leak_is_named(held: Presentation, what: str) -> None:
    with pytest.raises(LeakError, match=what):
        refuse_leak([shown("a", "ada", "same.jpg")], [held])


def test_disjoint_sets_pass() -> None:
    refuse_leak([shown("a", ""), shown("c", "cy")], [shown("b", "")])
