"""Pending ceremonies and tickets: what holds on every database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import pytest

from countenance.ceremony.verdict import Reason, Verdict
from countenance.clock import ManualClock
from countenance.identity.errors import TicketError
from countenance.identity.interfaces import Purpose, Transaction, TransactionState, User
from countenance.identity.services import Identity
from countenance.settings import LoginSettings
from tests.contract.support import add_viewer, all_rows, execute, outcomes

DENIED = Verdict.denied(Reason.NOT_MATCHED)
GRANTED = Verdict.granted()
TICKET_LIFETIME_S = 60
PENDING_LIMIT_S = 300
TRIES = 5


class Pending(NamedTuple):
    """A login that waits for its face."""

    identity: Identity
    user: User
    token: str

    def capture(self) -> Transaction:
        ticket = self.identity.transactions.issue_ticket(self.token)
        assert ticket is not None
        return self.identity.transactions.redeem_ticket(ticket)

    def finish(self, verdict: Verdict) -> Transaction:
        return self.identity.transactions.finish(self.capture().id, verdict)


@pytest.fixture
def pending(identity: Identity, admin: User) -> Pending:
    token = identity.transactions.begin(
        Purpose.LOGIN, user_id=admin.id, actor_id=None, address="192.0.2.7"
    )
    return Pending(identity, admin, token)


def test_a_new_transaction_is_pending(pending: Pending, clock: ManualClock) -> None:
    found = pending.identity.transactions.find(pending.token)
    assert found is not None
    assert found.id not in pending.token
    assert found == Transaction(
        id=found.id,
        purpose=Purpose.LOGIN,
        user_id=pending.user.id,
        actor_id=None,
        state=TransactionState.PENDING,
        reason=None,
        tries=0,
        factors=frozenset(),
        address="192.0.2.7",
        expires_at=clock.now() + timedelta(seconds=PENDING_LIMIT_S),
    )


def test_a_ticket_is_good_once(pending: Pending) -> None:
    transactions = pending.identity.transactions
    ticket = transactions.issue_ticket(pending.token)
    assert ticket is not None
    assert transactions.redeem_ticket(ticket).user_id == pending.user.id
    with pytest.raises(TicketError):
        transactions.redeem_ticket(ticket)


def test_of_redemptions_that_race_one_wins(pending: Pending) -> None:
    ticket = pending.identity.transactions.issue_ticket(pending.token)
    assert ticket is not None
    done, refused = outcomes(
        pending.identity.transactions.redeem_ticket, [ticket] * 8, error=TicketError
    )
    assert (len(done), refused) == (1, 7)


def test_of_two_nodes_that_race_one_wins(
    pending: Pending, open_another: Callable[..., Identity]
) -> None:
    other = open_another()
    ticket = pending.identity.transactions.issue_ticket(pending.token)
    assert ticket is not None
    done, refused = outcomes(
        lambda node: node.transactions.redeem_ticket(ticket),
        [pending.identity, other] * 3,
        error=TicketError,
    )
    assert (len(done), refused) == (1, 5)


@pytest.mark.parametrize("ticket", ["", "unknown", "\0", "ü\ud800"])
def test_an_unknown_ticket_is_refused(identity: Identity, ticket: str) -> None:
    with pytest.raises(TicketError):
        identity.transactions.redeem_ticket(ticket)
    assert identity.transactions.find(ticket) is None
    assert identity.transactions.issue_ticket(ticket) is None
    assert identity.transactions.complete(ticket) is None


def test_a_ticket_expires(pending: Pending, clock: ManualClock) -> None:
    transactions = pending.identity.transactions
    late = transactions.issue_ticket(pending.token)
    clock.advance(TICKET_LIFETIME_S)
    assert late is not None
    with pytest.raises(TicketError):
        transactions.redeem_ticket(late)
    early = transactions.issue_ticket(pending.token)
    assert early is not None
    clock.advance(TICKET_LIFETIME_S - 1)
    assert transactions.redeem_ticket(early)


def test_a_new_ticket_lapses_the_unused_one(pending: Pending) -> None:
    transactions = pending.identity.transactions
    first = transactions.issue_ticket(pending.token)
    second = transactions.issue_ticket(pending.token)
    assert first is not None
    assert second is not None
    with pytest.raises(TicketError):
        transactions.redeem_ticket(first)
    assert transactions.redeem_ticket(second)


def test_a_refusal_leaves_it_pending_while_tries_are_left(pending: Pending) -> None:
    transactions = pending.identity.transactions
    for number in range(1, TRIES):
        after = pending.finish(DENIED)
        assert (after.state, after.tries) == (TransactionState.PENDING, number)
        assert after.reason == Reason.NOT_MATCHED
    last = pending.finish(Verdict.denied(Reason.TIMED_OUT))
    assert (last.state, last.tries, last.reason) == (
        TransactionState.REFUSED,
        TRIES,
        Reason.TIMED_OUT,
    )
    assert transactions.issue_ticket(pending.token) is None
    assert transactions.complete(pending.token) is None
    assert transactions.find(pending.token) == last


def test_captures_beside_each_other_get_no_more_tries(pending: Pending) -> None:
    transactions = pending.identity.transactions
    captures = [pending.capture() for _ in range(TRIES)]
    assert transactions.issue_ticket(pending.token) is None
    # The one under way may still be granted.
    assert transactions.finish(captures[-1].id, GRANTED).state is TransactionState.GRANTED


def test_a_grant_is_used_once(pending: Pending) -> None:
    transactions = pending.identity.transactions
    assert transactions.complete(pending.token) is None
    granted = pending.finish(GRANTED)
    assert (granted.state, granted.reason) == (TransactionState.GRANTED, None)
    assert transactions.issue_ticket(pending.token) is None
    completed = transactions.complete(pending.token)
    assert completed is not None
    assert completed.state is TransactionState.COMPLETED
    assert transactions.complete(pending.token) is None
    assert transactions.find(pending.token) is None


def test_of_completions_that_race_one_wins(pending: Pending) -> None:
    pending.finish(GRANTED)
    done, _ = outcomes(
        pending.identity.transactions.complete, [pending.token] * 8, error=TicketError
    )
    assert sum(result is not None for result in done) == 1


@pytest.mark.parametrize("later", [GRANTED, DENIED])
def test_a_verdict_after_the_grant_changes_nothing(pending: Pending, later: Verdict) -> None:
    transactions = pending.identity.transactions
    granted = pending.finish(GRANTED)
    assert transactions.finish(granted.id, later) == granted
    completed = transactions.complete(pending.token)
    assert completed is not None
    assert transactions.finish(granted.id, later) == completed


def test_a_grant_after_the_last_refusal_changes_nothing(pending: Pending) -> None:
    transactions = pending.identity.transactions
    captures = [pending.capture() for _ in range(TRIES)]
    for capture in captures:
        transactions.finish(capture.id, DENIED)
    assert transactions.finish(captures[0].id, GRANTED).state is TransactionState.REFUSED
    assert transactions.complete(pending.token) is None


def test_a_pending_login_expires(pending: Pending, clock: ManualClock) -> None:
    transactions = pending.identity.transactions
    clock.advance(PENDING_LIMIT_S)
    assert transactions.find(pending.token) is None
    assert transactions.issue_ticket(pending.token) is None


def test_a_capture_that_began_in_time_may_end(pending: Pending, clock: ManualClock) -> None:
    clock.advance(PENDING_LIMIT_S - 1)
    capture = pending.capture()
    clock.advance(LoginSettings().time_limit_s)
    finished = pending.identity.transactions.finish(capture.id, GRANTED)
    assert finished.state is TransactionState.GRANTED
    assert pending.identity.transactions.complete(pending.token) is not None


def test_a_grant_that_comes_after_the_end_is_worth_nothing(
    pending: Pending, clock: ManualClock
) -> None:
    capture = pending.capture()
    clock.advance(PENDING_LIMIT_S + 1)
    finished = pending.identity.transactions.finish(capture.id, GRANTED)
    assert finished.state is TransactionState.PENDING
    assert pending.identity.transactions.complete(pending.token) is None


def test_an_unused_grant_expires(pending: Pending, clock: ManualClock) -> None:
    pending.finish(GRANTED)
    clock.advance(PENDING_LIMIT_S)
    assert pending.identity.transactions.complete(pending.token) is None


def test_a_clock_set_back_prolongs_nothing(pending: Pending, clock: ManualClock) -> None:
    transactions = pending.identity.transactions
    ticket = transactions.issue_ticket(pending.token)
    assert ticket is not None
    clock._now -= timedelta(hours=1)
    assert transactions.find(pending.token) is None
    assert transactions.issue_ticket(pending.token) is None
    with pytest.raises(TicketError):
        transactions.redeem_ticket(ticket)


def test_a_verdict_after_the_clock_was_set_back_grants_nothing(
    pending: Pending, clock: ManualClock
) -> None:
    capture = pending.capture()
    clock._now -= timedelta(hours=1)
    finished = pending.identity.transactions.finish(capture.id, GRANTED)
    assert finished.state is TransactionState.PENDING
    assert pending.identity.transactions.complete(pending.token) is None


def test_an_enrolment_waits_longer_and_says_who_began_it(
    identity: Identity, admin: User, clock: ManualClock
) -> None:
    bob = add_viewer(identity, "bob")
    token = identity.transactions.begin(
        Purpose.ENROLMENT, user_id=bob.id, actor_id=admin.id, address=""
    )
    clock.advance(14 * 60)
    found = identity.transactions.find(token)
    assert found is not None
    assert (found.purpose, found.actor_id) == (Purpose.ENROLMENT, admin.id)
    clock.advance(60)
    assert identity.transactions.find(token) is None


def test_a_verdict_for_a_user_who_was_disabled_meanwhile_opens_nothing(
    identity: Identity, admin: User
) -> None:
    bob = add_viewer(identity, "bob", actor=admin)
    token = identity.transactions.begin(Purpose.LOGIN, user_id=bob.id, actor_id=None, address="")
    capture = Pending(identity, bob, token).capture()
    identity.users.set_enabled(bob.id, enabled=False, actor=admin.id)
    with pytest.raises(TicketError):
        identity.transactions.finish(capture.id, GRANTED)
    assert identity.transactions.complete(token) is None


def test_a_user_who_is_disabled_in_the_database_itself_passes_nowhere(
    pending: Pending, database_url: str
) -> None:
    transactions = pending.identity.transactions
    pending.finish(GRANTED)
    execute(database_url, "UPDATE users SET is_enabled = false")
    assert transactions.find(pending.token) is None
    assert transactions.complete(pending.token) is None


def test_a_new_password_ends_logins_that_began_with_the_old_one(pending: Pending) -> None:
    pending.finish(GRANTED)
    pending.identity.passwords.change(pending.user.id, password="quite another one")
    assert pending.identity.transactions.complete(pending.token) is None


def test_a_restart_midway_costs_one_try_and_nothing_else(
    pending: Pending, open_another: Callable[..., Identity]
) -> None:
    pending.capture()
    pending.identity.close()
    after = Pending(open_another(), pending.user, pending.token)
    assert after.finish(GRANTED).state is TransactionState.GRANTED
    assert after.identity.transactions.complete(pending.token) is not None


def test_housekeeping_drops_what_is_long_over(
    pending: Pending, clock: ManualClock, database_url: str
) -> None:
    pending.finish(GRANTED)
    clock.advance(PENDING_LIMIT_S + 3600)
    assert pending.identity.purge_expired().transactions == 1
    tables = [table for table, _ in all_rows(database_url)]
    assert "transactions" not in tables
    assert "tickets" not in tables
