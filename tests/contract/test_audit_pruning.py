"""Rows that are older than the trail is kept go, and the rest proves as much as before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from countenance.clock import ManualClock
from countenance.events import Tag
from countenance.identity import audit_pruning
from countenance.identity.audit_chain import Break
from countenance.identity.audit_trail import TrailFilter
from countenance.identity.backup import make_backup
from countenance.identity.backup_restore import restore_backup
from countenance.identity.errors import StorageError
from countenance.identity.interfaces import User
from countenance.identity.key_rotation import rotate_keys
from countenance.identity.services import Identity
from countenance.settings import Settings
from countenance.vision.errors import ManifestError
from countenance.vision.ledger import ModelLedger
from countenance.vision.manifest import Came, ListedFile
from tests.contract.support import all_rows, execute

Open = Callable[..., Identity]
ADDRESS = "198.51.100.77"
DAY_S = 86_400
FORGED = (
    "INSERT INTO audit (at, tag, address, details)"
    " VALUES (CURRENT_TIMESTAMP, 'user:login:granted', '', '{}')"
)
RENAMED = (
    "UPDATE installation SET value = replace(replace(replace(value,"
    " '\"rows\"', '\"x\"'), '\"cut_rows\"', '\"rows\"'), '\"x\"', '\"cut_rows\"')"
    " WHERE name = 'audit-head'"
)


@pytest.fixture
def old(identity: Identity, admin: User, clock: ManualClock) -> int:
    """Eight rows of 400 days ago and four of today: numbers 1 to 8, and 9 to 12."""
    for _ in range(6):
        clock.advance(60)
        identity.audit.append(Tag.LOGIN_REFUSED, subject_id=admin.id, address=ADDRESS)
    clock.advance(400 * DAY_S)
    for _ in range(4):
        clock.advance(60)
        identity.audit.append(Tag.LOGIN_GRANTED, subject_id=admin.id)
    return identity.trail.verify().rows


def prune(identity: Identity, clock: ManualClock, *, days: float = 365) -> int:
    return identity.pruning.prune(clock.now() - timedelta(days=days)).rows


def unprotect(url: str) -> None:
    """As whoever owns the database can."""
    if url.startswith("sqlite"):
        execute(url, "DROP TRIGGER audit_rows_stay")
        execute(url, "DROP TRIGGER audit_rows_remain")
    else:
        execute(url, "ALTER TABLE audit DISABLE TRIGGER USER")


def test_old_rows_go_the_rest_is_proven_and_a_row_tells(
    identity: Identity, old: int, clock: ManualClock, database_url: str, tmp_path: Path
) -> None:
    assert old == 12
    before = clock.now() - timedelta(days=365)
    found = identity.pruning.look(before)
    assert (found.rows, identity.trail.verify().rows) == (8, 12)
    assert identity.pruning.prune(before) == found
    report = identity.trail.verify()
    assert (report.is_intact, report.rows, report.pruned) == (True, 5, 8)
    (row,) = identity.audit.list_events(tags=(Tag.AUDIT_PRUNED,))
    assert row.details["rows"] == "8"
    assert found.last_at is not None
    assert row.details["until"] == found.last_at.isoformat(timespec="seconds")
    assert [link.number for link in identity.trail.page(TrailFilter())] == [13, 12, 11, 10, 9]
    assert not any(ADDRESS in text for _, text in all_rows(database_url))
    if database_url.startswith("sqlite"):
        files = tmp_path.glob("countenance.db*")
        assert not any(ADDRESS.encode() in path.read_bytes() for path in files)


def test_pruning_again_takes_nothing_and_writes_nothing(
    identity: Identity, old: int, clock: ManualClock
) -> None:
    assert prune(identity, clock) == 8
    assert prune(identity, clock) == 0
    assert identity.trail.verify().rows == 5


@pytest.mark.parametrize(
    ("statements", "first_broken", "what"),
    [
        (["UPDATE audit SET details = '{}' WHERE number = 13"], 13, Break.ALTERED),
        (["UPDATE audit SET actor_id = subject_id WHERE number = 9"], 9, Break.ALTERED),
        (["DELETE FROM audit WHERE number = 11"], 11, Break.MISSING),
        # More taken from the beginning than was pruned.
        (["DELETE FROM audit WHERE number <= 9"], 9, Break.MISSING),
        (
            [
                "UPDATE installation SET value = '11' WHERE name = 'audit-cut'",
                "DELETE FROM audit WHERE number <= 11",
            ],
            9,
            Break.MISSING,
        ),
        (["DELETE FROM audit WHERE number > 11"], 12, Break.CUT),
        (["DELETE FROM audit"], 9, Break.CUT),
        (
            [
                "UPDATE audit SET number = 99 WHERE number = 10",
                "UPDATE audit SET number = 10 WHERE number = 11",
                "UPDATE audit SET number = 11 WHERE number = 99",
            ],
            10,
            Break.ALTERED,
        ),
        (
            [
                FORGED,
            ],
            14,
            Break.UNSEALED,
        ),
        (
            [
                "DELETE FROM installation WHERE name = 'audit-head'",
                "UPDATE installation SET name = 'audit-head' WHERE name = 'kept'",
            ],
            1,
            Break.MISSING,
        ),
        # The names of what the head seals are no way to say something else.
        (
            [
                RENAMED,
            ],
            1,
            Break.MISSING,
        ),
    ],
)
def test_what_is_done_to_a_pruned_trail_is_found(
    identity: Identity,
    old: int,
    clock: ManualClock,
    database_url: str,
    statements: list[str],
    first_broken: int,
    what: Break,
) -> None:
    execute(
        database_url,
        "INSERT INTO installation (name, value)"
        " SELECT 'kept', value FROM installation WHERE name = 'audit-head'",
    )
    prune(identity, clock)
    assert identity.trail.verify().is_intact
    unprotect(database_url)
    for statement in statements:
        execute(database_url, statement)
    report = identity.trail.verify()
    assert (report.first_broken, report.what) == (first_broken, what)


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM audit WHERE number = 9", "UPDATE audit SET details = '{}' WHERE number = 9"],
)
def test_the_database_still_keeps_the_rows_that_stayed(
    identity: Identity, old: int, clock: ManualClock, database_url: str, statement: str
) -> None:
    prune(identity, clock)
    with pytest.raises(Exception, match=r"never (changed|deleted)"):
        execute(database_url, statement)
    assert identity.trail.verify().is_intact


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET details = '{\"x\": 1}' WHERE number = 3",
        "DELETE FROM audit WHERE number = 3",
        "DELETE FROM audit WHERE number = 8",
    ],
)
def test_a_trail_that_is_broken_among_what_would_go_is_not_pruned(
    identity: Identity, old: int, clock: ManualClock, database_url: str, statement: str
) -> None:
    """Else a pruning would take the evidence away."""
    unprotect(database_url)
    execute(database_url, statement)
    before = identity.trail.verify()
    with pytest.raises(StorageError, match="nothing was pruned"):
        prune(identity, clock)
    assert identity.trail.verify() == before


def test_a_pruning_that_fails_changes_nothing(
    identity: Identity, old: int, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_words: object, **_more: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(audit_pruning, "note", fail)
    with pytest.raises(RuntimeError):
        prune(identity, clock)
    report = identity.trail.verify()
    assert (report.is_intact, report.rows, report.pruned) == (True, 12, 0)


def test_anchors_from_after_the_cut_are_met_and_those_from_before_are_told(
    identity: Identity, admin: User, clock: ManualClock
) -> None:
    identity.audit.append(Tag.LOGIN_REFUSED)
    early = identity.trail.anchor()
    identity.audit.append(Tag.LOGIN_REFUSED)
    at_the_cut = identity.trail.anchor()
    clock.advance(400 * DAY_S)
    identity.audit.append(Tag.LOGIN_GRANTED)
    late = identity.trail.anchor()
    prune(identity, clock)
    report = identity.trail.verify(anchors=[early, at_the_cut, late])
    assert (report.is_intact, report.unmet_anchors) == (True, 1)
    report = identity.trail.verify(anchors=[late.replace('"rows": 5', '"rows": 6')])
    assert report.what is Break.ANCHOR


def test_everything_may_go_but_the_row_that_tells_of_it(
    identity: Identity, old: int, clock: ManualClock, open_another: Open
) -> None:
    clock.advance(800 * DAY_S)
    assert prune(identity, clock) == 12
    other = open_another()
    other.audit.append(Tag.LOGIN_GRANTED)
    report = other.trail.verify()
    assert (report.is_intact, report.rows, report.pruned) == (True, 2, 12)


def test_many_rows_go_some_at_a_time(
    identity: Identity, old: int, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_pruning, "AT_ONCE", 3)
    assert prune(identity, clock) == 8
    assert [e.details["rows"] for e in identity.audit.list_events(tags=(Tag.AUDIT_PRUNED,))] == [
        "2", "3", "3",
    ]  # fmt: skip
    report = identity.trail.verify()
    assert (report.is_intact, report.pruned) == (True, 8)


def test_a_row_with_a_younger_one_before_it_stays(
    identity: Identity, admin: User, clock: ManualClock
) -> None:
    """A clock that was wrong for a moment; only the beginning of the chain can go."""
    clock.advance(1000 * DAY_S)
    identity.audit.append(Tag.LOGIN_GRANTED)
    clock.advance(-999 * DAY_S)
    identity.audit.append(Tag.LOGIN_GRANTED)
    clock.advance(700 * DAY_S)
    assert prune(identity, clock) == 2
    assert [link.number for link in identity.trail.page(TrailFilter())] == [5, 4, 3]


def test_the_daily_job_keeps_to_its_days(identity: Identity, old: int, clock: ManualClock) -> None:
    assert identity.pruning.prune_daily(keep_days=0).rows == 0
    assert identity.pruning.prune_daily(keep_days=401).rows == 0
    assert identity.pruning.prune_daily(keep_days=399.5).rows == 0  # not a day past it yet
    assert identity.pruning.prune_daily(keep_days=365).rows == 8
    assert identity.pruning.prune_daily(keep_days=1e300).rows == 0


def test_two_servers_that_prune_while_others_write_make_one_chain(
    identity: Identity, old: int, clock: ManualClock, open_another: Open
) -> None:
    servers, gate = (identity, open_another()), threading.Barrier(4)

    def work(number: int) -> int:
        gate.wait()
        server = servers[number % 2]
        if number < 2:
            return prune(server, clock)
        for _ in range(10):
            server.audit.append(Tag.LOGIN_GRANTED)
        return 0

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 8
    report = identity.trail.verify()
    assert (report.is_intact, report.pruned, report.rows) == (True, 8, 25)


def test_a_pruned_chain_outlives_a_rotation_a_backup_and_a_restore(
    identity: Identity,
    old: int,
    clock: ManualClock,
    settings: Settings,
    open_another: Open,
    tmp_path: Path,
) -> None:
    prune(identity, clock)
    rotate_keys(settings, clock=clock)
    assert open_another().trail.verify().is_intact
    archive = tmp_path / "door.zip"
    make_backup(archive, settings, clock=clock)
    identity.close()
    target = Settings(
        home=tmp_path / "other", database_url=f"sqlite:///{tmp_path / 'other' / 'door.db'}"
    )
    target.home.mkdir()
    restore_backup(archive, target, key_file=tmp_path / "keys" / "master.key")
    report = open_another(home=target.home, database_url=target.database_url).trail.verify()
    assert (report.is_intact, report.pruned, report.rows) == (True, 8, 6)


def test_what_the_trail_told_of_the_models_is_carried_on(
    identity: Identity, admin: User, clock: ManualClock, database_url: str, tmp_path: Path
) -> None:
    """Else an older manifest could be put back once its row has gone."""
    book = identity.manifest_book
    ledger = ModelLedger(tmp_path / "models", book=lambda: book, find=lambda _: ())
    ledger.record([ListedFile("a.onnx", "a" * 64, 1, "pack", Came.INSTALLED)])
    execute(
        database_url,
        "INSERT INTO installation (name, value)"
        " SELECT 'kept', value FROM installation WHERE name = 'models-manifest'",
    )
    ledger.record([ListedFile("b.onnx", "b" * 64, 1, "pack", Came.INSTALLED)])
    for _ in range(2):
        clock.advance(400 * DAY_S)
        assert prune(identity, clock)
        assert ledger.manifest().serial == 2
    execute(database_url, "DELETE FROM installation WHERE name = 'models-manifest'")
    with pytest.raises(ManifestError, match="gone"):
        ledger.manifest()
    execute(database_url, "UPDATE installation SET name = 'models-manifest' WHERE name = 'kept'")
    with pytest.raises(ManifestError, match="not the newest"):
        ledger.manifest()


def test_a_chain_that_begins_anew_lets_nothing_be_deleted(
    identity: Identity, old: int, clock: ManualClock, database_url: str, open_another: Open
) -> None:
    """After the procedure for a lost master key, numbers begin at 1 again."""
    prune(identity, clock)
    execute(database_url, "UPDATE audit SET number = NULL, mac = NULL")
    execute(database_url, "DELETE FROM installation WHERE name = 'audit-head'")
    assert open_another().trail.verify().is_intact
    with pytest.raises(Exception, match="never"):
        execute(database_url, "DELETE FROM audit WHERE number = 1")
