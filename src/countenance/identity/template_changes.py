"""Which templates changed since: how a gallery in memory learns of enrolments and erasures.

Each change of a template takes the next revision, in the transaction that makes it. The counter's
row is locked until that transaction ends, so revisions become visible in their order and none
can be missed (a sequence would hand out numbers that are committed later).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Text, cast, delete, select, update
from sqlalchemy.orm import Session as DbSession

from countenance.identity.interfaces import UserId
from countenance.identity.models import InstallationRow, TemplateChangeRow

COUNTER: Final = "template_revision"


def note_change(session: DbSession, user_id: UserId) -> None:
    """Note that the template of a user came, was replaced or went.

    The last act of its transaction: what holds the counter then waits for nobody.
    """
    value = cast(cast(InstallationRow.value, BigInteger) + 1, Text)
    counted = update(InstallationRow).where(InstallationRow.name == COUNTER).values(value=value)
    revision = session.scalars(
        counted.returning(InstallationRow.value),
        execution_options={"synchronize_session": False},
    ).one()
    session.execute(delete(TemplateChangeRow).where(TemplateChangeRow.user_id == user_id))
    session.add(TemplateChangeRow(user_id=user_id, revision=int(revision)))


def revision(session: DbSession) -> int:
    """The revision of the last change; 0 before the first."""
    counter = select(InstallationRow.value).where(InstallationRow.name == COUNTER)
    return int(session.scalars(counter).one())


def changes_since(session: DbSession, last: int) -> tuple[int, list[UserId]]:
    """The newest revision, and whose templates changed after `last`; each user once."""
    newer = select(TemplateChangeRow.revision, TemplateChangeRow.user_id)
    newer = newer.where(TemplateChangeRow.revision > last)
    rows = session.execute(newer.order_by(TemplateChangeRow.revision)).all()
    return (rows[-1].revision if rows else last), [UserId(row.user_id) for row in rows]
