"""Tickets under any order of requests, verdicts and passing time."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import argon2
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from countenance.ceremony.verdict import Reason, Verdict
from countenance.clock import ManualClock
from countenance.identity.errors import TicketError
from countenance.identity.interfaces import Purpose, TransactionState
from countenance.identity.services import Identity, open_identity
from countenance.settings import LoginSettings, Settings

TRIES = 3


class TicketMachine(RuleBasedStateMachine):
    """One pending login; the model is a handful of counters.

    At most `TRIES` captures ever begin, each by its own ticket; the door opens at most once, and
    only after a capture was granted in time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.identity = _open(Path(self.folder.name), self.clock)
        self.user = self.identity.users.set_up(
            name="ada", display_name="", password="tall trees bend"
        )
        self.issued: list[str] = []
        self.redeemed: list[str] = []
        self.ids: set[str] = set()
        self.grants = 0
        self.refusals = 0
        self.opened = 0

    @initialize()
    def begin(self) -> None:
        self.token = self.identity.transactions.begin(
            Purpose.LOGIN, user_id=self.user.id, actor_id=None, address=""
        )

    @rule()
    def issue(self) -> None:
        ticket = self.identity.transactions.issue_ticket(self.token)
        if ticket is not None:
            assert ticket not in self.issued
            assert len(self.redeemed) < TRIES
            self.issued.append(ticket)

    @precondition(lambda self: self.issued)
    @rule(data=st.data())
    def redeem(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(self.issued))
        try:
            transaction = self.identity.transactions.redeem_ticket(ticket)
        except TicketError:
            return
        assert ticket not in self.redeemed
        assert ticket == self.issued[-1]
        assert transaction.state is TransactionState.PENDING
        self.redeemed.append(ticket)
        self.ids.add(transaction.id)

    @precondition(lambda self: self.ids)
    @rule(granted=st.booleans())
    def finish(self, *, granted: bool) -> None:
        verdict = Verdict.granted() if granted else Verdict.denied(Reason.TIMED_OUT)
        (transaction_id,) = self.ids
        before = self.identity.transactions.find(self.token)
        after = self.identity.transactions.finish(transaction_id, verdict)
        was_pending = before is not None and before.state is TransactionState.PENDING
        self.grants += was_pending and granted
        self.refusals += was_pending and not granted
        assert after.tries == self.refusals

    @rule()
    def complete(self) -> None:
        completed = self.identity.transactions.complete(self.token)
        if completed is not None:
            assert self.grants == 1
            assert completed.state is TransactionState.COMPLETED
            self.opened += 1

    @rule(seconds=st.sampled_from([1.0, 30.0, 59.0, 61.0, 200.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def set_clock_back(self) -> None:
        """The calendar jumps; nothing may become good again that was used."""
        self.clock._now -= timedelta(seconds=45)

    @invariant()
    def the_door_opens_at_most_once(self) -> None:
        assert self.opened <= 1
        assert self.grants <= 1
        assert len(self.redeemed) <= TRIES
        assert self.refusals <= TRIES

    def teardown(self) -> None:
        self.identity.close()
        self.folder.cleanup()


def _open(home: Path, clock: ManualClock) -> Identity:
    return open_identity(
        Settings(
            home=home,
            database_url=f"sqlite:///{home / 'test.db'}",
            login=replace(LoginSettings(), tries=TRIES),
        ),
        clock=clock,
        argon2=argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1),
    )


TestTickets = TicketMachine.TestCase
TestTickets.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
