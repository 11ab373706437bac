"""Everything that an installation holds about one person, for that person (GDPR, article 15).

Every table that names a user is asked, so that a table that comes later is not forgotten. What
only proves or protects something (hashes, tokens, nonces, wrapped keys) is named and withheld:
it says nothing about the person and would help whoever steals the file.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, or_, select
from sqlalchemy.orm import Session as DbSession

from countenance.biometrics.templates import Template
from countenance.db import Base
from countenance.events import Tag
from countenance.identity.api_token_rows import token_actors
from countenance.identity.audit import note
from countenance.identity.interfaces import UserId
from countenance.identity.models import AuditRow
from countenance.identity.store import Store, read_user

FORMAT: Final = "countenance-personal-data/1"
OWNERS: Final = ("user_id", "subject_id", "actor_id")
"""Columns that name a user."""
WITHHELD: Final = "withheld: proves or protects, says nothing about you"
_SECRETS: Final = ("hash", "digest", "nonce", "ciphertext", "wrapped_key", "public_key")
Values = dict[str, Any]


class PersonalData:
    """`interfaces.PersonalDataExports` in the database."""

    def __init__(self, store: Store, load: Callable[[UserId], Template | None]) -> None:
        """Make the service.

        Args: load: opens the template of a user.
        """
        self._store = store
        self._load = load

    def export(self, user_id: UserId, *, actor: UserId | None) -> Values:
        template = self._load(user_id)
        now = self._store.now()
        with self._store.writing() as session:
            person = read_user(session, user_id)
            note(session, Tag.DATA_EXPORTED, at=now, subject_id=user_id, actor_id=actor)
            return {
                "format": FORMAT,
                "made_at": now.isoformat(timespec="seconds"),
                "name": person.name,
                "face": _face(template),
                "records": _records(session, user_id),
            }


def _face(template: Template | None) -> Values | None:
    """The samples that logins are compared with: rows of numbers, from which no picture comes."""
    if template is None:
        return None
    return {
        "model": template.pack,
        "samples": [[float(value) for value in row] for row in template.samples],
    }


def _records(session: DbSession, user_id: UserId) -> dict[str, list[Values]]:
    found = {}
    for table in Base.metadata.sorted_tables:
        if (rows := _rows(session, table, user_id)) is not None:
            found[table.name] = rows
    return found


def _rows(session: DbSession, table: Table, user_id: UserId) -> list[Values] | None:
    """Rows that belong to the user; None for a table that belongs to nobody."""
    condition = belongs_to(table, user_id)
    if condition is None:
        return None
    query = select(table).where(condition).order_by(*table.primary_key.columns)
    rows = session.execute(query).mappings()
    return [{name: _shown(name, value) for name, value in row.items()} for row in rows]


def belongs_to(table: Table, user_id: UserId) -> ColumnElement[bool] | None:
    """Condition: a row names the user, or hangs on a row that does; None where none can."""
    names = ("id",) if table.name == "users" else OWNERS
    columns = [table.c[name] for name in names if name in table.c]
    if columns:
        named = [column == user_id for column in columns]
        if table.name == AuditRow.__tablename__:
            named.append(table.c.actor_id.in_(token_actors(user_id)))
        return or_(*named)
    for key in table.foreign_keys:
        above = belongs_to(key.column.table, user_id)
        if above is not None:
            return key.parent.in_(select(key.column).where(above))
    return None


def _shown(name: str, value: Any) -> Any:
    if value is not None and (isinstance(value, bytes) or name.endswith(_SECRETS)):
        return WITHHELD
    return value.isoformat() if isinstance(value, datetime) else value
