"""Where tallies and levels are kept: in the database, or in memory for tests."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy import Double, Select, String, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from countenance.db import Base, UtcDateTime
from countenance.events import Tag
from countenance.identity.audit import note
from countenance.identity.interfaces import UserId
from countenance.identity.store import Store, affected, is_id
from countenance.identity.throttling import ELSEWHERE, Ledger, Level, Tally, Tried

SUBJECT: Final = String(64)
TALLIES_KEPT: Final = timedelta(days=365)
"""Without a further failure; as long for names that nobody has as for those of users."""
LEVELS_KEPT: Final = timedelta(days=1)


class TallyRow(Base):
    """Failures of one subject with one factor from one place."""

    __tablename__ = "throttle_tallies"

    subject: Mapped[str] = mapped_column(SUBJECT, primary_key=True)
    """Id of a user, or a keyed digest of a name that nobody has."""
    factor: Mapped[str] = mapped_column(String(16), primary_key=True)
    device: Mapped[str] = mapped_column(String(36), primary_key=True)
    """Id of a known device; empty for all others."""
    failures: Mapped[int]
    spent: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class LevelRow(Base):
    """How full a leaky bucket is."""

    __tablename__ = "throttle_levels"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    amount: Mapped[float] = mapped_column(Double)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


@dataclass
class Page:
    """One account's tallies of one factor, and some levels, while nobody else may change them."""

    ledger: Ledger
    levels: Mapping[str, Level]
    """Those that exist already, by name."""
    notes: list[tuple[Tag, Mapping[str, str]]] = field(default_factory=list)
    """What to write into the audit trail together with the change."""


class ThrottleBook(Protocol):
    """Keeps what throttling counts; safe to use from several threads and processes."""

    def open(
        self, subject: str, factor: Tried, *, levels: Iterable[str] = (), address: str = ""
    ) -> contextlib.AbstractContextManager[Page]:
        """Hold an account's tallies and the named levels; keeps what the page says at the end.

        Whoever opens the same account or level meanwhile waits. Nothing is kept when the block
        raises.

        Args:
            address: for the audit rows of the page.

        Raises: StorageError: the caller then lets no try in.
        """

    def read(self, subject: str, factor: Tried) -> Ledger:
        """The tallies as they are; empty when there are none. Raises: StorageError."""

    def forget(self, subject: str, *, actor: UserId | None) -> bool:
        """Drop all tallies of a user, and write down who did; False when there were none.

        Raises: StorageError.
        """

    def purge(self, *, now: datetime) -> int:
        """Drop what no longer counts; returns how many tallies. Raises: StorageError."""


