"""Throttling under any order of tries, logins, passing time, jumps of the clock and restarts."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from countenance.identity.throttle_book import MemoryThrottleBook
from countenance.identity.throttles import Attempt, Throttles
from countenance.identity.throttling import Pace, Tried

ADA = "5f0c5a3e-0000-4000-8000-000000000000"
PACE = Pace(free=2, first_s=30, growth=2, longest_s=120, total=12)
PACES = dict.fromkeys(Tried, PACE)
STRANGER = None
DEVICES = (STRANGER, "laptop", "phone")


class ThrottleMachine(RuleBasedStateMachine):
    """One user; the model is a list of the times at which each place was let in.

    `true_s` never goes back; the calendar that the product sees may.
    """

    def __init__(self) -> None:
        super().__init__()
        self.true_s = 0.0
        self.offset_s = 0.0
        self.book = MemoryThrottleBook()
        self.throttles = self.begin_anew()
        self.let_in: dict[str | None, list[float]] = defaultdict(list)
        self.since_success = 0
        self.under_way: list[Attempt] = []
        self.jumped = False

    def now(self) -> datetime:
        epoch = datetime(2026, 1, 1, tzinfo=UTC)
        return epoch + timedelta(seconds=self.true_s + self.offset_s)

    def begin_anew(self) -> Throttles:
        return Throttles(self.book, paces=PACES, now=self.now, name_key=b"k" * 32)

    def try_once(self, device: str | None) -> Attempt | None:
        outcome = self.throttles.begin(Tried.FACE, subject=ADA, device=device, address="192.0.2.1")
        if not isinstance(outcome, Attempt):
            return None
        self.let_in[device].append(self.true_s)
        self.since_success += 1
        return outcome

    @rule(device=st.sampled_from(DEVICES))
    def a_wrong_try(self, device: str | None) -> None:
        if attempt := self.try_once(device):
            self.throttles.fail(attempt)

    @rule(device=st.sampled_from(DEVICES))
    def a_try_begins(self, device: str | None) -> None:
        if attempt := self.try_once(device):
            self.under_way.append(attempt)

    @precondition(lambda self: self.under_way)
    @rule()
    def it_fails(self) -> None:
        self.throttles.fail(self.under_way.pop())

    @rule(device=st.sampled_from(DEVICES))
    def a_right_try_and_a_login(self, device: str | None) -> None:
        attempt = self.try_once(device)
        if attempt is None:
            return
        self.throttles.succeed(attempt)
        self.throttles.relieve(ADA)
        self.let_in[device].clear()
        self.since_success = 0
        after = self.throttles.look(Tried.FACE, subject=ADA, device=device)
        assert after.is_open, "a success resets its place"

    @rule(seconds=st.sampled_from([0.5, 29.0, 30.0, 61.0, 121.0, 3600.0]))
    def time_passes(self, seconds: float) -> None:
        self.true_s += seconds

    @rule(seconds=st.sampled_from([-86_400.0 * 400, -3600.0, -45.0, -1.0]))
    def the_clock_is_set_back(self, seconds: float) -> None:
        self.offset_s += seconds

    @rule()
    def the_server_restarts(self) -> None:
        self.throttles = self.begin_anew()

    @rule()
    def a_stranger_storms(self) -> None:
        """As many wrong tries as are let in: the known devices are as they were."""
        before = [
            self.throttles.look(Tried.FACE, subject=ADA, device=device) for device in DEVICES[1:]
        ]
        for _ in range(PACE.total):
            self.a_wrong_try(STRANGER)
        after = [
            self.throttles.look(Tried.FACE, subject=ADA, device=device) for device in DEVICES[1:]
        ]
        assert after == before

    @invariant()
    def never_more_than_the_total_without_a_login(self) -> None:
        assert self.since_success <= PACE.total

    @invariant()
    def past_the_free_ones_each_try_waits_its_delay(self) -> None:
        """Also when the calendar was set back: then a delay is at most begun anew."""
        for times in self.let_in.values():
            for number in range(PACE.free, len(times)):
                waited = times[number] - times[number - 1]
                assert waited >= PACE.delay_s(number) or waited >= 86_400

    @invariant()
    def a_wait_always_ends(self) -> None:
        for device in DEVICES:
            decision = self.throttles.look(Tried.FACE, subject=ADA, device=device)
            assert decision.wait_s <= PACE.longest_s


TestThrottle = ThrottleMachine.TestCase
TestThrottle.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
