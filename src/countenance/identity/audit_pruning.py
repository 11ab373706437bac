"""Rows of the trail that are older than it is kept go, from its beginning on and no others.

What goes is verified first, so that pruning never takes the evidence of a break away. The head then
seals where the chain goes on from, and a row tells how many went and until when.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session as DbSession

from countenance.events import Tag
from countenance.identity import audit_chain
from countenance.identity.audit import note
from countenance.identity.audit_chain import Cut, Head
from countenance.identity.audit_trail import HEAD_NAME, chained, head_of, mark_cut
from countenance.identity.errors import StorageError
from countenance.identity.models import AuditRow, InstallationRow
from countenance.identity.store import Store

AT_ONCE: Final = 20_000
"""Rows of one transaction, for which everybody who writes waits."""

Carried = Callable[[DbSession], Mapping[str, str]]
"""What the row that tells of a pruning has to carry on from rows that may go."""


@dataclass(frozen=True, slots=True)
class PrunedRows:
    """What a pruning took, or would take."""

    rows: int
    first_at: datetime | None = None
    """Of the oldest row; None when none goes."""
    last_at: datetime | None = None
    """Of the newest row that goes."""


class TrailPruning:
    """Prunes the trail of one installation; safe to use from several servers."""

    def __init__(self, store: Store, key: bytes, *, carried: Carried) -> None:
        self._store = store
        self._key = key
        self._carried = carried

    def look(self, before: datetime) -> PrunedRows:
        """What `prune` would take. Raises: StorageError."""
        with self._store.reading() as session:
            return _found(session, _last(session, head_of(session, self._key), before))

    def prune(self, before: datetime) -> PrunedRows:
        """Take all rows from the beginning up to the first one of this moment or later.

        They go some thousands at a time, each time whole and with a row of its own.

        Raises: StorageError: the trail is broken among them, or the database is away; what was
            not taken stays.
        """
        taken: list[PrunedRows] = []
        while True:
            with self._store.writing() as session:
                some = self._prune(session, before)
            if not some.rows:
                break
            taken.append(some)
        if not taken:
            return PrunedRows(0)
        self._store.scrub()
        rows = sum(some.rows for some in taken)
        return PrunedRows(rows, taken[0].first_at, taken[-1].last_at)

    def prune_daily(self, *, keep_days: float) -> PrunedRows:
        """`prune`, when the oldest row is a day past its time; so about once a day.

        Args: keep_days: 0 keeps everything.
        """
        if keep_days <= 0:
            return PrunedRows(0)
        before = days_before(self._store.now(), keep_days)
        with self._store.reading() as session:
            oldest = session.scalar(
                select(AuditRow.at)
                .where(AuditRow.number.is_not(None))
                .order_by(AuditRow.number)
                .limit(1)
            )
        if oldest is None or oldest >= days_before(before, 1):
            return PrunedRows(0)
        return self.prune(before)

    def _prune(self, session: DbSession, before: datetime) -> PrunedRows:
        stored = session.scalars(
            select(InstallationRow).where(InstallationRow.name == HEAD_NAME).with_for_update()
        ).one_or_none()
        head = head_of(session, self._key)
        begun = head.cut.rows if head.cut else 0
        last = min(_last(session, head, before), begun + AT_ONCE)
        if last <= begun or stored is None:
            return PrunedRows(0)
        mac = self._verified(session, head, last)
        found = _found(session, last)
        details = {
            **self._carried(session),
            "rows": str(found.rows),
            "until": found.last_at.isoformat(timespec="seconds") if found.last_at else "",
        }
        mark_cut(session, last)
        session.execute(delete(AuditRow).where(AuditRow.number <= last))
        stored.value = audit_chain.write_head(self._key, replace(head, cut=Cut(last, mac)))
        note(session, Tag.AUDIT_PRUNED, at=self._store.now(), details=details)
        return found

    def _verified(self, session: DbSession, head: Head, last: int) -> str:
        """HMAC of the last row that goes, once all that go are as they were written."""
        mac = session.scalar(select(AuditRow.mac).where(AuditRow.number == last))
        report = audit_chain.verify(
            self._key,
            chained(session, last=last),
            head=replace(head, rows=last, mac=mac or ""),
        )
        if mac is None or not report.is_intact:
            raise StorageError(
                f"The audit trail is broken at row {report.first_broken}; nothing was pruned.",
                remedy="Look with: countenance audit verify; see docs/explanation/audit-chain.md.",
            )
        return mac


def days_before(moment: datetime, days: float) -> datetime:
    """That many days of 24 hours earlier, or the earliest moment that there is."""
    try:
        return moment - timedelta(days=days)
    except OverflowError:
        return datetime.min.replace(tzinfo=moment.tzinfo)


def _last(session: DbSession, head: Head, before: datetime) -> int:
    """Number of the last row before the first one that stays."""
    first_kept = session.scalar(
        select(func.min(AuditRow.number)).where(AuditRow.number.is_not(None), AuditRow.at >= before)
    )
    return head.rows if first_kept is None else first_kept - 1


def _found(session: DbSession, last: int) -> PrunedRows:
    query = select(func.count(), func.min(AuditRow.at), func.max(AuditRow.at))
    rows, first_at, last_at = session.execute(query.where(AuditRow.number <= last)).one()
    return PrunedRows(rows, first_at, last_at)
