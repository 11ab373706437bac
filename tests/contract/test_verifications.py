"""Verifications for other apps: what holds on every database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import pytest

from countenance.ceremony.verdict import Reason, Verdict
from countenance.clock import ManualClock
from countenance.events import Tag
from countenance.identity.errors import StorageError, TicketError, UserNotFoundError
from countenance.identity.interfaces import NOBODY, Purpose, TransactionState, User
from countenance.identity.services import Identity
from countenance.identity.verification_interfaces import (
    Begun,
    Result,
    Verification,
    VerificationState,
    Wanted,
)
from tests.contract.support import add_viewer, all_rows, outcomes

SHOP, OTHER_APP = "5b0f0000-0000-4000-8000-000000000001", "5b0f0000-0000-4000-8000-000000000002"
NEVER = "5b0f0000-0000-4000-8000-000000000009"
DENIED = Verdict.denied(Reason.NOT_MATCHED)
LIFETIME_S, KEPT_S, TRIES = 300, 600, 5


class Asked(NamedTuple):
    """A verification that was begun."""

    identity: Identity
    user: User
    begun: Begun

    def ticket(self) -> str:
        ticket = self.identity.verifications.issue_ticket(self.begun.id, self.begun.client_secret)
        assert ticket is not None
        return ticket

    def try_once(self, verdict: Verdict) -> TransactionState:
        verifications = self.identity.verifications
        transaction = verifications.redeem_ticket(self.ticket(), address="192.0.2.9")
        return verifications.finish(transaction.id, verdict).state

    def result(self, owner: str = SHOP) -> Result:
        result = self.identity.verifications.result(self.begun.id, owner=owner)
        assert result is not None
        return result


def wanted(user: User | None) -> Wanted:
    return Wanted(
        user_id=user.id if user else None,
        subject=user.id if user else "0" * 64,
        owner=SHOP,
        origin="https://shop.example",
        reference="order 7",
        policy="standard",
    )


@pytest.fixture
def asked(identity: Identity, admin: User) -> Asked:
    begun = identity.verifications.begin(wanted(admin), address="192.0.2.7")
    return Asked(identity, admin, begun)


def test_a_new_one_is_pending_and_says_nothing_of_the_user(
    asked: Asked, clock: ManualClock
) -> None:
    assert asked.result() == Result(
        id=asked.begun.id,
        state=VerificationState.PENDING,
        user_id=None,
        reference="order 7",
        policy="standard",
        created_at=clock.now(),
        expires_at=clock.now() + timedelta(seconds=LIFETIME_S),
        granted_at=None,
    )
    assert asked.begun.expires_at == asked.result().expires_at


def test_the_page_finds_it_with_its_own_secret_alone(asked: Asked) -> None:
    verifications = asked.identity.verifications
    other = verifications.begin(wanted(asked.user), address="")
    found = verifications.find(asked.begun.id, asked.begun.client_secret)
    assert found == Verification(
        asked.begun.id, SHOP, "https://shop.example", asked.user.id, "standard"
    )
    for verification_id, secret in [
        (asked.begun.id, other.client_secret),
        (other.id, asked.begun.client_secret),
        (asked.begun.id, ""),
        (NEVER, asked.begun.client_secret),
        ("' OR 1=1 --", asked.begun.client_secret),
        ("\0", "\0"),
        (asked.begun.id, "\udcff"),
    ]:
        assert verifications.find(verification_id, secret) is None
        assert verifications.issue_ticket(verification_id, secret) is None


def test_a_grant_is_told_with_the_user_and_written_down_with_the_browsers_address(
    asked: Asked, clock: ManualClock
) -> None:
    clock.advance(20)
    assert asked.try_once(Verdict.granted()) is TransactionState.GRANTED
    result = asked.result()
    assert (result.state, result.user_id) == (VerificationState.GRANTED, asked.user.id)
    assert result.granted_at == clock.now()
    (row,) = asked.identity.audit.list_events(tags=(Tag.VERIFICATION_GRANTED,))
    assert (row.subject_id, row.address) == (asked.user.id, "192.0.2.9")
    assert row.details == {"origin": "https://shop.example", "token": SHOP}


def test_a_grant_that_cannot_be_written_down_is_none(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("no room")

    transaction = asked.identity.verifications.redeem_ticket(asked.ticket(), address="")
    monkeypatch.setattr("countenance.identity.verifications.note", fails)
    with pytest.raises(RuntimeError):
        asked.identity.verifications.finish(transaction.id, Verdict.granted())
    assert asked.result().state is VerificationState.PENDING


def test_refusals_leave_it_pending_while_tries_are_left(asked: Asked) -> None:
    for _ in range(TRIES - 1):
        assert asked.try_once(DENIED) is TransactionState.PENDING
        assert asked.result().state is VerificationState.PENDING
    assert asked.try_once(DENIED) is TransactionState.REFUSED
    result = asked.result()
    assert (result.state, result.user_id) == (VerificationState.REFUSED, None)
    verifications = asked.identity.verifications
    assert verifications.issue_ticket(asked.begun.id, asked.begun.client_secret) is None
    assert asked.identity.audit.list_events(tags=(Tag.VERIFICATION_GRANTED,)) == ()


def test_it_expires_and_is_forgotten(asked: Asked, clock: ManualClock) -> None:
    ticket = asked.ticket()
    clock.advance(LIFETIME_S)
    assert asked.result().state is VerificationState.EXPIRED
    verifications = asked.identity.verifications
    assert verifications.find(asked.begun.id, asked.begun.client_secret) is None
    with pytest.raises(TicketError):
        verifications.redeem_ticket(ticket, address="")
    clock.advance(KEPT_S)
    assert verifications.result(asked.begun.id, owner=SHOP) is None
    asked.identity.purge_expired()
    assert verifications.origin_of(asked.begun.id) is None


def test_only_the_token_that_began_it_is_told(asked: Asked) -> None:
    asked.try_once(Verdict.granted())
    verifications = asked.identity.verifications
    for owner, verification_id in [(OTHER_APP, asked.begun.id), (SHOP, NEVER), (SHOP, "\0")]:
        assert verifications.result(verification_id, owner=owner) is None
        assert verifications.take(verification_id, owner=owner) is None
    assert asked.result().state is VerificationState.GRANTED


def test_what_was_taken_is_gone(asked: Asked) -> None:
    asked.try_once(Verdict.granted())
    taken = asked.identity.verifications.take(asked.begun.id, owner=SHOP)
    assert taken is not None
    assert taken.state is VerificationState.GRANTED
    assert asked.identity.verifications.take(asked.begun.id, owner=SHOP) is None
    assert asked.identity.verifications.result(asked.begun.id, owner=SHOP) is None


def test_of_two_that_take_at_once_one_is_told(
    asked: Asked, open_another: Callable[..., Identity]
) -> None:
    asked.try_once(Verdict.granted())
    others = [open_another() for _ in range(4)]

    def take(identity: Identity) -> Result | None:
        return identity.verifications.take(asked.begun.id, owner=SHOP)

    told, failed = outcomes(take, others, error=StorageError)
    assert failed == 0
    assert [result.state for result in told if result] == [VerificationState.GRANTED]


def test_a_ticket_is_good_once_and_a_new_one_lapses_it(asked: Asked) -> None:
    verifications = asked.identity.verifications
    first, second = asked.ticket(), asked.ticket()
    found = verifications.of_ticket(second)
    assert found is not None
    assert found.id == asked.begun.id
    assert verifications.of_ticket(first) is None
    with pytest.raises(TicketError):
        verifications.redeem_ticket(first, address="")
    transaction = verifications.redeem_ticket(second, address="")
    assert (transaction.purpose, transaction.id) == (Purpose.VERIFICATION, asked.begun.id)
    with pytest.raises(TicketError):
        verifications.redeem_ticket(second, address="")


def test_no_login_can_be_made_of_it(asked: Asked) -> None:
    """A client secret in the cookie of a pending login is worth nothing."""
    transactions, secret = asked.identity.transactions, asked.begun.client_secret
    asked.try_once(Verdict.granted())
    fresh = asked.identity.verifications.begin(wanted(asked.user), address="")
    for token in (secret, fresh.client_secret):
        assert transactions.find(token) is None
        assert transactions.issue_ticket(token) is None
        assert transactions.complete(token) is None
        assert transactions.complete(token, is_enough=lambda _: True) is None
    ticket = asked.identity.verifications.issue_ticket(fresh.id, fresh.client_secret)
    assert ticket is not None
    with pytest.raises(TicketError):
        transactions.redeem_ticket(ticket)


def test_a_login_is_no_verification(asked: Asked) -> None:
    transactions, verifications = asked.identity.transactions, asked.identity.verifications
    token = transactions.begin(
        Purpose.LOGIN, user_id=asked.user.id, actor_id=None, address="192.0.2.7"
    )
    login, ticket = transactions.find(token), transactions.issue_ticket(token)
    assert login is not None
    assert ticket is not None
    assert verifications.of_ticket(ticket) is None
    assert verifications.find(login.id, token) is None
    assert verifications.issue_ticket(login.id, token) is None
    assert verifications.result(login.id, owner=SHOP) is None
    with pytest.raises(TicketError):
        verifications.redeem_ticket(ticket, address="")


def test_nobody_is_captured_like_anybody_and_never_granted_as_somebody(identity: Identity) -> None:
    begun = identity.verifications.begin(wanted(None), address="192.0.2.7")
    asked = Asked(identity, None, begun)  # type: ignore[arg-type]  # there is none
    transaction = identity.verifications.redeem_ticket(asked.ticket(), address="192.0.2.9")
    assert transaction.user_id == NOBODY
    done = identity.verifications.finish(transaction.id, DENIED)
    assert (done.state, done.tries) == (TransactionState.PENDING, 1)
    assert asked.result().user_id is None


def test_disabling_or_removing_the_user_ends_it(asked: Asked) -> None:
    verifications, users = asked.identity.verifications, asked.identity.users
    viewer = add_viewer(asked.identity, "grace")
    asked.try_once(Verdict.granted())
    for end in (
        lambda: users.set_enabled(viewer.id, enabled=False, actor=None),
        lambda: users.remove(viewer.id, actor=None),
    ):
        users.set_enabled(viewer.id, enabled=True, actor=None)
        own = Asked(asked.identity, viewer, verifications.begin(wanted(viewer), address=""))
        assert own.try_once(Verdict.granted()) is TransactionState.GRANTED
        end()
        assert verifications.result(own.begun.id, owner=SHOP) is None
        assert verifications.find(own.begun.id, own.begun.client_secret) is None
    assert asked.result().state is VerificationState.GRANTED


def test_a_disabled_or_removed_user_is_not_begun_with(asked: Asked) -> None:
    viewer = add_viewer(asked.identity, "grace")
    asked.identity.users.set_enabled(viewer.id, enabled=False, actor=None)
    with pytest.raises(UserNotFoundError):
        asked.identity.verifications.begin(wanted(viewer), address="")
    nobody = replace(wanted(viewer), user_id=NOBODY)
    with pytest.raises(UserNotFoundError):
        asked.identity.verifications.begin(nobody, address="")


def test_the_secret_is_not_kept(asked: Asked, database_url: str) -> None:
    ticket = asked.ticket()
    written = str(all_rows(database_url))
    assert asked.begun.id in written
    assert asked.begun.client_secret not in written
    assert ticket not in written
