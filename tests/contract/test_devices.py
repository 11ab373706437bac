"""Known devices: what holds on every database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from countenance.clock import ManualClock
from countenance.events import Tag
from countenance.identity.devices import MAX_DEVICES, MAX_LABEL
from countenance.identity.errors import UserNotFoundError
from countenance.identity.interfaces import DeviceId, Remembered, User, UserId
from countenance.identity.services import Identity
from countenance.settings import SessionSettings
from tests.contract.support import add_viewer, all_rows

LIMIT = timedelta(days=SessionSettings().device_limit_days)
LABEL = "Firefox on Linux"


@pytest.fixture
def known(identity: Identity, admin: User) -> Remembered:
    return identity.devices.remember(None, admin.id, label=LABEL, address="192.0.2.1")


def test_a_browser_is_found_again_by_its_token_and_user(
    identity: Identity, admin: User, known: Remembered, clock: ManualClock
) -> None:
    assert known.is_new
    assert identity.devices.find(known.token, admin.id) == known.device
    assert known.device.label == LABEL
    assert known.device.created_at == known.device.last_seen_at == clock.now()
    assert known.device.id not in known.token


def test_another_token_is_no_device(identity: Identity, admin: User, known: Remembered) -> None:
    for wrong in ("", "x", "\0", "A" * 43):
        assert identity.devices.find(wrong, admin.id) is None
    assert identity.devices.find(known.token, admin.id) is not None


def test_a_token_counts_only_for_the_users_of_the_browser(
    identity: Identity, admin: User, known: Remembered
) -> None:
    bob = add_viewer(identity, "bob")
    assert identity.devices.find(known.token, bob.id) is None
    assert identity.devices.find(known.token, UserId("nobody")) is None


def test_every_login_renews_the_token_of_the_same_device(
    identity: Identity, admin: User, known: Remembered, clock: ManualClock
) -> None:
    clock.advance(60)
    again = identity.devices.remember(known.token, admin.id, label="Something else")
    assert not again.is_new
    assert again.token != known.token
    assert again.device.id == known.device.id
    assert again.device.label == LABEL
    assert again.device.last_seen_at == clock.now() > again.device.created_at
    assert identity.devices.find(known.token, admin.id) is None, "a copy made earlier still works"


def test_one_browser_is_a_device_of_each_of_its_users(
    identity: Identity, admin: User, known: Remembered
) -> None:
    bob = add_viewer(identity, "bob")
    of_bob = identity.devices.remember(known.token, bob.id, label=LABEL)
    assert of_bob.is_new
    assert of_bob.device.id != known.device.id
    assert identity.devices.find(of_bob.token, admin.id) == known.device
    identity.devices.forget(of_bob.device.id, bob.id, actor=bob.id)
    assert identity.devices.find(of_bob.token, admin.id) == known.device
    assert identity.devices.find(of_bob.token, bob.id) is None


def test_a_token_that_is_not_known_is_never_taken_over(identity: Identity, admin: User) -> None:
    planted = "planted-by-somebody-who-reads-it"
    given = identity.devices.remember(planted, admin.id, label=LABEL)
    assert given.token != planted
    assert identity.devices.find(planted, admin.id) is None


def test_devices_are_listed_latest_first_and_only_the_own(
    identity: Identity, admin: User, known: Remembered, clock: ManualClock
) -> None:
    bob = add_viewer(identity, "bob")
    identity.devices.remember(None, bob.id, label="Bob's")
    clock.advance(60)
    newer = identity.devices.remember(None, admin.id, label="Phone")
    assert identity.devices.list_devices(admin.id) == (newer.device, known.device)
    assert identity.devices.list_devices(UserId("nobody")) == ()


def test_a_label_is_what_can_be_shown_of_it(
    identity: Identity, admin: User, known: Remembered
) -> None:
    for given, kept in (
        ("  My\tdesk\n", "My desk"),
        ("x" * 500, "x" * MAX_LABEL),
        ("\0\x1b[31m", "[31m"),
        ("", "A browser"),
        ("Büro 東京", "Büro 東京"),
    ):
        assert identity.devices.rename(known.device.id, admin.id, label=given)
        assert identity.devices.list_devices(admin.id)[0].label == kept


def test_nobody_renames_or_forgets_the_device_of_another(
    identity: Identity, admin: User, known: Remembered
) -> None:
    bob = add_viewer(identity, "bob")
    for wrong in (known.device.id, DeviceId("nothing"), DeviceId("\0")):
        assert not identity.devices.rename(wrong, bob.id, label="mine")
        assert not identity.devices.forget(wrong, bob.id, actor=bob.id)
    assert identity.devices.list_devices(admin.id) == (known.device,)


def test_a_forgotten_device_leaves_its_session_without_one(
    identity: Identity, admin: User, known: Remembered
) -> None:
    token = identity.sessions.begin(
        admin.id, methods=("pwd", "face"), address="", device_id=known.device.id
    )
    found = identity.sessions.find(token)
    assert found is not None
    assert found.device_id == known.device.id
    assert identity.devices.forget(known.device.id, admin.id, actor=admin.id)
    assert not identity.devices.forget(known.device.id, admin.id, actor=admin.id)
    found = identity.sessions.find(token)
    assert found is not None
    assert found.device_id is None
    assert identity.devices.remember(known.token, admin.id, label=LABEL).is_new


def test_coming_and_going_is_audited(identity: Identity, admin: User, known: Remembered) -> None:
    identity.devices.remember(known.token, admin.id, label=LABEL)
    identity.devices.forget(known.device.id, admin.id, actor=admin.id)
    tags = (Tag.DEVICE_ADDED, Tag.DEVICE_FORGOTTEN)
    gone, added = identity.audit.list_events(tags=tags)
    assert (added.tag, gone.tag) == tags
    assert added.subject_id == gone.subject_id == admin.id
    assert added.address == "192.0.2.1"
    assert dict(added.details) == {"device": known.device.id, "label": LABEL}


def test_a_device_lapses_without_logins(
    identity: Identity, admin: User, known: Remembered, clock: ManualClock
) -> None:
    clock.advance(LIMIT.total_seconds() - 1)
    assert identity.devices.find(known.token, admin.id) is not None
    clock.advance(1)
    assert identity.devices.find(known.token, admin.id) is None
    assert identity.devices.list_devices(admin.id) == ()
    again = identity.devices.remember(known.token, admin.id, label=LABEL)
    assert again.is_new
    assert again.device.id != known.device.id


def test_housekeeping_drops_lapsed_devices_and_no_others(
    identity: Identity, admin: User, known: Remembered, clock: ManualClock
) -> None:
    clock.advance(LIMIT.total_seconds())
    fresh = identity.devices.remember(None, admin.id, label=LABEL)
    assert identity.purge_expired().devices == 1
    assert identity.devices.list_devices(admin.id) == (fresh.device,)


def test_a_device_from_the_future_is_not_known(
    identity: Identity, admin: User, known: Remembered, clock: ManualClock
) -> None:
    clock._now -= timedelta(days=2)
    assert identity.devices.find(known.token, admin.id) is None


def test_a_browser_without_memory_leaves_a_bounded_number(
    identity: Identity, admin: User, known: Remembered, clock: ManualClock
) -> None:
    for _ in range(MAX_DEVICES):
        clock.advance(1)
        identity.devices.remember(None, admin.id, label=LABEL)
    left = identity.devices.list_devices(admin.id)
    assert len(left) == MAX_DEVICES
    assert known.device not in left


def test_a_removed_user_takes_the_devices_along(
    identity: Identity, admin: User, known: Remembered, database_url: str
) -> None:
    bob = add_viewer(identity, "bob")
    of_bob = identity.devices.remember(known.token, bob.id, label="Bob's desk")
    identity.users.remove(bob.id, actor=admin.id)
    assert identity.devices.find(of_bob.token, bob.id) is None
    assert identity.devices.find(of_bob.token, admin.id) == known.device
    assert [
        row for table, row in all_rows(database_url) if table == "devices" and bob.id in row
    ] == []
    with pytest.raises(UserNotFoundError):
        identity.devices.remember(of_bob.token, bob.id, label=LABEL)


def test_the_database_has_no_token(known: Remembered, database_url: str) -> None:
    assert not any(known.token in row for _, row in all_rows(database_url))
