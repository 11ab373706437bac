"""The rules of throttling, with no clock and no storage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.identity import throttling
from countenance.identity.throttling import (
    ADDRESS,
    ELSEWHERE,
    FACE,
    FACE_TESTED,
    FORGOTTEN_AFTER,
    OPEN,
    TYPED,
    Ledger,
    Level,
    Pace,
    Tally,
    Tried,
    neighbourhood,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOME = "5f0c5a3e-0000-4000-8000-000000000000"


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def wrong(times: int, *, device: str = ELSEWHERE, ledger: Ledger | None = None) -> Ledger:
    """The ledger after so many wrong tries at NOW."""
    found: Ledger = ledger or {}
    for _ in range(times):
        found = throttling.failed(throttling.counted(found, device, now=NOW), device, now=NOW)
    return found


@pytest.mark.parametrize(
    ("pace", "free", "delays", "total"),
    [
        # NIST SP 800-63B-4, 3.2.3: biometrics without and with tested detection of attacks.
        (FACE, 5, [30, 30, 30], 50),
        (FACE_TESTED, 10, [30, 30, 30], 100),
        # 3.2.2: delays that rise, "e.g., 30 seconds up to an hour", and at most 100.
        (TYPED, 5, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600], 100),
    ],
)
def test_the_figures_are_those_of_the_standard(
    pace: Pace, free: int, delays: list[float], total: int
) -> None:
    assert [pace.delay_s(n) for n in range(free)] == [0] * free
    assert [pace.delay_s(free + n) for n in range(len(delays))] == delays
    assert pace.total == total
    assert pace.share(ELSEWHERE) + pace.share(HOME) == total


def test_no_delay_outlasts_the_time_after_which_delays_are_forgotten() -> None:
    for pace in throttling.paces(is_pad_tested=True).values():
        assert timedelta(seconds=pace.longest_s) < FORGOTTEN_AFTER


def test_detection_that_is_not_tested_gives_no_further_tries() -> None:
    assert throttling.paces(is_pad_tested=False)[Tried.FACE] is FACE
    assert throttling.paces(is_pad_tested=True)[Tried.FACE] is FACE_TESTED


def test_the_sixth_try_waits_thirty_seconds_from_the_end_of_the_fifth() -> None:
    ledger = wrong(5)
    assert throttling.decide(FACE, wrong(4), ELSEWHERE, now=NOW) == OPEN
    assert throttling.decide(FACE, ledger, ELSEWHERE, now=after(6.2)).wait_s == 24
    assert throttling.decide(FACE, ledger, ELSEWHERE, now=after(30)) == OPEN


def test_the_delay_runs_from_the_end_of_a_try_not_from_its_begin() -> None:
    ledger = throttling.counted(wrong(4), ELSEWHERE, now=NOW)
    ledger = throttling.failed(ledger, ELSEWHERE, now=after(20))
    assert throttling.decide(FACE, ledger, ELSEWHERE, now=after(20)).wait_s == 30


def test_a_stranger_is_shut_out_at_half_of_the_total_and_the_owner_is_not() -> None:
    ledger = wrong(25)
    assert throttling.decide(FACE, ledger, ELSEWHERE, now=after(10**6)).is_shut
    assert throttling.decide(FACE, ledger, HOME, now=NOW) == OPEN


def test_all_known_devices_share_the_other_half() -> None:
    ledger = wrong(13, device="laptop", ledger=wrong(12, device="phone"))
    for device in ("laptop", "phone", "tablet"):
        assert throttling.decide(FACE, ledger, device, now=after(10**6)).is_shut
    assert throttling.decide(FACE, ledger, ELSEWHERE, now=NOW) == OPEN


def test_a_success_at_home_does_not_give_strangers_fresh_tries() -> None:
    ledger = throttling.succeeded(wrong(7, device=HOME, ledger=wrong(9)), HOME)
    assert throttling.decide(FACE, ledger, HOME, now=NOW) == OPEN
    assert throttling.decide(FACE, ledger, ELSEWHERE, now=NOW).wait_s == 30
    assert ledger[ELSEWHERE].spent == 9


def test_a_login_opens_what_was_shut_and_keeps_the_pace() -> None:
    ledger = throttling.relieved(wrong(25))
    assert throttling.decide(FACE, ledger, ELSEWHERE, now=NOW).wait_s == 30
    assert throttling.decide(FACE, ledger, ELSEWHERE, now=after(30)) == OPEN


def test_a_try_that_came_to_nothing_counts_for_nothing() -> None:
    ledger = throttling.withdrawn(throttling.counted(wrong(4), ELSEWHERE, now=NOW), ELSEWHERE)
    assert ledger[ELSEWHERE] == Tally(4, 4, NOW)
    assert throttling.withdrawn({}, ELSEWHERE) == {}


def test_a_day_without_failures_forgets_the_delay_and_not_the_total() -> None:
    later = NOW + FORGOTTEN_AFTER
    assert throttling.settled(wrong(20)[ELSEWHERE], now=later) == Tally(0, 20, NOW)
    ledger = throttling.counted(wrong(20), ELSEWHERE, now=later)
    assert ledger[ELSEWHERE] == Tally(1, 21, later)


@given(
    failures=st.integers(0, 100),
    jump_s=st.floats(-1e9, 1e9),
    pace=st.sampled_from([FACE, FACE_TESTED, TYPED]),
)
def test_no_jump_of_the_clock_makes_a_wait_longer_than_its_delay(
    failures: int, jump_s: float, pace: Pace
) -> None:
    ledger = {ELSEWHERE: Tally(failures, 0, NOW)}
    there = NOW + timedelta(seconds=jump_s)
    decision = throttling.decide(pace, ledger, ELSEWHERE, now=there)
    assert 0 <= decision.wait_s <= pace.delay_s(failures)
    assert not decision.is_shut


@given(failures=st.integers(0, 100), a_s=st.floats(0, 1e6), b_s=st.floats(0, 1e6))
def test_waiting_never_makes_a_wait_longer(failures: int, a_s: float, b_s: float) -> None:
    ledger = {ELSEWHERE: Tally(failures, 0, NOW)}
    first, second = sorted((a_s, b_s))
    waits = [
        throttling.decide(TYPED, ledger, ELSEWHERE, now=after(seconds)).wait_s
        for seconds in (first, second)
    ]
    assert waits[0] >= waits[1]


def test_an_address_has_twenty_tries_at_once_then_two_a_minute() -> None:
    level = Level(0, NOW)
    for _ in range(20):
        assert throttling.allow(ADDRESS, level, now=NOW) == 0
        level = throttling.filled(ADDRESS, level, now=NOW)
    assert throttling.allow(ADDRESS, level, now=NOW) == 30
    assert throttling.allow(ADDRESS, level, now=after(29)) == 1
    assert throttling.allow(ADDRESS, level, now=after(30)) == 0
    assert throttling.allow(ADDRESS, level, now=after(-(10**6))) == 30


def test_a_right_try_takes_back_its_own_count_and_no_more() -> None:
    level = Level(7, NOW)
    again = throttling.filled(ADDRESS, throttling.filled(ADDRESS, level, now=NOW), now=NOW, by=-1)
    assert again == level
    assert throttling.filled(ADDRESS, Level(0, NOW), now=NOW, by=-1).amount == 0


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_addresses_that_one_subscriber_may_take_are_counted_together(
    address: str, counted_as: str
) -> None:
    assert neighbourhood(address) == counted_as
