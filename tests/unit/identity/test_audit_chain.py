"""Whatever is done to a trail without its key is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from countenance.identity import audit_chain
from countenance.identity.audit_chain import GENESIS, Anchor, Break, Cut, Head, Link

KEY, OTHER = b"k" * 32, b"o" * 32
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Row = tuple[Link, str]


def link(number: int, **changed: Any) -> Link:
    base = Link(
        number, NOW + timedelta(seconds=number), "user:login:granted", "ada", None, "", "{}"
    )
    return replace(base, **changed)


def chain(length: int, *, key: bytes = KEY) -> tuple[list[Row], Head]:
    rows: list[Row] = []
    before = GENESIS
    for number in range(1, length + 1):
        before = audit_chain.seal(key, link(number), before=before)
        rows.append((link(number), before))
    return rows, Head(length, before, NOW)


def check(rows: list[Row], head: Head | None, **more: Any) -> tuple[int | None, Break | None]:
    report = audit_chain.verify(KEY, rows, head=head, **more)
    return report.first_broken, report.what


@pytest.mark.parametrize("length", [0, 1, 7])
def test_an_untouched_chain_is_intact(length: int) -> None:
    rows, head = chain(length)
    report = audit_chain.verify(KEY, rows, head=head)
    assert (report.rows, report.is_intact, report.first_broken) == (length, True, None)
    assert report.since == NOW


FIELDS = {
    "at": NOW,
    "tag": "user:login:refused",
    "subject_id": None,
    "actor_id": "eve",
    "address": "192.0.2.1",
    "details": '{"reason": "x"}',
}


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("number", [1, 4, 7])
def test_a_row_that_is_altered_is_named(name: str, number: int) -> None:
    rows, head = chain(7)
    altered = replace(rows[number - 1][0], **{name: FIELDS[name]})
    rows[number - 1] = (altered, rows[number - 1][1])
    assert check(rows, head) == (number, Break.ALTERED)


def test_a_row_that_is_deleted_is_named() -> None:
    rows, head = chain(7)
    del rows[2]
    assert check(rows, head) == (3, Break.MISSING)


def test_a_deleted_row_whose_followers_were_renumbered_is_found() -> None:
    rows, head = chain(7)
    del rows[2]
    rows = [(replace(row, number=n), mac) for n, (row, mac) in enumerate(rows, 1)]
    assert check(rows, head) == (3, Break.ALTERED)


def test_rows_in_each_others_place_are_found() -> None:
    rows, head = chain(7)
    rows[1], rows[4] = (
        (replace(rows[4][0], number=2), rows[4][1]),
        (replace(rows[1][0], number=5), rows[1][1]),
    )
    assert check(rows, head) == (2, Break.ALTERED)


def test_a_cut_end_is_found_through_the_head() -> None:
    rows, head = chain(7)
    assert check(rows[:5], head) == (6, Break.CUT)
    assert check([], head) == (1, Break.CUT)


def test_a_cut_end_with_an_old_head_put_back_is_found_through_an_anchor_alone() -> None:
    """The head lies beside the rows: whoever owns the database can put an old one back."""
    rows, head = chain(7)
    _, old = chain(5)
    anchor = audit_chain.read_anchor(
        KEY, audit_chain.write_anchor(KEY, Anchor(head.rows, head.mac, NOW))
    )
    assert check(rows[:5], old) == (None, None)
    assert check(rows[:5], old, anchors=[anchor]) == (6, Break.ANCHOR)
    assert check(rows, head, anchors=[anchor]) == (None, None)


def test_an_end_that_was_rewritten_with_the_key_is_found_through_an_anchor() -> None:
    rows, _ = chain(7)
    anchor = Anchor(6, rows[5][1], NOW)
    forged, before = rows[:5], rows[4][1]
    for number in (6, 7):
        row = link(number, tag="user:face:enrolled")
        before = audit_chain.seal(KEY, row, before=before)
        forged.append((row, before))
    new = Head(7, before, NOW)
    assert check(forged, new) == (None, None)
    assert check(forged, new, anchors=[anchor]) == (6, Break.ANCHOR)


def test_a_row_that_was_added_without_the_key_is_found() -> None:
    rows, head = chain(7)
    forged = (link(8), audit_chain.seal(OTHER, link(8), before=head.mac))
    assert check([*rows, forged], head) == (8, Break.ALTERED)
    assert check(rows, head, unsealed=1) == (8, Break.UNSEALED)


def test_heads_and_anchors_of_another_key_are_not_believed() -> None:
    rows, head = chain(3)
    assert audit_chain.read_head(KEY, audit_chain.write_head(OTHER, head)) is None
    assert audit_chain.read_anchor(KEY, audit_chain.write_anchor(OTHER, Anchor(3, "", NOW))) is None
    assert check(rows, None) == (4, Break.HEAD)
    assert check(rows, head, anchors=[None]) == (4, Break.ANCHOR)


@pytest.mark.parametrize("text", [None, "", "{}", "[]", "nonsense", '{"rows": 1, "seal": 3}'])
def test_what_is_no_head_is_none(text: str | None) -> None:
    assert audit_chain.read_head(KEY, text) is None


def test_a_head_is_read_as_it_was_written() -> None:
    rows, head = chain(5)
    pruned = replace(head, cut=Cut(2, rows[1][1]))
    for each in (head, pruned):
        assert audit_chain.read_head(KEY, audit_chain.write_head(KEY, each)) == each


def test_the_names_in_a_head_cannot_be_exchanged() -> None:
    """What is sealed is the values; another order of names would give them another meaning."""
    rows, head = chain(5)
    text = audit_chain.write_head(KEY, replace(head, cut=Cut(2, rows[1][1])))
    for one, other in (("rows", "cut_rows"), ("mac", "cut_mac")):
        swapped = text.replace(f'"{one}"', '"x"').replace(f'"{other}"', f'"{one}"')
        assert audit_chain.read_head(KEY, swapped.replace('"x"', f'"{other}"')) is None


def test_a_pruned_chain_begins_where_its_head_says() -> None:
    rows, head = chain(7)
    pruned = replace(head, cut=Cut(3, rows[2][1]))
    report = audit_chain.verify(KEY, rows[3:], head=pruned)
    assert (report.is_intact, report.rows, report.pruned) == (True, 4, 3)
    assert check(rows[4:], pruned) == (4, Break.MISSING)
    assert check(rows[2:], pruned) == (4, Break.ALTERED)
    assert check(rows[3:], head) == (1, Break.MISSING)
    other = replace(head, cut=Cut(3, "0" * 64))
    assert check(rows[3:], other) == (4, Break.ALTERED)
    anchors = [Anchor(n, mac, NOW) for n, (_, mac) in enumerate(rows, 1)]
    report = audit_chain.verify(KEY, rows[3:], head=pruned, anchors=anchors)
    assert (report.is_intact, report.unmet_anchors) == (True, 2)
    wrong = Anchor(3, "0" * 64, NOW)
    assert check(rows[3:], pruned, anchors=[wrong]) == (3, Break.ANCHOR)


@given(st.text(max_size=4), st.text(max_size=4))
@settings(max_examples=50)
def test_no_two_rows_are_sealed_alike(address: str, details: str) -> None:
    """What moves from one field into the next changes the seal."""
    moved = link(1, address=address + details, details="")
    row = link(1, address=address, details=details)
    seals = [audit_chain.seal(KEY, each, before=GENESIS) for each in (row, moved)]
    assert (seals[0] == seals[1]) == (row == moved)


class TrailMachine(RuleBasedStateMachine):
    """Rows are added and pruned; once, somebody without the key lays hands on them, and that is
    found."""

    def __init__(self) -> None:
        super().__init__()
        self.rows, self.head = chain(0)
        self.anchors: list[Anchor] = []
        self.touched = False

    @precondition(lambda self: not self.touched)
    @rule(tag=st.sampled_from(["a:b:c", "d:e:f"]), details=st.text(max_size=3))
    def append(self, tag: str, details: str) -> None:
        row = link(self.head.rows + 1, tag=tag, details=details)
        mac = audit_chain.seal(KEY, row, before=self.head.mac)
        self.rows.append((row, mac))
        self.head = replace(self.head, rows=row.number, mac=mac)

    @property
    def first(self) -> int:
        """Number of the first row that there is."""
        return self.head.cut.rows + 1 if self.head.cut else 1

    @precondition(lambda self: self.rows and not self.touched)
    @rule(data=st.data())
    def prune(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(1, len(self.rows)))
        row, mac = self.rows[count - 1]
        del self.rows[:count]
        self.head = replace(self.head, cut=Cut(row.number, mac))
        assert audit_chain.read_head(KEY, audit_chain.write_head(KEY, self.head)) == self.head

    @precondition(lambda self: not self.touched)
    @rule()
    def take_an_anchor(self) -> None:
        self.anchors.append(Anchor(self.head.rows, self.head.mac, NOW))

    @precondition(lambda self: self.rows and not self.touched)
    @rule(data=st.data())
    def mutate(self, data: st.DataObject) -> None:
        k = data.draw(st.integers(0, len(self.rows) - 1))
        row, mac = self.rows[k]
        name = data.draw(st.sampled_from(["tag", "address", "details", "actor_id", "mac"]))
        if name == "mac":
            self.rows[k] = (row, "0" * 63 + ("1" if mac.endswith("0") else "0"))
        else:
            self.rows[k] = (replace(row, **{name: f"{getattr(row, name)}!"}), mac)
        self.touched = True

    @precondition(lambda self: self.rows and not self.touched)
    @rule(data=st.data(), renumbers=st.booleans())
    def delete(self, data: st.DataObject, *, renumbers: bool) -> None:
        del self.rows[data.draw(st.integers(0, len(self.rows) - 1))]
        if renumbers:
            self.rows = self._renumbered()
        self.touched = True

    @precondition(lambda self: len(self.rows) > 1 and not self.touched)
    @rule(data=st.data())
    def swap(self, data: st.DataObject) -> None:
        i = data.draw(st.integers(0, len(self.rows) - 2))
        j = data.draw(st.integers(i + 1, len(self.rows) - 1))
        (a, a_mac), (b, b_mac) = self.rows[i], self.rows[j]
        self.rows[i] = (replace(b, number=a.number), b_mac)
        self.rows[j] = (replace(a, number=b.number), a_mac)
        self.touched = True

    @precondition(lambda self: self.rows and not self.touched)
    @rule(data=st.data())
    def truncate(self, data: st.DataObject) -> None:
        del self.rows[data.draw(st.integers(0, len(self.rows) - 1)) :]
        self.touched = True

    @precondition(lambda self: not self.touched)
    @rule(data=st.data())
    def insert(self, data: st.DataObject) -> None:
        k = data.draw(st.integers(0, len(self.rows)))
        self.rows.insert(k, (link(k + 1, tag="forged:row:made"), "f" * 64))
        self.rows = self._renumbered()
        self.touched = True

    @precondition(lambda self: self.head.cut and not self.touched)
    @rule(data=st.data())
    def forge_the_cut(self, data: st.DataObject) -> None:
        """Take more rows from the beginning and seal the head without the key."""
        if not self.rows:
            return
        row, mac = self.rows[data.draw(st.integers(0, len(self.rows) - 1))]
        del self.rows[: row.number - self.first + 1]
        forged = replace(self.head, cut=Cut(row.number, mac))
        assert audit_chain.read_head(KEY, audit_chain.write_head(OTHER, forged)) is None
        self.touched = True

    def _renumbered(self) -> list[Row]:
        return [(replace(r, number=n), m) for n, (r, m) in enumerate(self.rows, self.first)]

    @precondition(lambda self: self.touched)
    @rule()
    def look_again(self) -> None:
        """Nothing more may be done."""

    @invariant()
    def what_was_touched_is_found_and_nothing_else(self) -> None:
        report = audit_chain.verify(KEY, self.rows, head=self.head, anchors=self.anchors)
        assert report.is_intact is not self.touched
        assert (report.first_broken is None) is report.is_intact


TestTrail = TrailMachine.TestCase
TestTrail.settings = settings(max_examples=80, stateful_step_count=15, deadline=None)
