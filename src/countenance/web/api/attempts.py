"""`/attempts`: logins that were granted or refused, with the reason that the door does not tell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from countenance.events import Tag
from countenance.identity.api_scopes import Scope
from countenance.identity.audit_chain import Link
from countenance.identity.audit_trail import TrailFilter
from countenance.identity.interfaces import UserId
from countenance.web import wording
from countenance.web.access import token_required
from countenance.web.api.models import Asked, Moment, Told, UserIdText
from countenance.web.api.operations import operation
from countenance.web.context import identity

MAX_NUMBER: Final = 2**62


class Outcome(StrEnum):
    """How an attempt ended."""

    GRANTED = "granted"
    REFUSED = "refused"


_TAGS: Final[Mapping[Outcome, tuple[Tag, ...]]] = {
    Outcome.GRANTED: (Tag.LOGIN_GRANTED, Tag.STEP_UP_GRANTED, Tag.VERIFICATION_GRANTED),
    Outcome.REFUSED: tuple(wording.ATTEMPTS),
}
_WITHOUT_REASON: Final = {
    Tag.PASSWORD_REFUSED.value: "password_wrong",
    Tag.LOGIN_CODE_REFUSED.value: "login_code_wrong",
}


class Attempt(Told):
    """One attempt."""

    number: int = Field(description="Its place in the audit trail.")
    at: Moment
    tag: str = Field(description="What was tried, such as `user:login:refused`.")
    outcome: Outcome
    reason: str | None = Field(description="Exact code of a refusal; null for a grant.")
    user_id: UserIdText | None = Field(description="As whom; null for a name that nobody has.")
    address: str


class AttemptQuery(Asked):
    """Which attempts, and where the page begins."""

    outcome: Outcome | None = None
    user_id: Annotated[str, Field(min_length=36, max_length=36)] | None = Field(
        None, json_schema_extra={"format": "uuid"}
    )
    since: Moment | None = None
    until: Moment | None = Field(None, description="Before this moment.")
    before: Annotated[int, Field(ge=1, le=MAX_NUMBER)] | None = Field(
        None, description="`next` of the page before."
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class AttemptList(Told):
    """One page, newest first."""

    attempts: tuple[Attempt, ...]
    next: int | None = Field(description="`before` of the page that follows; null at the end.")


@token_required(Scope.ATTEMPTS_READ)
@operation("GET", "/attempts", summary="List attempts", query=AttemptQuery, answers=AttemptList)
def list_attempts(query: AttemptQuery) -> AttemptList:
    """Logins, confirmations and verifications, granted and refused, and refused enrolments."""
    outcomes = [query.outcome] if query.outcome else list(Outcome)
    wanted = TrailFilter(
        tags=tuple(tag for outcome in outcomes for tag in _TAGS[outcome]),
        user_id=UserId(query.user_id) if query.user_id else None,
        since=query.since,
        until=query.until,
    )
    rows = identity().trail.page(wanted, before=query.before, limit=query.limit + 1)
    shown = rows[: query.limit]
    return AttemptList(
        attempts=tuple(_attempt(row) for row in shown),
        next=shown[-1].number if len(rows) > query.limit else None,
    )


def _attempt(row: Link) -> Attempt:
    is_granted = row.tag in {tag.value for tag in _TAGS[Outcome.GRANTED]}
    return Attempt(
        number=row.number,
        at=row.at,
        tag=row.tag,
        outcome=Outcome.GRANTED if is_granted else Outcome.REFUSED,
        reason=None if is_granted else _reason(row),
        user_id=row.subject_id,
        address=row.address,
    )


def _reason(row: Link) -> str:
    told = str(json.loads(row.details).get("reason", ""))
    if row.tag == Tag.PASSWORD_REFUSED and not told and row.subject_id is None:
        return "unknown_name"
    return told or _WITHOUT_REASON.get(row.tag, "unknown")


OPERATIONS: Final = (list_attempts,)
