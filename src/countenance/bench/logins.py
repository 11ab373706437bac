"""Many logins at once against a real server: what becomes of each, and what it costs."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from countenance.bench.logins_browser import LostError, Visitor
from countenance.bench.logins_clips import Clip
from countenance.bench.logins_server import Load, MeasuredServer

USES_PER_ACCOUNT: Final = 4
"""Tries that one account sees: the fifth refusal in a row would bring a pause of 30 seconds."""
LOOK_EVERY_S: Final = 0.5
_STRIDE: Final = 17
"""Frames by which one login of a clip begins later than the one before."""


class Kind(StrEnum):
    """Who stands before the camera after a right password."""

    BONA_FIDE = "bona_fide"
    """The user."""
    IMPOSTOR = "impostor"
    """Another person."""
    ATTACK = "attack"
    """A recorded presentation attack."""


_MIX: Final = (Kind.BONA_FIDE, Kind.BONA_FIDE, Kind.IMPOSTOR, Kind.BONA_FIDE, Kind.ATTACK)
"""Two of five logins are hostile."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the server under test."""

    name: str
    password: str
    person: str
    """Whose face is enrolled."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One login that is to be tried."""

    number: int
    kind: Kind
    account: Account
    clip: Clip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt."""

    attempt: Attempt
    is_granted: bool | None
    """None when it was lost."""
    reason: str
    """Public reason of a refusal, or where a lost one stopped; empty when granted."""
    verdict_s: float
    """From the first frame to the verdict; 0 when lost."""
    login_s: float
    """From the login page to the end."""
    replies_s: tuple[float, ...]
    waits: int
    """How often the server asked to wait."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The server at one moment of a run."""

    at_s: float
    done: int
    """Logins that were over."""
    load: Load


@dataclass(slots=True)
class LevelRun:
    """All that was seen at one number of concurrent logins."""

    concurrent: int
    outcomes: list[Outcome] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    took_s: float = 0.0


def plan(
    clips: Sequence[Clip], accounts: Sequence[Account], *, logins: int, first: int = 0
) -> Iterator[Attempt]:
    """Who logs in as whom, in an order that is the same in every run.

    Args:
        clips: at least one of a person who has an account.
        accounts: each is used `USES_PER_ACCOUNT` times at most; see `accounts_needed`.
        logins: how many.
        first: number of the first one; a later level goes on where the one before ended.
    """
    live = [clip for clip in clips if not clip.is_attack]
    attacks = [clip for clip in clips if clip.is_attack]
    for number in range(first, first + logins):
        account = accounts[number % len(accounts)]
        kind = _kind(number, has_attacks=bool(attacks), people=len({c.person for c in live}))
        # A clip of the right sort; which one changes from one round of the mix to the next.
        fitting = {
            Kind.BONA_FIDE: [clip for clip in live if clip.person == account.person],
            Kind.IMPOSTOR: [clip for clip in live if clip.person != account.person],
            Kind.ATTACK: [c for c in attacks if c.person == account.person] or attacks,
        }[kind]
        yield Attempt(number, kind, account, fitting[number // len(_MIX) % len(fitting)])


def accounts_needed(logins: int) -> int:
    """How many accounts keep every one of them from a pause."""
    return -(-logins // USES_PER_ACCOUNT)


def _kind(number: int, *, has_attacks: bool, people: int) -> Kind:
    kind = _MIX[number % len(_MIX)]
    if kind is Kind.ATTACK and not has_attacks:
        kind = Kind.IMPOSTOR
    return Kind.BONA_FIDE if kind is Kind.IMPOSTOR and people < 2 else kind


def run_level(
    server: MeasuredServer,
    attempts: Sequence[Attempt],
    *,
    concurrent: int,
    fps: float,
    on_done: Callable[[], None],
) -> LevelRun:
    """Carry out the attempts, so many at a time.

    Args:
        server: running.
        attempts: in order.
        concurrent: logins at a time.
        fps: of each camera.
        on_done: called after each login.

    Raises: BenchServerError: the server went away.
    """
    run = LevelRun(concurrent)
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(server, run, over))
    began_s = time.monotonic()

    def go(attempt: Attempt) -> None:
        run.outcomes.append(_try(server.port, attempt, fps=fps))
        on_done()

    watch.start()
    try:
        with ThreadPoolExecutor(concurrent) as pool:
            for _ in pool.map(go, attempts):
                pass
    finally:
        over.set()
        watch.join()
    run.took_s = time.monotonic() - began_s
    server.load()  # tells if it is gone
    return run


def _try(port: int, attempt: Attempt, *, fps: float) -> Outcome:
    visitor = Visitor(port, address=_address(attempt.number))
    began_s = time.monotonic()
    granted: bool | None = None
    reason, verdict_s, replies_s = "", 0.0, list[float]()
    try:
        capture = visitor.log_in(
            name=attempt.account.name,
            password=attempt.account.password,
            clip=attempt.clip,
            start=_STRIDE * attempt.number,
            fps=fps,
        )
        granted, reason = bool(capture.verdict["granted"]), capture.verdict["reason"] or ""
        verdict_s, replies_s = capture.verdict_s, capture.replies_s
    except LostError as error:
        reason = str(error)
    login_s = time.monotonic() - began_s
    seen = tuple(replies_s)
    return Outcome(attempt, granted, reason, verdict_s, login_s, seen, visitor.waits)


def _address(number: int) -> str:
    """An own address for each visitor, as the limit of tries is counted by address."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _watch(server: MeasuredServer, run: LevelRun, over: threading.Event) -> None:
    began_s = time.monotonic()
    for _ in itertools.count():
        try:
            load = server.load()
        except Exception:  # noqa: BLE001 - the run itself tells that the server is gone
            return
        if load is not None:
            run.moments.append(Moment(time.monotonic() - began_s, len(run.outcomes), load))
        if over.wait(LOOK_EVERY_S):
            return
