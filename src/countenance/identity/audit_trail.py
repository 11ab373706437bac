"""The sealed trail in the database: rows joined to the chain, read in pages, verified."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as DbSession

from countenance.events import Tag
from countenance.identity import audit_chain
from countenance.identity.api_token_rows import token_actors
from countenance.identity.audit import note
from countenance.identity.audit_chain import GENESIS, Anchor, Head, Link, Report
from countenance.identity.errors import StorageError
from countenance.identity.interfaces import UserId
from countenance.identity.models import AuditRow, InstallationRow
from countenance.identity.store import Store

HEAD_NAME: Final = "audit-head"
CUT_NAME: Final = "audit-cut"
BATCH: Final = 2000
_COLUMNS: Final = (
    AuditRow.number,
    AuditRow.at,
    AuditRow.tag,
    AuditRow.subject_id,
    AuditRow.actor_id,
    AuditRow.address,
    AuditRow.details,
)


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """Which rows are asked for; empty ones take all."""

    tag: str = ""
    """A tag, or the beginning of one, such as `user:login`."""
    tags: tuple[Tag, ...] = ()
    """Any of these, whole."""
    user_id: UserId | None = None
    """Whose record it concerns, or who did it, also with a token of the API."""
    since: datetime | None = None
    until: datetime | None = None
    """Before this moment."""


class SealedTrail:
    """Reads and checks the chain; safe to use from several threads."""

    def __init__(self, store: Store, key: bytes) -> None:
        self._store = store
        self._key = key

    def verify(self, *, anchors: Iterable[str] = ()) -> Report:
        """Walk the whole chain. Raises: StorageError.

        Args: anchors: lines of `anchor`, from where nobody could change them.
        """
        found = [audit_chain.read_anchor(self._key, line) for line in anchors]
        with self._store.reading() as session:
            if session.get_bind().dialect.name == "postgresql":
                # One moment for rows and head; a transaction that reads SQLite has that anyway.
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            head = audit_chain.read_head(self._key, _head_text(session))
            unsealed = session.scalar(
                select(func.count()).where(AuditRow.number.is_(None) | AuditRow.mac.is_(None))
            )
            return audit_chain.verify(
                self._key,
                chained(session),
                head=head,
                unsealed=unsealed or 0,
                anchors=found,
            )

    def anchor(self) -> str:
        """One line that proves later how the trail stood now. Raises: StorageError."""
        with self._store.reading() as session:
            head = head_of(session, self._key)
        return audit_chain.write_anchor(self._key, Anchor(head.rows, head.mac, self._store.now()))

    def page(
        self, wanted: TrailFilter, *, before: int | None = None, limit: int = 50
    ) -> tuple[Link, ...]:
        """Rows of the chain, newest first, older than the one of number `before`."""
        kinds = [replace(wanted, tags=(tag,)) for tag in wanted.tags] or [wanted]
        with self._store.reading() as session:
            found = [
                _link(row)
                for kind in kinds
                for row in session.execute(_newest(kind, before=before, limit=limit))
            ]
        return tuple(sorted(found, key=lambda link: -link.number)[:limit])

    def following(self, wanted: TrailFilter, *, after: int, limit: int) -> tuple[Link, ...]:
        """Rows of the chain, oldest first, newer than the one of number `after`."""
        query = _filtered(wanted).where(AuditRow.number > after)
        with self._store.reading() as session:
            rows = session.execute(query.order_by(AuditRow.number).limit(limit))
            return tuple(_link(row) for row in rows)

    def export(self, wanted: TrailFilter, *, kind: str, actor: UserId | None) -> Iterator[Link]:
        """All rows that fit, oldest first; that they were taken out is written down before.

        Args: kind: file format, for the audit row.
        """
        told = {"format": kind, "tag": wanted.tag, "user": wanted.user_id or ""}
        with self._store.writing() as session:
            details = {name: value for name, value in told.items() if value}
            note(
                session,
                Tag.AUDIT_EXPORTED,
                at=self._store.now(),
                actor_id=actor,
                details=details,
            )
        with self._store.reading() as session:
            rows = session.execute(_filtered(wanted).order_by(AuditRow.number))
            yield from (_link(row) for row in rows.yield_per(BATCH))

    def join(self, session: DbSession, rows: list[AuditRow]) -> None:
        """Seal rows and add them to the end of the chain; the last act of their transaction.

        Whoever joins meanwhile waits for the head, on SQLite for the one writer.

        Raises: StorageError: the head is gone or not of this key; nothing is written then.
        """
        stored = session.scalars(
            select(InstallationRow).where(InstallationRow.name == HEAD_NAME).with_for_update()
        ).one_or_none()
        head = head_of(session, self._key)
        for row in rows:
            head = self._sealed(row, head)
        session.add_all(rows)
        if stored is not None:
            stored.value = audit_chain.write_head(self._key, head)

    def begin(self) -> None:
        """Seal the rows of a trail that has no chain yet; nothing happens when it has one."""
        with self._store.reading() as session:
            if _head_text(session) is not None or _is_sealed(session):
                return
        try:
            with self._store.writing() as session:
                head = Head(0, GENESIS, self._store.now())
                stored = InstallationRow(
                    name=HEAD_NAME, value=audit_chain.write_head(self._key, head)
                )
                session.add(stored)
                session.flush()  # another start that is as far waits here, then finds it taken
                mark_cut(session, 0)
                head = self._adopt(session, head)
                stored.value = audit_chain.write_head(self._key, head)
                session.flush()
                if head.rows:
                    details = {"rows": str(head.rows)}
                    note(session, Tag.AUDIT_BEGAN, at=head.since, details=details)
        except StorageError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise

    def _adopt(self, session: DbSession, head: Head) -> Head:
        ids = session.scalars(select(AuditRow.id).order_by(AuditRow.id)).all()
        for start in range(0, len(ids), BATCH):
            chunk = ids[start : start + BATCH]
            found = session.scalars(
                select(AuditRow).where(AuditRow.id.in_(chunk)).order_by(AuditRow.id)
            ).all()
            changes: list[dict[str, object]] = []
            for row in found:
                head = self._sealed(row, head)
                changes.append({"id": row.id, "number": row.number, "mac": row.mac})
                session.expunge(row)
            session.execute(update(AuditRow), changes)
        return head

    def _sealed(self, row: AuditRow, head: Head) -> Head:
        row.number = head.rows + 1
        link = Link(
            row.number, row.at, row.tag, row.subject_id, row.actor_id, row.address, row.details
        )
        row.mac = audit_chain.seal(self._key, link, before=head.mac)
        return replace(head, rows=row.number, mac=row.mac)


def open_trail(store: Store, key: bytes) -> SealedTrail:
    """Have the store seal what is noted, and begin the chain where there is none."""
    trail = SealedTrail(store, key)
    store.seal_with(trail.join)
    trail.begin()
    return trail


def as_values(link: Link) -> Mapping[str, object]:
    """A row for a file or a machine."""
    return {
        "number": link.number,
        "at": link.at.isoformat(),
        "tag": link.tag,
        "subject": link.subject_id,
        "actor": link.actor_id,
        "address": link.address,
        "details": link.details,
    }


def _head_text(session: DbSession) -> str | None:
    return session.scalar(select(InstallationRow.value).where(InstallationRow.name == HEAD_NAME))


def head_of(session: DbSession, key: bytes) -> Head:
    """The head. Raises: StorageError: it is gone or not of this key."""
    head = audit_chain.read_head(key, _head_text(session))
    if head is None:
        raise StorageError(
            "The head of the audit trail is gone or altered.",
            remedy="Restore the database from a backup; see docs/explanation/audit-chain.md.",
        )
    return head


def mark_cut(session: DbSession, last: int) -> None:
    """Tell the triggers up to which row deleting is meant; the chain does not go by it."""
    session.merge(InstallationRow(name=CUT_NAME, value=str(last)))
    session.flush()


def _is_sealed(session: DbSession) -> bool:
    return session.scalar(select(AuditRow.id).where(AuditRow.mac.is_not(None)).limit(1)) is not None


def chained(session: DbSession, *, last: int | None = None) -> Iterator[tuple[Link, str]]:
    """Rows of the chain with their HMACs, by number; up to `last` where that is given."""
    sealed = AuditRow.number.is_not(None) & AuditRow.mac.is_not(None)
    query = select(*_COLUMNS, AuditRow.mac).where(sealed).order_by(AuditRow.number)
    if last is not None:
        query = query.where(AuditRow.number <= last)
    for row in session.execute(query).yield_per(BATCH):
        yield _link(row), str(row.mac)


def _filtered(wanted: TrailFilter) -> Select[Any]:
    query = cast("Select[Any]", select(*_COLUMNS)).where(AuditRow.number.is_not(None))
    for condition in _conditions(wanted):
        query = query.where(condition)
    return query


def _newest(wanted: TrailFilter, *, before: int | None, limit: int) -> Select[Any]:
    """Rows of one tag, or of all, newest first.

    Tag by tag, since an index gives each in its order, where several at once would all be sorted.
    Ids rise with numbers: both are given out while the head of the chain is held.
    """
    query = _filtered(wanted).order_by(AuditRow.id.desc()).limit(limit)
    return query if before is None else query.where(AuditRow.number < before)


def _conditions(wanted: TrailFilter) -> Iterator[ColumnElement[bool]]:
    columns = AuditRow.__table__.c
    if wanted.tag:
        yield columns.tag.startswith(wanted.tag, autoescape=True)
    if wanted.tags:
        yield columns.tag.in_([tag.value for tag in wanted.tags])
    if wanted.user_id is not None:
        yield or_(
            columns.subject_id == wanted.user_id,
            columns.actor_id == wanted.user_id,
            columns.actor_id.in_(token_actors(wanted.user_id)),
        )
    if wanted.since is not None:
        yield columns.at >= wanted.since
    if wanted.until is not None:
        yield columns.at < wanted.until


def _link(row: Any) -> Link:
    """The value of a row of `_COLUMNS`."""
    return Link(row.number, row.at, row.tag, row.subject_id, row.actor_id, row.address, row.details)
