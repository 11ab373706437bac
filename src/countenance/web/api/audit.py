"""`/audit`: the trail, row by row in the order of its chain, and whether the chain is whole."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Final, cast

from flask import current_app
from pydantic import Field

from countenance.identity.api_scopes import Scope
from countenance.identity.api_token_rows import ACTOR_PREFIX
from countenance.identity.audit_chain import Break, Link
from countenance.identity.audit_trail import TrailFilter
from countenance.identity.errors import StorageError
from countenance.identity.interfaces import UserId
from countenance.web.access import token_required
from countenance.web.api.attempts import MAX_NUMBER
from countenance.web.api.models import Asked, Moment, Told, UserIdText
from countenance.web.api.operations import operation
from countenance.web.context import identity
from countenance.web.pages.audit import LastCheck

EXTENSION: Final = "countenance-api-check"
CHECK_RATE: Final = 6
"""Checks of one token in a minute: each walks the whole chain."""


class ActorKind(StrEnum):
    """Who did something."""

    USER = "user"
    """A person."""
    TOKEN = "token"  # noqa: S105 # nosec B105 # a kind of actor, not a secret
    """A token of the API; `details.maker` is the person who made it."""
    NONE = "none"
    """The command line, the installation itself, or somebody unknown."""


class Actor(Told):
    """Who did it."""

    kind: ActorKind
    id: str | None = Field(description="Of the user or the token.")


class AuditRowValue(Told):
    """One row."""

    number: int = Field(description="Place in the chain; each row has the next one.")
    at: Moment
    tag: str
    subject_id: UserIdText | None = Field(description="Whose record it concerns.")
    actor: Actor
    address: str
    details: dict[str, str]


class AuditQuery(Asked):
    """Which rows, and where the page begins."""

    after: Annotated[int, Field(ge=0, le=MAX_NUMBER)] = Field(
        0, description="`next` of the page before, or the last number that is known."
    )
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    tag: Annotated[str, Field(max_length=64)] = Field(
        "", description="A tag or its beginning, such as `user:login`."
    )
    user_id: Annotated[str, Field(min_length=36, max_length=36)] | None = Field(
        None,
        description="Whose record, or who did it, with a token or without.",
        json_schema_extra={"format": "uuid"},
    )
    since: Moment | None = None
    until: Moment | None = Field(None, description="Before this moment.")


class AuditPage(Told):
    """One page, oldest first."""

    rows: tuple[AuditRowValue, ...]
    next: int | None = Field(description="`after` of the page that follows; null at the end.")


class AuditCheck(Told):
    """Whether anybody altered the trail."""

    intact: bool
    rows: int
    first_broken: int | None
    problem: Break | None
    since: Moment | None = Field(description="When the chain began.")


@token_required(Scope.AUDIT_READ)
@operation("GET", "/audit", summary="List audit rows", query=AuditQuery, answers=AuditPage)
def list_rows(query: AuditQuery) -> AuditPage:
    """Rows in the order of the chain, so that `after` follows it as it grows."""
    wanted = TrailFilter(
        tag=query.tag,
        user_id=UserId(query.user_id) if query.user_id else None,
        since=query.since,
        until=query.until,
    )
    rows = identity().trail.following(wanted, after=query.after, limit=query.limit + 1)
    shown = rows[: query.limit]
    return AuditPage(
        rows=tuple(_row(row) for row in shown),
        next=shown[-1].number if len(rows) > query.limit else None,
    )


@token_required(Scope.AUDIT_READ)
@operation(
    "GET",
    "/audit/verification",
    summary="Check the chain",
    answers=AuditCheck,
    rate=CHECK_RATE,
)
def check_chain() -> AuditCheck:
    """Walk the chain from the first row to the head, as `countenance audit verify` does."""
    last = cast(LastCheck, current_app.extensions[EXTENSION])
    last.run()
    report = last.report
    if report is None:
        raise StorageError("The trail could not be read.", remedy="Try again.")
    return AuditCheck(
        intact=report.is_intact,
        rows=report.rows,
        first_broken=report.first_broken,
        problem=report.what,
        since=report.since,
    )


def _row(row: Link) -> AuditRowValue:
    return AuditRowValue(
        number=row.number,
        at=row.at,
        tag=row.tag,
        subject_id=row.subject_id,
        actor=_actor(row.actor_id),
        address=row.address,
        details={name: str(value) for name, value in json.loads(row.details).items()},
    )


def _actor(actor_id: str | None) -> Actor:
    if actor_id is None:
        return Actor(kind=ActorKind.NONE, id=None)
    if actor_id.startswith(ACTOR_PREFIX):
        return Actor(kind=ActorKind.TOKEN, id=actor_id.removeprefix(ACTOR_PREFIX))
    return Actor(kind=ActorKind.USER, id=actor_id)


OPERATIONS: Final = (list_rows, check_chain)
