"""How many wrong tries are let in, and how fast. Pure: no clock, no storage.

Two rules with different ends. A *pace* bounds guesses at one account: tallies of one user and one
factor, apart for each device that the user is known to log in with and for all others together. An
*allowance* bounds guesses at many accounts, from one address or from everywhere.

A try is counted before it is judged and taken back when it was right, so that tries that run
beside each other cannot slip through together.

Source: NIST SP 800-63B-4, 3.2.2 (rate limiting) and 3.2.3 (biometrics).
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

FORGOTTEN_AFTER: Final = timedelta(hours=24)
"""So long without a failure, and the next tries are not slowed down. Longer than any delay, so
that waiting for it never gains an attacker anything. The total is not forgotten."""
ELSEWHERE: Final = ""
"""Stands for every device that a user is not known to log in with."""


class Tried(StrEnum):
    """What is tried."""

    PASSWORD = "password"  # noqa: S105 # nosec B105 # a name, not a secret
    FACE = "face"
    CODE = "code"
    """A typed code: one-time, of an app, or for recovery."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How consecutive failures of one factor slow down the next try, and where they end."""

    free: int
    """Failures without a delay."""
    first_s: float
    """Delay after the last free failure, seconds."""
    growth: float
    """By how much each further failure lengthens it; 1 keeps it."""
    longest_s: float
    """Where it stops growing, seconds; below `FORGOTTEN_AFTER`."""
    total: int
    """Failures of one account on all its devices together, after which the factor is shut."""

    def delay_s(self, failures: int) -> float:
        """Seconds before the next try, after so many failures in a row."""
        if failures < self.free:
            return 0.0
        steps = min(failures - self.free, 64)  # a float holds that, and it is past any limit
        return min(self.longest_s, self.first_s * self.growth**steps)

    def share(self, device: str) -> int:
        """How many of the total may come from where that device stands.

        Half is kept for known devices, so that a stranger who uses up the rest shuts nobody out
        where they are at home, and both halves together never exceed the total.
        """
        half = self.total // 2
        return half if device == ELSEWHERE else self.total - half


FACE: Final = Pace(free=5, first_s=30, growth=1, longest_s=30, total=50)
"""3.2.3: five tries, then 30 s before each, at most 50."""
FACE_TESTED: Final = replace(FACE, free=10, total=100)
"""3.2.3: the same where presentation attack detection is tested and meets the standard's bar."""
TYPED: Final = Pace(free=5, first_s=30, growth=2, longest_s=3600, total=100)
"""3.2.2: at most 100, after delays that rise from 30 seconds up to an hour."""


CODES: Final = replace(TYPED, total=50)
"""The standard's limit is an upper bound; half of it keeps six digits safer, and an
authenticator app shuts itself no sooner."""


def paces(*, is_pad_tested: bool) -> Mapping[Tried, Pace]:
    """The pace of each factor."""
    face = FACE_TESTED if is_pad_tested else FACE
    return {Tried.PASSWORD: TYPED, Tried.FACE: face, Tried.CODE: CODES}


@dataclass(frozen=True, slots=True)
class Tally:
    """Failures of one user with one factor from one place."""

    failures: int
    """In a row; they set the delay."""
    spent: int
    """Since the user last logged in; they count against the total."""
    at: datetime
    """Of the newest one."""


Ledger = Mapping[str, Tally]
"""All tallies of one user and one factor, by device id or `ELSEWHERE`."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a try may be made now."""

    wait_s: int = 0
    """Seconds until one may, rounded up; 0 when it may or `is_shut`."""
    is_shut: bool = False
    """Whether none may until the user logs in another way or is unlocked."""

    @property
    def is_open(self) -> bool:
        """Whether a try may be made."""
        return self.wait_s == 0 and not self.is_shut


OPEN: Final = Decision()


def decide(pace: Pace, ledger: Ledger, device: str, *, now: datetime) -> Decision:
    """Whether the user may try from that device.

    Args:
        device: id of a device known to be the user's, or `ELSEWHERE`.
    """
    if _spent_beside(ledger, device) >= pace.share(device):
        return Decision(is_shut=True)
    if device not in ledger:
        return OPEN
    tally = settled(ledger[device], now=now)
    return Decision(wait_s=_left_s(pace.delay_s(tally.failures), tally.at, now))


