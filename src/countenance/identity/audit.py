"""The audit trail: rows that are only ever added.

Services write what they do themselves, in the transaction of the act, so that neither happens
without the other: SETUP_COMPLETED, USER_*, PASSWORD_CHANGED, PASSWORD_RESET, FACE_ENROLLED,
FACE_ERASED, LOGIN_CODE_*, DEVICE_*. Logins, refusals and ended sessions are written by the edge
that knows the address.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from countenance.events import Tag
from countenance.identity.administration_interfaces import ApiToken
from countenance.identity.api_token_rows import ACTOR_PREFIX
from countenance.identity.interfaces import AuditEvent, UserId
from countenance.identity.models import AuditRow
from countenance.identity.store import PENDING, Store, clean_address


class _Acting(NamedTuple):
    token: ApiToken
    address: str


_ACTING: Final[ContextVar[_Acting | None]] = ContextVar("acting-token", default=None)


@contextlib.contextmanager
def acting_as(token: ApiToken, *, address: str = "") -> Iterator[None]:
    """Have every row that is written meanwhile name that token as its actor, and the address.

    The services are still told who made the token, so that rules about people hold for it: nobody
    approves a face that the own token enrolled. The row keeps that person as `maker`.
    """
    before = _ACTING.set(_Acting(token, address))
    try:
        yield
    finally:
        _ACTING.reset(before)


class SqlAuditTrail:
    """`interfaces.AuditTrail` in the database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(
        self,
        tag: Tag,
        *,
        subject_id: UserId | None = None,
        actor_id: UserId | None = None,
        address: str = "",
        details: Mapping[str, str] | None = None,
    ) -> None:
        with self._store.writing() as session:
            note(
                session,
                tag,
                at=self._store.now(),
                subject_id=subject_id,
                actor_id=actor_id,
                address=address,
                details=details,
            )

    def list_events(
        self,
        *,
        subject_id: UserId | None = None,
        tags: tuple[Tag, ...] = (),
        before_id: int | None = None,
        after_id: int | None = None,
        limit: int = 50,
    ) -> tuple[AuditEvent, ...]:
        query = select(AuditRow).limit(limit)
        if before_id is not None:
            query = query.where(AuditRow.id < before_id)
        if subject_id is not None:
            query = query.where(AuditRow.subject_id == subject_id)
        if after_id is None:
            query = query.order_by(AuditRow.id.desc())
        else:
            query = query.where(AuditRow.id > after_id).order_by(AuditRow.id)
        # Tag by tag: an index gives each in its order, where several at once would all be sorted.
        kinds = [query.where(AuditRow.tag == tag.value) for tag in tags] or [query]
        with self._store.reading() as session:
            rows = [_event(row) for kind in kinds for row in session.scalars(kind)]
        rows.sort(key=lambda event: event.id, reverse=after_id is None)
        return tuple(sorted(rows[:limit], key=lambda event: -event.id))


def note(
    session: DbSession,
    tag: Tag,
    *,
    at: datetime,
    subject_id: UserId | None = None,
    actor_id: UserId | None = None,
    address: str = "",
    details: Mapping[str, str] | None = None,
) -> None:
    """Add a row to the transaction of the act that it tells of.

    It is sealed at the end of that transaction, so that the chain is held only for a moment and
    whoever holds it waits for nobody.
    """
    actor, told = _actor(actor_id), dict(details or {})
    if (acting := _ACTING.get()) is not None:
        told["maker"] = acting.token.maker.id
        address = address or acting.address
    row = AuditRow(
        at=at,
        tag=tag.value,
        subject_id=subject_id,
        actor_id=actor,
        address=clean_address(address),
        details=json.dumps(told, sort_keys=True),  # ASCII: escapes what is not
    )
    session.info.setdefault(PENDING, []).append(row)


def _actor(actor_id: UserId | None) -> str | None:
    acting = _ACTING.get()
    return actor_id if acting is None else f"{ACTOR_PREFIX}{acting.token.id}"


def _event(row: AuditRow) -> AuditEvent:
    return AuditEvent(
        id=row.id,
        at=row.at,
        tag=Tag(row.tag),
        subject_id=None if row.subject_id is None else UserId(row.subject_id),
        actor_id=None if row.actor_id is None else UserId(row.actor_id),
        address=row.address,
        details=MappingProxyType(json.loads(row.details)),
    )
