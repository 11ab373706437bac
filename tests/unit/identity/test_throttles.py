"""What throttling promises beyond its rules; the book is in memory."""

from __future__ import annotations

import pytest

from countenance.clock import ManualClock
from countenance.identity.interfaces import UserId
from countenance.identity.throttle_book import MemoryThrottleBook
from countenance.identity.throttles import Attempt, Throttles
from countenance.identity.throttling import Decision, Tried, paces

HOME = "11111111-0000-4000-8000-000000000000"
ADA = UserId("5f0c5a3e-0000-4000-8000-000000000000")
ADDRESS = "192.0.2.1"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def throttles(clock: ManualClock) -> Throttles:
    return Throttles(
        MemoryThrottleBook(),
        paces=paces(is_pad_tested=False),
        now=clock.now,
        name_key=b"for digests of names",
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


def test_a_stranger_delays_nobody_at_home(throttles: Throttles, clock: ManualClock) -> None:
    for _ in range(50):
        clock.advance(3600)
        fail(throttles, 1)
    assert begin(throttles) == Decision(is_shut=True)
    assert isinstance(begin(throttles, device=HOME), Attempt)


def test_a_login_opens_what_was_shut(throttles: Throttles, clock: ManualClock) -> None:
    for _ in range(25):
        clock.advance(30)
        fail(throttles, 1, factor=Tried.FACE)
    clock.advance(10**6)
    assert begin(throttles, factor=Tried.FACE) == Decision(is_shut=True)
    throttles.relieve(ADA)
    assert isinstance(begin(throttles, factor=Tried.FACE), Attempt)


def test_an_own_login_between_guesses_does_not_help_a_guesser(throttles: Throttles) -> None:
    for number in range(20):
        own = begin(throttles, subject="mallory")
        assert isinstance(own, Attempt)
        throttles.succeed(own)
        fail(throttles, 1, subject=f"user {number}")
    assert begin(throttles, subject="user 99") == Decision(wait_s=30)


def test_guesses_from_many_addresses_are_slowed_too(throttles: Throttles) -> None:
    for number in range(200):
        fail(throttles, 1, subject=f"user {number}", address=f"198.51.100.{number}")
    assert begin(throttles, subject="other", address="203.0.113.1") == Decision(wait_s=1)
    assert isinstance(
        begin(throttles, subject="other", address="203.0.113.1", device=HOME), Attempt
    )


def test_what_came_to_no_judgement_counts_for_nothing(throttles: Throttles) -> None:
    for number in range(30):
        attempt = begin(throttles, subject=f"user {number % 2}")
        assert isinstance(attempt, Attempt)
        throttles.withdraw(attempt)
    assert isinstance(begin(throttles), Attempt)


def test_nothing_is_unlocked_where_nothing_failed(throttles: Throttles) -> None:
    assert not throttles.unlock(ADA, actor=None)


def test_names_that_nobody_has_are_kept_as_digests(throttles: Throttles) -> None:
    typed = throttles.subject(" Correct Horse ", None)
    assert typed == throttles.subject("correct horse", None)
    assert typed != throttles.subject("correct horses", None)
    assert "horse" not in typed
    assert throttles.subject("ada", ADA) == ADA
