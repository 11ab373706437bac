"""What all bodies and answers of the API share. Pydantic models; strict, closed and frozen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema


class Asked(BaseModel):
    """A body or a query: unknown fields are refused, and no value is taken for another kind."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Told(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _moment(given: Any) -> datetime:
    if isinstance(given, datetime):
        return given
    if not isinstance(given, str) or len(given) > 40:
        raise ValueError("give a moment as RFC 3339, such as 2026-01-31T08:00:00Z")
    at = datetime.fromisoformat(given)
    if at.tzinfo is None:
        raise ValueError("give the moment's zone, such as Z for UTC")
    return at.astimezone(UTC)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    PlainSerializer(_text),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time with its zone, RFC 3339; told in UTC."""

UserIdText = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
"""The id of a user."""


class FieldProblem(Told):
    """One place that does not fit."""

    at: str = Field(description="Where, such as `body.name`.")
    problem: str


class Problem(Told):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="A URN that ends with the code.")
    title: str
    status: int
    code: str = Field(description="Stable; the error reference lists it.")
    detail: str
    remedy: str = Field(description="What to do about it; empty when nothing can be done.")
    retry_after_s: int | None = None
    errors: tuple[FieldProblem, ...] = ()
