"""Frames that were sent before: what holds on every database."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from countenance.clock import ManualClock
from countenance.db import open_database
from countenance.identity.errors import UserNotFoundError
from countenance.identity.interfaces import FrameDigest, User, UserId
from countenance.identity.keys import derive
from countenance.identity.seen_frames import DIGEST_BYTES, SqlSeenFrames
from countenance.identity.services import Identity
from countenance.identity.store import Store
from countenance.settings import InjectionSettings, Settings
from tests.contract.support import add_viewer, all_rows, outcomes

LIMIT = timedelta(days=InjectionSettings().replay_memory_days)


def frames(identity: Identity, *names: str) -> list[FrameDigest]:
    return [identity.seen_frames.digest(name.encode()) for name in names]


def count(database_url: str) -> int:
    return sum(table == "seen_frames" for table, _ in all_rows(database_url))


def test_frames_count_as_sent_before_from_the_second_capture_on(
    identity: Identity, admin: User
) -> None:
    seen, first = identity.seen_frames, frames(identity, "a", "b", "a")
    assert seen.take(admin.id, first) == 0
    assert seen.take(admin.id, frames(identity, "c", "b")) == 1
    assert seen.take(admin.id, first) == 2
    assert seen.take(admin.id, []) == 0


def test_it_does_not_matter_who_sent_them(identity: Identity, admin: User) -> None:
    bob = add_viewer(identity, "bob")
    identity.seen_frames.take(bob.id, frames(identity, "a"))
    assert identity.seen_frames.take(admin.id, frames(identity, "a", "b")) == 1


def test_more_frames_than_one_statement_takes_are_all_remembered(
    identity: Identity, admin: User, database_url: str
) -> None:
    many = frames(identity, *map(str, range(1000)))
    assert identity.seen_frames.take(admin.id, many) == 0
    assert count(database_url) == 1000
    assert identity.seen_frames.take(admin.id, many[:700]) == 700


def test_of_captures_that_end_together_one_was_first(
    identity: Identity, admin: User, open_another: Callable[..., Identity]
) -> None:
    nodes, many = [identity, open_another()] * 3, frames(identity, *"abcdefgh")
    known, failed = outcomes(
        lambda node: node.seen_frames.take(admin.id, many), nodes, error=ValueError
    )
    assert (sorted(known), failed) == ([0, 8, 8, 8, 8, 8], 0)


def test_a_digest_is_keyed_and_tells_nothing_of_the_frame(
    identity: Identity, admin: User, database_url: str, settings: Settings, clock: ManualClock
) -> None:
    frame = b"grey levels" * 1000
    digest = identity.seen_frames.digest(frame)
    assert len(digest) == DIGEST_BYTES
    assert digest == identity.seen_frames.digest(frame)
    identity.seen_frames.take(admin.id, [digest])
    assert all("grey levels" not in row for _, row in all_rows(database_url))
    with _opened(settings, clock, key=b"other" * 7) as other:
        assert digest != other.digest(frame)


def test_a_restart_forgets_nothing(
    identity: Identity, admin: User, open_another: Callable[..., Identity]
) -> None:
    identity.seen_frames.take(admin.id, frames(identity, "a"))
    identity.close()
    again = open_another()
    assert again.seen_frames.take(admin.id, frames(again, "a")) == 1


def test_the_frames_of_a_user_go_with_the_user(
    identity: Identity, admin: User, database_url: str
) -> None:
    bob = add_viewer(identity, "bob")
    identity.seen_frames.take(bob.id, frames(identity, "a"))
    identity.users.remove(bob.id, actor=admin.id)
    assert count(database_url) == 0
    with pytest.raises(UserNotFoundError):
        identity.seen_frames.take(bob.id, frames(identity, "b"))
    with pytest.raises(UserNotFoundError):
        identity.seen_frames.take(UserId("\0"), frames(identity, "b"))


def test_frames_are_forgotten_after_the_limit(
    identity: Identity, admin: User, clock: ManualClock
) -> None:
    identity.seen_frames.take(admin.id, frames(identity, "a"))
    clock.advance(LIMIT.total_seconds() - 1)
    assert identity.purge_expired().seen_frames == 0
    assert identity.seen_frames.take(admin.id, frames(identity, "a")) == 1
    clock.advance(1)
    assert identity.purge_expired().seen_frames == 1
    assert identity.seen_frames.take(admin.id, frames(identity, "a")) == 0


def test_beyond_the_most_the_oldest_go(
    identity: Identity, admin: User, settings: Settings, clock: ManualClock, database_url: str
) -> None:
    with _opened(settings, clock, key=b"k" * 32, max_rows=4) as small:
        for capture in range(3):
            clock.advance(1)
            small.take(admin.id, [small.digest(bytes([capture, k])) for k in range(2)])
        assert small.purge() == 2
        assert count(database_url) == 4
        old, new = small.digest(bytes([0, 0])), small.digest(bytes([2, 0]))
        assert small.take(admin.id, [new, old]) == 1


@contextlib.contextmanager
def _opened(
    settings: Settings, clock: ManualClock, *, key: bytes, max_rows: int = 100
) -> Iterator[SqlSeenFrames]:
    keys = replace(derive(b"m" * 32), seen_frames=key)
    database = open_database(settings.database_url)
    try:
        store = Store(database, clock)
        yield SqlSeenFrames(store, keys, forget_after_days=1, max_rows=max_rows)
    finally:
        database.close()