def counted(ledger: Ledger, device: str, *, now: datetime) -> Ledger:
    """The ledger once a try from there has begun: as if it had failed."""
    before = settled(ledger.get(device, Tally(0, 0, now)), now=now)
    return {**ledger, device: Tally(before.failures + 1, before.spent + 1, now)}


def failed(ledger: Ledger, device: str, *, now: datetime) -> Ledger:
    """The ledger once a counted try has failed: the delay runs from here."""
    before = ledger.get(device)
    return ledger if before is None else {**ledger, device: replace(before, at=now)}


def succeeded(ledger: Ledger, device: str) -> Ledger:
    """The ledger once a try was right: what failed there before is disregarded (3.2.2).

    Failures of strangers stay, or each login of the owner would give them fresh tries.
    """
    return {
        key: replace(
            tally,
            failures=0 if key == device else tally.failures,
            spent=0 if _is_beside(key, device) else tally.spent,
        )
        for key, tally in ledger.items()
    }


def withdrawn(ledger: Ledger, device: str) -> Ledger:
    """The ledger once a counted try came to no judgement, as when the engine fails."""
    before = ledger.get(device)
    if before is None:
        return ledger
    less = replace(before, failures=max(0, before.failures - 1), spent=max(0, before.spent - 1))
    return {**ledger, device: less}


def relieved(ledger: Ledger) -> Ledger:
    """The ledger once the user has logged in with all factors: what was shut opens.

    Delays stay, so that a stranger's next guess is no sooner for it.
    """
    return {key: replace(tally, spent=0) for key, tally in ledger.items()}


def settled(tally: Tally, *, now: datetime) -> Tally:
    """The tally as the present sees it.

    A failure long ago sets no delay. One in what is now the future, because the clock was set
    back, happened now: the delay begins anew and ends, however far the clock was moved.
    """
    if tally.at > now:
        return replace(tally, at=now)
    return replace(tally, failures=0) if now - tally.at >= FORGOTTEN_AFTER else tally


def _spent_beside(ledger: Ledger, device: str) -> int:
    return sum(tally.spent for key, tally in ledger.items() if _is_beside(key, device))


def _is_beside(key: str, device: str) -> bool:
    """Whether two places share one half of the total."""
    return (key == ELSEWHERE) == (device == ELSEWHERE)


def _left_s(delay_s: float, since: datetime, now: datetime) -> int:
    return max(0, math.ceil(delay_s - (now - since).total_seconds()))


@dataclass(frozen=True, slots=True)
class Allowance:
    """A leaky bucket: so many failures at once, then one in every so many seconds."""

    burst: int
    every_s: float


ADDRESS: Final = Allowance(burst=20, every_s=30)
"""Of one address: twenty at once, then two a minute. Nobody's login gives one back but its own."""
EVERYWHERE: Final = Allowance(burst=200, every_s=1)
"""Of all unknown devices together: slows down a guess at everybody from many addresses."""


@dataclass(frozen=True, slots=True)
class Level:
    """How full a leaky bucket was."""

    amount: float
    """Failures that have not leaked out; 0 or more."""
    at: datetime


def leaked(allowance: Allowance, level: Level, *, now: datetime) -> Level:
    """The level now. A clock that was set back lets nothing leak, and counts on from there."""
    gone = max(0.0, (now - level.at).total_seconds()) / allowance.every_s
    return Level(max(0.0, level.amount - gone), now)


def allow(allowance: Allowance, level: Level, *, now: datetime) -> int:
    """Seconds until a further try may be made; 0 when it may."""
    above = leaked(allowance, level, now=now).amount - (allowance.burst - 1)
    return max(0, math.ceil(above * allowance.every_s - 1e-6))


def filled(allowance: Allowance, level: Level, *, now: datetime, by: int = 1) -> Level:
    """The level once a try has begun (`by` 1), or was right after all (`by` -1)."""
    present = leaked(allowance, level, now=now)
    return replace(present, amount=max(0.0, present.amount + by))


def neighbourhood(address: str) -> str:
    """Whom an address is counted with: an IPv4 address alone, an IPv6 address with its /64.

    A subscriber is usually given a whole /64 (RFC 6177), and could change within it at will.
    Whatever is no address counts as one.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, 64), strict=False))
