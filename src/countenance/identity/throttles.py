"""Throttling as the door uses it: ask before a try, say after it how it went."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from countenance.events import Tag
from countenance.identity import throttling
from countenance.identity.interfaces import UserId
from countenance.identity.names import fold
from countenance.identity.throttle_book import Page, ThrottleBook
from countenance.identity.throttling import (
    ADDRESS,
    ELSEWHERE,
    EVERYWHERE,
    Allowance,
    Decision,
    Level,
    Pace,
    Tried,
)

_ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that was let in and is counted; to be told how it went, once."""

    factor: Tried
    subject: str
    """Id of the user, or what `Throttles.subject` made of a name that nobody has."""
    device: str
    """Id of a device that is known to be the user's; empty for any other."""
    address: str
    """Where it came from."""
    is_first: bool = False
    """Whether nothing else, such as a password, was asked before."""


@dataclass(frozen=True, slots=True)
class Slowed:
    """One reason why a user may not try, for the administration."""

    factor: Tried
    is_known_device: bool
    decision: Decision
    failures: int
    """In a row."""


class Throttles:
    """Counts failed tries and says when the next one may be made.

    Every method may raise `StorageError`; whoever asks then lets nobody in.
    """

    def __init__(
        self,
        book: ThrottleBook,
        *,
        paces: Mapping[Tried, Pace],
        now: Callable[[], datetime],
        name_key: bytes,
    ) -> None:
        """Begin to count.

        Args:
            now: the calendar time, UTC and aware.
            name_key: for digests of names that nobody has; people type passwords there.
        """
        self._book = book
        self._paces = paces
        self._now = now
        self._name_key = name_key

    def subject(self, name: str, user_id: str | None) -> str:
        """Whom a login name is counted as: its user, or a digest of the name.

        Unknown names are counted like known ones, so that no delay tells which they are.
        """
        if user_id is not None:
            return user_id
        folded = fold(name.strip()).encode("utf-8", "surrogatepass")
        return hmac.new(self._name_key, folded, hashlib.sha256).hexdigest()

    def begin(
        self,
        factor: Tried,
        *,
        subject: str,
        device: str | None,
        address: str,
        is_first: bool = False,
    ) -> Attempt | Decision:
        """Let a try in and count it as failed until it is told otherwise, or say how long to wait.

        Args:
            device: id of a device known to be the user's; None for any other, or when it is not
                known. Known ones are exempt from what strangers of their address use up.
            is_first: of a face, whether no password was asked before it.
        """
        attempt = Attempt(factor, subject, device or ELSEWHERE, address, is_first=is_first)
        pace, now = self._paces[factor], self._now()
        with self._open(attempt) as page:
            decision = throttling.decide(pace, page.ledger, attempt.device, now=now)
            wait_s = max((decision.wait_s, *self._waits(attempt, page, now)))
            if decision.is_shut or wait_s:
                page.ledger = {
                    key: throttling.settled(tally, now=now) for key, tally in page.ledger.items()
                }
                return Decision(is_shut=True) if decision.is_shut else Decision(wait_s=wait_s)
            page.ledger = throttling.counted(page.ledger, attempt.device, now=now)
            self._fill(attempt, page, by=1)
        return attempt

    def fail(self, attempt: Attempt) -> Decision:
        """The try was wrong; returns when the next one may be made."""
        now, pace = self._now(), self._paces[attempt.factor]
        with self._book.open(attempt.subject, attempt.factor, address=attempt.address) as page:
            page.ledger = throttling.failed(page.ledger, attempt.device, now=now)
            decision = throttling.decide(pace, page.ledger, attempt.device, now=now)
            self._note(attempt, page, decision)
        return decision

    def succeed(self, attempt: Attempt) -> None:
        """The try was right: earlier failures there no longer count."""
        with self._open(attempt) as page:
            page.ledger = throttling.succeeded(page.ledger, attempt.device)
            self._fill(attempt, page, by=-1)

    def withdraw(self, attempt: Attempt) -> None:
        """The try came to no judgement, by no fault of whoever tried: it does not count."""
        with self._open(attempt) as page:
            page.ledger = throttling.withdrawn(page.ledger, attempt.device)
            self._fill(attempt, page, by=-1)

    def relieve(self, user_id: str) -> None:
        """The user has logged in: what was shut is open again."""
        for factor in Tried:
            if any(tally.spent for tally in self._book.read(user_id, factor).values()):
                with self._book.open(user_id, factor) as page:
                    page.ledger = throttling.relieved(page.ledger)

    def look(self, factor: Tried, *, subject: str, device: str | None) -> Decision:
        """Whether the account may try now; counts nothing and looks at no address."""
        ledger = self._book.read(subject, factor)
        return throttling.decide(self._paces[factor], ledger, device or ELSEWHERE, now=self._now())

    def slowed(self, user_id: str) -> tuple[Slowed, ...]:
        """What keeps the user from trying now, longest first; empty when nothing does."""
        found = [slow for factor in Tried for slow in self._slowed(user_id, factor)]
        return tuple(
            sorted(found, key=lambda slow: (-slow.decision.is_shut, -slow.decision.wait_s))
        )

    def _slowed(self, user_id: str, factor: Tried) -> Iterator[Slowed]:
        ledger, pace, now = self._book.read(user_id, factor), self._paces[factor], self._now()
        for device, tally in ledger.items():
            decision = throttling.decide(pace, ledger, device, now=now)
            if not decision.is_open:
                yield Slowed(factor, device != ELSEWHERE, decision, tally.failures)

    def unlock(self, user_id: UserId, *, actor: UserId | None) -> bool:
        """Let the user try again as if nothing had failed; False when nothing had."""
        return self._book.forget(user_id, actor=actor)

    def purge(self) -> int:
        """Drop what no longer counts; returns how many tallies."""
        return self._book.purge(now=self._now())

    def _open(self, attempt: Attempt) -> AbstractContextManager[Page]:
        return self._book.open(
            attempt.subject,
            attempt.factor,
            levels=_allowances(attempt),
            address=attempt.address,
        )

    def _waits(self, attempt: Attempt, page: Page, now: datetime) -> list[int]:
        return [
            throttling.allow(allowance, page.levels[name], now=now)
            for name, allowance in _allowances(attempt).items()
            if name in page.levels
        ]

    def _fill(self, attempt: Attempt, page: Page, *, by: int) -> None:
        now = self._now()
        page.levels = {
            name: throttling.filled(
                allowance, page.levels.get(name, Level(0.0, now)), now=now, by=by
            )
            for name, allowance in _allowances(attempt).items()
        }

    def _note(self, attempt: Attempt, page: Page, decision: Decision) -> None:
        """Write down when delays begin and when a factor is shut, not each failure after it."""
        tally = page.ledger.get(attempt.device)
        if decision.is_shut:
            tag = Tag.LOGIN_SHUT
        elif tally is not None and tally.failures == self._paces[attempt.factor].free:
            tag = Tag.LOGIN_SLOWED
        else:
            return
        place = "unknown" if attempt.device == ELSEWHERE else "known"
        page.notes.append((tag, {"factor": attempt.factor.value, "device": place}))


def _allowances(attempt: Attempt) -> dict[str, Allowance]:
    """What a try uses up besides its account's own tally.

    A known device uses up nothing that strangers share with it. A face mostly comes after a right
    password, which has passed here already.
    """
    has_passed = attempt.factor is Tried.FACE and not attempt.is_first
    if attempt.device != ELSEWHERE or has_passed:
        return {}
    return {
        _ALL: EVERYWHERE,
        f"address {throttling.neighbourhood(attempt.address)}"[:64]: ADDRESS,
    }
