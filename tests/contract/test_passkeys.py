"""Passkeys: what holds on every database. The authenticator is software that can lie."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from countenance.clock import ManualClock
from countenance.events import Tag
from countenance.identity.factor_interfaces import Passkey, PasskeyRefusal, PasskeyUse
from countenance.identity.interfaces import User
from countenance.identity.passkeys import CHALLENGE_LIFETIME, MAX_PASSKEYS
from countenance.identity.relying_party import RelyingParty, counter_is_plausible
from countenance.identity.services import Identity
from tests.contract.support import add_viewer, all_rows, outcomes
from tests.fakes.authenticators import ORIGIN, Authenticator

PARTY = RelyingParty("localhost", (ORIGIN,))


def register(identity: Identity, user: User, device: Authenticator) -> Passkey | PasskeyRefusal:
    call = identity.passkeys.begin_registration(user.id, PARTY)
    answer = device.create(dict(call.options))
    return identity.passkeys.finish_registration(
        user.id, PARTY, token=call.token, answer=answer, name="My phone"
    )


def use(
    identity: Identity, user: User | None, device: Authenticator, *, must_verify: bool = False
) -> PasskeyUse | PasskeyRefusal:
    user_id = user.id if user else None
    call = identity.passkeys.begin_use(user_id, PARTY, must_verify=must_verify)
    answer = device.get(dict(call.options))
    return identity.passkeys.finish_use(user_id, PARTY, token=call.token, answer=answer)


@pytest.fixture
def device(identity: Identity, admin: User) -> Authenticator:
    """A device with a passkey of the administrator."""
    made = Authenticator()
    assert isinstance(register(identity, admin, made), Passkey)
    return made


def test_a_passkey_is_shown_and_opens_for_its_user_alone(
    identity: Identity, admin: User, device: Authenticator, clock: ManualClock
) -> None:
    (shown,) = identity.passkeys.list_passkeys(admin.id)
    assert (shown.name, shown.verifies, shown.is_synced) == ("My phone", True, False)
    assert shown.last_used_at is None
    assert use(identity, admin, device) == PasskeyUse(admin.id, is_verified=True)
    assert use(identity, None, device, must_verify=True) == PasskeyUse(admin.id, is_verified=True)
    assert identity.passkeys.list_passkeys(admin.id)[0].last_used_at == clock.now()
    bob = add_viewer(identity, "bob")
    assert use(identity, bob, device) is PasskeyRefusal.UNKNOWN
    assert use(identity, admin, Authenticator()) is PasskeyRefusal.UNKNOWN
    identity.users.add(
        name="eve", display_name="", password="tall trees bend", role=admin.role, actor=None
    )
    identity.users.set_enabled(admin.id, enabled=False, actor=None)
    assert use(identity, None, device) is PasskeyRefusal.UNKNOWN


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "https://evil.example"},
        {"domain": "evil.example"},
        {"verifies": False},  # where verification was asked for
        {"key": Authenticator().key},
    ],
)
def test_what_is_not_signed_for_us_is_refused(
    identity: Identity, admin: User, device: Authenticator, lie: dict[str, Any]
) -> None:
    liar = replace(device, **lie)
    assert use(identity, admin, liar, must_verify=True) is PasskeyRefusal.WRONG
    device.count = liar.count
    assert isinstance(use(identity, admin, device), PasskeyUse)


def test_a_challenge_is_answered_once_in_time_by_whom_it_was_for(
    identity: Identity, admin: User, device: Authenticator, clock: ManualClock
) -> None:
    passkeys, bob = identity.passkeys, add_viewer(identity, "bob")
    call = passkeys.begin_use(admin.id, PARTY, must_verify=False)
    answer = device.get(dict(call.options))
    for wrong_user in (bob.id, None):
        refused = passkeys.finish_use(wrong_user, PARTY, token=call.token, answer=answer)
        assert refused is PasskeyRefusal.NOT_ASKED
    done, _ = outcomes(
        lambda _: passkeys.finish_use(admin.id, PARTY, token=call.token, answer=answer),
        range(3),
        error=KeyError,
    )
    assert sum(isinstance(found, PasskeyUse) for found in done) == 1
    assert sum(found is PasskeyRefusal.NOT_ASKED for found in done) == 2
    other = passkeys.begin_use(admin.id, PARTY, must_verify=False)  # an old answer, a new challenge
    replayed = passkeys.finish_use(admin.id, PARTY, token=other.token, answer=answer)
    assert replayed is PasskeyRefusal.WRONG
    late = passkeys.begin_use(admin.id, PARTY, must_verify=False)
    clock.advance(CHALLENGE_LIFETIME.total_seconds())
    answer = device.get(dict(late.options))
    refused = passkeys.finish_use(admin.id, PARTY, token=late.token, answer=answer)
    assert refused is PasskeyRefusal.NOT_ASKED


def test_a_challenge_to_register_is_none_to_log_in(
    identity: Identity, admin: User, device: Authenticator
) -> None:
    call = identity.passkeys.begin_registration(admin.id, PARTY)
    answer = device.get(dict(call.options))
    used = identity.passkeys.finish_use(admin.id, PARTY, token=call.token, answer=answer)
    assert used is PasskeyRefusal.NOT_ASKED


def test_a_counter_that_does_not_rise_is_refused(
    identity: Identity, admin: User, device: Authenticator
) -> None:
    assert isinstance(use(identity, admin, device), PasskeyUse)
    copy = replace(device, count=0)
    assert use(identity, admin, copy) is PasskeyRefusal.COUNTER
    assert isinstance(use(identity, admin, device), PasskeyUse)


@pytest.mark.parametrize(
    ("stored", "given", "is_fine"), [(0, 0, True), (0, 1, True), (5, 6, True), (5, 5, False),
                                     (5, 4, False), (5, 0, False)],
)  # fmt: skip
def test_counters_rise_or_are_not_kept(stored: int, given: int, is_fine: bool) -> None:
    assert counter_is_plausible(stored=stored, given=given) is is_fine


def test_a_passkey_that_names_somebody_else_is_refused(
    identity: Identity, admin: User, device: Authenticator
) -> None:
    bob = add_viewer(identity, "bob")
    of_bob = Authenticator()
    register(identity, bob, of_bob)
    assert use(identity, None, replace(device, handle=of_bob.handle)) is PasskeyRefusal.UNKNOWN
    assert use(identity, None, replace(device, handle=None)) is PasskeyRefusal.UNKNOWN
    nameless = replace(device, handle=None, count=device.count + 5)
    assert isinstance(use(identity, admin, nameless), PasskeyUse)


@pytest.mark.parametrize("answer", [{}, {"id": "x"}, {"id": 7, "response": []}, {"id": "é"}])
def test_what_is_no_answer_is_refused(
    identity: Identity, admin: User, device: Authenticator, answer: dict[str, Any]
) -> None:
    call = identity.passkeys.begin_use(admin.id, PARTY, must_verify=False)
    found = identity.passkeys.finish_use(admin.id, PARTY, token=call.token, answer=answer)
    assert found in (PasskeyRefusal.WRONG, PasskeyRefusal.UNKNOWN)
    call = identity.passkeys.begin_registration(admin.id, PARTY)
    made = identity.passkeys.finish_registration(
        admin.id, PARTY, token=call.token, answer=answer, name=""
    )
    assert made is PasskeyRefusal.WRONG


def test_passkeys_are_named_removed_and_bounded(
    identity: Identity, admin: User, device: Authenticator, database_url: str
) -> None:
    passkeys, bob = identity.passkeys, add_viewer(identity, "bob")
    assert register(identity, admin, device) is PasskeyRefusal.KNOWN
    assert register(identity, bob, device) is PasskeyRefusal.KNOWN
    (shown,) = passkeys.list_passkeys(admin.id)
    assert not passkeys.rename(shown.id, bob.id, name="Mine now")
    assert passkeys.rename(shown.id, admin.id, name="  Key\0ring " + "x" * 99)
    assert passkeys.list_passkeys(admin.id)[0].name.startswith("Keyring x")
    assert not passkeys.remove(shown.id, bob.id, actor=bob.id)
    assert not passkeys.remove("\0", admin.id, actor=admin.id)
    for _ in range(MAX_PASSKEYS - 1):
        assert isinstance(register(identity, admin, Authenticator()), Passkey)
    assert register(identity, admin, Authenticator()) is PasskeyRefusal.KNOWN
    assert passkeys.remove(shown.id, admin.id, actor=admin.id)
    assert use(identity, admin, device) is PasskeyRefusal.UNKNOWN
    tags = {event.tag for event in identity.audit.list_events(subject_id=admin.id)}
    assert {Tag.PASSKEY_ADDED, Tag.PASSKEY_REMOVED} <= tags
    register(identity, bob, Authenticator())
    passkeys.begin_use(bob.id, PARTY, must_verify=False)
    identity.users.remove(bob.id, actor=admin.id)
    kept = {table for table, row in all_rows(database_url) if bob.id in row}
    assert not kept & {"passkeys", "passkey_challenges"}