class MemoryThrottleBook:
    """`ThrottleBook` of one process, forgotten with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tallies: dict[tuple[str, Tried], Ledger] = {}
        self._levels: dict[str, Level] = {}
        self.noted: list[Tag] = []

    @contextlib.contextmanager
    def open(
        self, subject: str, factor: Tried, *, levels: Iterable[str] = (), address: str = ""
    ) -> Iterator[Page]:
        with self._lock:
            held = {name: self._levels[name] for name in levels if name in self._levels}
            page = Page(self._tallies.get((subject, factor), {}), held)
            yield page
            self._tallies[subject, factor] = page.ledger
            self._levels.update(page.levels)
            self.noted += [tag for tag, _ in page.notes]

    def read(self, subject: str, factor: Tried) -> Ledger:
        with self._lock:
            return self._tallies.get((subject, factor), {})

    def forget(self, subject: str, *, actor: UserId | None) -> bool:
        with self._lock:
            kept = {key: value for key, value in self._tallies.items() if key[0] != subject}
            had_some, self._tallies = len(kept) < len(self._tallies), kept
            if had_some:
                self.noted.append(Tag.USER_UNLOCKED)
            return had_some

    def purge(self, *, now: datetime) -> int:
        with self._lock:
            old = [
                (key, device)
                for key, ledger in self._tallies.items()
                for device, tally in ledger.items()
                if tally.at <= now - TALLIES_KEPT
            ]
            for key, device in old:
                self._tallies[key] = {k: t for k, t in self._tallies[key].items() if k != device}
            self._levels = {k: v for k, v in self._levels.items() if v.at > now - LEVELS_KEPT}
            return len(old)


class SqlThrottleBook:
    """`ThrottleBook` in the database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @contextlib.contextmanager
    def open(
        self, subject: str, factor: Tried, *, levels: Iterable[str] = (), address: str = ""
    ) -> Iterator[Page]:
        now = self._store.now()
        with self._store.writing() as session:
            held = _lock_levels(session, sorted(levels), now)  # in order: no two wait in a circle
            rows = _lock_tallies(session, subject, factor, now)
            page = Page(
                {key: Tally(row.failures, row.spent, row.at) for key, row in rows.items()},
                {name: Level(row.amount, row.at) for name, row in held.items()},
            )
            yield page
            for key, tally in page.ledger.items():
                if key not in rows:
                    rows[key] = TallyRow(subject=subject, factor=factor.value, device=key)
                    session.add(rows[key])
                row = rows[key]
                row.failures, row.spent, row.at = tally.failures, tally.spent, tally.at
            for name, level in page.levels.items():
                held[name].amount, held[name].at = level.amount, level.at
            for tag, details in page.notes:
                note(
                    session,
                    tag,
                    at=now,
                    subject_id=UserId(subject) if is_id(subject) else None,
                    address=address,
                    details=details,
                )

    def read(self, subject: str, factor: Tried) -> Ledger:
        with self._store.reading() as session:
            rows = session.scalars(_of(subject, factor))
            return {row.device: Tally(row.failures, row.spent, row.at) for row in rows}

    def forget(self, subject: str, *, actor: UserId | None) -> bool:
        user_id = UserId(subject)
        with self._store.writing() as session:
            if not forget_tallies(session, subject):
                return False
            now = self._store.now()
            note(session, Tag.USER_UNLOCKED, at=now, subject_id=user_id, actor_id=actor)
        return True

    def purge(self, *, now: datetime) -> int:
        with self._store.writing() as session:
            session.execute(delete(LevelRow).where(LevelRow.at <= now - LEVELS_KEPT))
            return affected(session, delete(TallyRow).where(TallyRow.at <= now - TALLIES_KEPT))


def forget_tallies(session: Session, subject: str, *factors: Tried) -> bool:
    """Drop the tallies of an account in a running transaction; of all factors when none is named.

    A factor that is bound anew, or an account that goes, begins without a past.
    """
    gone = delete(TallyRow).where(TallyRow.subject == subject)
    if factors:
        gone = gone.where(TallyRow.factor.in_([factor.value for factor in factors]))
    return affected(session, gone) > 0


def _of(subject: str, factor: Tried) -> Select[TallyRow]:
    return select(TallyRow).where(TallyRow.subject == subject, TallyRow.factor == factor.value)


def _lock_levels(session: Session, names: list[str], now: datetime) -> dict[str, LevelRow]:
    held: dict[str, LevelRow] = {}
    for name in names:
        _insert_missing(session, LevelRow, name=name, amount=0.0, at=now)
        query = select(LevelRow).where(LevelRow.name == name).with_for_update()
        held[name] = session.scalars(query).one()
    return held


def _lock_tallies(
    session: Session, subject: str, factor: Tried, now: datetime
) -> dict[str, TallyRow]:
    """The account's rows; the one of unknown devices is always there and stands for the lock."""
    _insert_missing(
        session,
        TallyRow,
        subject=subject,
        factor=factor.value,
        device=ELSEWHERE,
        failures=0,
        spent=0,
        at=now,
    )
    rows = session.scalars(_of(subject, factor).order_by(TallyRow.device).with_for_update())
    return {row.device: row for row in rows}


def _insert_missing(session: Session, table: type[Base], **values: object) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(postgresql.insert(table).values(**values).on_conflict_do_nothing())
    else:
        session.execute(sqlite.insert(table).values(**values).on_conflict_do_nothing())
