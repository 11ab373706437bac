"""The sealed trail: what holds on every database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from countenance.clock import ManualClock
from countenance.events import Tag
from countenance.identity.audit_chain import Break
from countenance.identity.audit_trail import TrailFilter
from countenance.identity.errors import StorageError
from countenance.identity.interfaces import User
from countenance.identity.services import Identity
from tests.contract.support import add_viewer, execute

FORGED = (
    "INSERT INTO audit (at, tag, address, details)"
    " VALUES (CURRENT_TIMESTAMP, 'user:login:granted', '', '{}')"
)


@pytest.fixture
def rows(identity: Identity, admin: User, clock: ManualClock) -> int:
    """Some rows beside those of the set-up; how many there are."""
    for number in range(6):
        clock.advance(60)
        identity.audit.append(Tag.LOGIN_REFUSED, subject_id=admin.id, details={"n": str(number)})
    return identity.trail.verify().rows


def unprotect(url: str) -> None:
    """As whoever owns the database can."""
    if url.startswith("sqlite"):
        execute(url, "DROP TRIGGER audit_rows_stay")
        execute(url, "DROP TRIGGER audit_rows_remain")
    else:
        execute(url, "ALTER TABLE audit DISABLE TRIGGER USER")


def test_what_was_written_is_intact_and_since_when_is_told(
    identity: Identity, rows: int, clock: ManualClock
) -> None:
    report = identity.trail.verify()
    assert (report.is_intact, report.first_broken, report.rows) == (True, None, 8)
    assert report.since == clock.now() - timedelta(seconds=360)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET details = '{}' WHERE number = 4",
        "UPDATE audit SET mac = NULL, details = '{}' WHERE number = 4",
        "DELETE FROM audit WHERE number = 4",
    ],
)
def test_the_database_itself_keeps_rows_as_they_are(
    identity: Identity, rows: int, database_url: str, statement: str
) -> None:
    with pytest.raises(Exception, match=r"never (changed|deleted)"):
        execute(database_url, statement)
    assert identity.trail.verify().is_intact


@pytest.mark.parametrize(
    ("statement", "first_broken", "what"),
    [
        ("UPDATE audit SET details = '{}' WHERE number = 4", 4, Break.ALTERED),
        ("UPDATE audit SET actor_id = subject_id WHERE number = 5", 5, Break.ALTERED),
        ("DELETE FROM audit WHERE number = 4", 4, Break.MISSING),
        ("DELETE FROM audit WHERE number > 6", 7, Break.CUT),
        ("UPDATE audit SET number = NULL, mac = NULL WHERE number = 8", 8, Break.CUT),
        ("DELETE FROM installation WHERE name = 'audit-head'", 9, Break.HEAD),
        (
            FORGED,
            9,
            Break.UNSEALED,
        ),
    ],
)
def test_what_the_owner_of_the_database_does_is_found(
    identity: Identity, rows: int, database_url: str, statement: str, first_broken: int, what: Break
) -> None:
    unprotect(database_url)
    execute(database_url, statement)
    report = identity.trail.verify()
    assert (report.first_broken, report.what) == (first_broken, what)


def test_a_trail_without_its_head_takes_no_further_row(
    identity: Identity, rows: int, database_url: str, open_another: Callable[..., Identity]
) -> None:
    """Else whoever takes the head away would have the chain begin anew."""
    execute(database_url, "DELETE FROM installation WHERE name = 'audit-head'")
    for each in (identity, open_another()):
        with pytest.raises(StorageError, match="head of the audit trail"):
            each.audit.append(Tag.LOGIN_GRANTED)
    assert open_another().trail.verify().what is Break.HEAD


def test_an_older_state_put_back_is_found_through_an_anchor_alone(
    identity: Identity, rows: int, admin: User, database_url: str
) -> None:
    execute(
        database_url,
        "INSERT INTO installation (name, value)"
        " SELECT 'kept', value FROM installation WHERE name = 'audit-head'",
    )
    identity.audit.append(Tag.LOGIN_GRANTED, subject_id=admin.id)
    anchor = identity.trail.anchor()
    assert identity.trail.verify(anchors=[anchor]).is_intact
    unprotect(database_url)
    execute(database_url, "DELETE FROM audit WHERE number = 9")
    execute(database_url, "DELETE FROM installation WHERE name = 'audit-head'")
    execute(database_url, "UPDATE installation SET name = 'audit-head' WHERE name = 'kept'")
    assert identity.trail.verify().is_intact
    report = identity.trail.verify(anchors=[anchor])
    assert (report.first_broken, report.what) == (9, Break.ANCHOR)


def test_many_writers_on_two_servers_make_one_chain(
    identity: Identity, admin: User, open_another: Callable[..., Identity]
) -> None:
    other, gate = open_another(), threading.Barrier(8)

    def write(number: int) -> None:
        gate.wait()
        for _ in range(10):
            server = identity if number % 2 else other
            server.audit.append(Tag.LOGIN_GRANTED, subject_id=admin.id)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    report = identity.trail.verify()
    assert (report.is_intact, report.rows) == (True, 82)


def test_a_row_of_an_act_that_failed_leaves_no_gap(identity: Identity, rows: int) -> None:
    with pytest.raises(ValueError, match="on purpose"), identity.trail._store.writing() as session:
        from countenance.identity.audit import note

        note(session, Tag.LOGIN_GRANTED, at=identity.trail._store.now())
        raise ValueError("on purpose")
    identity.audit.append(Tag.LOGIN_GRANTED)
    assert (identity.trail.verify().is_intact, identity.trail.verify().rows) == (True, rows + 1)


def test_rows_from_before_the_chain_are_sealed_at_the_first_start(
    identity: Identity, rows: int, database_url: str, open_another: Callable[..., Identity]
) -> None:
    execute(database_url, "UPDATE audit SET number = NULL, mac = NULL")
    execute(database_url, "DELETE FROM installation WHERE name = 'audit-head'")
    later = open_another()
    assert later.trail.verify().is_intact
    (newest,) = later.trail.page(TrailFilter(), limit=1)
    assert (newest.tag, newest.details, newest.number) == (Tag.AUDIT_BEGAN, '{"rows": "8"}', 9)


def test_the_chain_outlives_a_rotation_of_the_master_key(
    identity: Identity, rows: int, settings: object, clock: ManualClock,
    open_another: Callable[..., Identity],
) -> None:  # fmt: skip
    from countenance.identity.key_rotation import rotate_keys

    anchor = identity.trail.anchor()
    rotate_keys(settings, clock=clock)  # type: ignore[arg-type]
    report = open_another().trail.verify(anchors=[anchor])
    assert (report.is_intact, report.rows) == (True, rows + 1)


def test_pages_come_newest_first_and_filters_narrow_them(
    identity: Identity, rows: int, admin: User, clock: ManualClock
) -> None:
    bob = add_viewer(identity, "bob", actor=admin)
    numbers = [link.number for link in identity.trail.page(TrailFilter(), limit=3)]
    assert numbers == [9, 8, 7]
    assert [r.number for r in identity.trail.page(TrailFilter(), before=7, limit=2)] == [6, 5]
    of_bob = identity.trail.page(TrailFilter(user_id=bob.id))
    assert [link.tag for link in of_bob] == [Tag.USER_ADDED]
    logins = identity.trail.page(TrailFilter(tag="user:login"))
    assert len(logins) == 6
    late = TrailFilter(since=clock.now(), until=clock.now() + timedelta(seconds=1))
    assert [link.number for link in identity.trail.page(late)] == [9, 8]


def test_an_export_holds_all_that_fits_and_is_written_down(
    identity: Identity, rows: int, admin: User
) -> None:
    wanted = TrailFilter(tag="user:login")
    taken = list(identity.trail.export(wanted, kind="jsonl", actor=admin.id))
    assert [link.number for link in taken] == [3, 4, 5, 6, 7, 8]
    (row,) = identity.audit.list_events(tags=(Tag.AUDIT_EXPORTED,))
    assert dict(row.details) == {"format": "jsonl", "tag": "user:login"}
    assert row.actor_id == admin.id


def test_several_tags_come_as_one_list_and_new_rows_follow(identity: Identity, admin: User) -> None:
    tags = (Tag.LOGIN_GRANTED, Tag.LOGIN_REFUSED, Tag.PASSWORD_REFUSED)
    for number in range(13):
        identity.audit.append(tags[number % 3 if number % 4 else 0], subject_id=admin.id)
        identity.audit.append(Tag.SESSION_ENDED, subject_id=admin.id)
    every = [row for row in identity.trail.page(TrailFilter(), limit=100) if row.tag in set(tags)]
    wanted = TrailFilter(tags=tags)
    assert list(identity.trail.page(wanted, limit=100)) == every
    paged: list[object] = []
    before: int | None = None
    while rows := identity.trail.page(wanted, before=before, limit=4):
        paged += rows
        before = rows[-1].number
    assert paged == every
    oldest = every[-1].number
    followed = identity.trail.following(wanted, after=oldest, limit=5)
    assert list(followed) == list(reversed(every))[1:6]
    assert identity.trail.following(wanted, after=every[0].number, limit=5) == ()
