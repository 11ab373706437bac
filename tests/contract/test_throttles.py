"""Throttling over every way to keep its counts: in memory, SQLite and PostgreSQL."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from countenance.biometrics.templates import Template
from countenance.clock import ManualClock
from countenance.db import open_database
from countenance.events import Tag
from countenance.identity.audit_trail import open_trail
from countenance.identity.interfaces import User, UserId
from countenance.identity.services import Identity
from countenance.identity.store import Store
from countenance.identity.throttle_book import (
    TALLIES_KEPT,
    MemoryThrottleBook,
    SqlThrottleBook,
    ThrottleBook,
)
from countenance.identity.throttles import Attempt, Throttles
from countenance.identity.throttling import Decision, Tried, paces
from tests.contract.conftest import new_database
from tests.contract.support import PASSWORD, all_rows, outcomes
from tests.fixtures.databases import write_migrated_sqlite

HOME = "11111111-0000-4000-8000-000000000000"
ADA = UserId("5f0c5a3e-0000-4000-8000-000000000000")
ADDRESS = "192.0.2.1"


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def book(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> Iterator[ThrottleBook]:
    with contextlib.ExitStack() as stack:
        if request.param == "memory":
            yield MemoryThrottleBook()
            return
        path = tmp_path / "countenance.db"
        if request.param == "postgresql":
            server = request.getfixturevalue("postgresql_server")
            migrated = request.getfixturevalue("migrated_postgresql")
            url = stack.enter_context(new_database(server, like=migrated))
        else:
            write_migrated_sqlite(path)
            url = f"sqlite:///{path}"
        database = open_database(url)
        stack.callback(database.close)
        store = Store(database, clock)
        open_trail(store, b"seals the rows that tallies leave")
        yield SqlThrottleBook(store)


@pytest.fixture
def throttles(book: ThrottleBook, clock: ManualClock) -> Throttles:
    return over(book, clock)


def over(book: ThrottleBook, clock: ManualClock) -> Throttles:
    return Throttles(
        book, paces=paces(is_pad_tested=False), now=clock.now, name_key=b"for digests of names"
    )


def begin(
    throttles: Throttles,
    *,
    factor: Tried = Tried.PASSWORD,
    subject: str = ADA,
    device: str | None = None,
    address: str = ADDRESS,
) -> Attempt | Decision:
    return throttles.begin(factor, subject=subject, device=device, address=address)


def fail(throttles: Throttles, times: int, **how: str | None) -> None:
    for _ in range(times):
        attempt = begin(throttles, **how)  # type: ignore[arg-type]
        assert isinstance(attempt, Attempt)
        throttles.fail(attempt)


def test_five_are_free_then_the_delay_doubles(throttles: Throttles, clock: ManualClock) -> None:
    fail(throttles, 5)
    assert begin(throttles) == Decision(wait_s=30)
    clock.advance(29)
    assert begin(throttles) == Decision(wait_s=1)
    clock.advance(1)
    fail(throttles, 1)
    assert begin(throttles) == Decision(wait_s=60)


def test_a_success_resets_its_place_and_no_other(throttles: Throttles) -> None:
    fail(throttles, 5)
    fail(throttles, 4, device=HOME)
    attempt = begin(throttles, device=HOME)
    assert isinstance(attempt, Attempt)
    throttles.succeed(attempt)
    fail(throttles, 5, device=HOME)
    assert begin(throttles, device=HOME) == Decision(wait_s=30)
    assert begin(throttles) == Decision(wait_s=30)


def test_tries_side_by_side_cannot_slip_through_together(throttles: Throttles) -> None:
    def one(_number: int) -> Attempt:
        outcome = begin(throttles)
        if isinstance(outcome, Decision):
            raise LookupError  # noqa: TRY004 - not of a wrong type, just not let in
        return outcome

    let_in, refused = outcomes(one, range(12), error=LookupError)
    assert (len(let_in), refused) == (5, 7)


def test_counts_outlive_the_process(
    book: ThrottleBook, throttles: Throttles, clock: ManualClock
) -> None:
    fail(throttles, 5)
    assert begin(over(book, clock)) == Decision(wait_s=30)


def test_faces_of_many_people_from_one_address_are_slowed_where_no_password_comes_before(
    throttles: Throttles,
) -> None:
    def show(number: int, *, address: str = ADDRESS, is_first: bool = True) -> Attempt | Decision:
        return throttles.begin(
            Tried.FACE,
            subject=f"user {number}",
            device=None,
            address=address,
            is_first=is_first,
        )

    for number in range(20):
        assert isinstance(show(number), Attempt)
    assert show(99) == Decision(wait_s=30)
    assert isinstance(show(99, address="192.0.2.2"), Attempt)
    assert isinstance(show(99, is_first=False), Attempt)


def test_guesses_at_many_names_from_one_address_are_slowed(
    throttles: Throttles, clock: ManualClock
) -> None:
    for number in range(20):
        fail(throttles, 1, subject=f"user {number}")
    assert begin(throttles, subject="user 99") == Decision(wait_s=30)
    assert isinstance(begin(throttles, subject="user 99", device=HOME), Attempt)
    assert isinstance(begin(throttles, subject="user 99", address="192.0.2.2"), Attempt)
    clock.advance(30)
    assert isinstance(begin(throttles, subject="user 98"), Attempt)


def test_a_clock_that_is_set_back_lets_the_delay_end(
    throttles: Throttles, clock: ManualClock
) -> None:
    fail(throttles, 5)
    clock.advance(-86_400 * 365)
    assert begin(throttles) == Decision(wait_s=30)
    clock.advance(30)
    assert isinstance(begin(throttles), Attempt)


def test_an_unlocked_user_begins_without_a_past(throttles: Throttles) -> None:
    fail(throttles, 5)
    assert [slow.failures for slow in throttles.slowed(ADA)] == [5]
    assert throttles.unlock(ADA, actor=None)
    assert throttles.slowed(ADA) == ()
    assert isinstance(begin(throttles), Attempt)


def test_old_counts_go_and_newer_ones_stay(throttles: Throttles, clock: ManualClock) -> None:
    fail(throttles, 3)
    clock.advance(TALLIES_KEPT.total_seconds() - 1)
    assert throttles.purge() == 0
    clock.advance(1)
    fail(throttles, 1, subject="somebody else")
    assert throttles.purge() == 1


def test_the_trail_tells_when_delays_begin_and_when_a_way_is_shut(
    identity: Identity, admin: User, clock: ManualClock
) -> None:
    for _ in range(25):
        fail(identity.throttles, 1, subject=admin.id, factor=Tried.FACE)
        clock.advance(3600)
    identity.throttles.unlock(admin.id, actor=admin.id)
    tags = (Tag.LOGIN_SLOWED, Tag.LOGIN_SHUT, Tag.USER_UNLOCKED)
    rows = identity.audit.list_events(tags=tags)
    assert [row.tag for row in rows] == [Tag.USER_UNLOCKED, Tag.LOGIN_SHUT, Tag.LOGIN_SLOWED]
    assert dict(rows[1].details) == {"factor": "face", "device": "unknown"}
    assert {row.subject_id for row in rows} == {admin.id}
    assert (rows[0].actor_id, rows[1].address) == (admin.id, ADDRESS)


def test_a_factor_that_is_bound_anew_begins_without_a_past(
    identity: Identity, admin: User, template: Template
) -> None:
    for factor in (Tried.PASSWORD, Tried.FACE):
        fail(identity.throttles, 5, subject=admin.id, factor=factor)
    identity.passwords.change(admin.id, password="four green kites above")
    assert [slow.factor for slow in identity.throttles.slowed(admin.id)] == [Tried.FACE]
    identity.vault.store(admin.id, template, actor=None)
    assert identity.throttles.slowed(admin.id) == ()


def test_a_user_who_is_removed_leaves_no_counts(
    identity: Identity, admin: User, database_url: str
) -> None:
    bob = identity.users.add(
        name="bob", display_name="", password=PASSWORD, role=admin.role, actor=None
    )
    fail(identity.throttles, 1, subject=bob.id, device=HOME)
    identity.users.remove(bob.id, actor=admin.id)
    tables = {table for table, row in all_rows(database_url) if bob.id in row}
    assert tables <= {"audit", "template_changes"}


def test_two_servers_count_together(open_another: Callable[..., Identity]) -> None:
    one, other = open_another(), open_another()
    ada = one.users.set_up(name="ada", display_name="", password=PASSWORD)
    fail(one.throttles, 3, subject=ada.id)
    fail(other.throttles, 2, subject=ada.id)
    assert begin(one.throttles, subject=ada.id) == Decision(wait_s=30)
