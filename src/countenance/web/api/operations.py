"""A view of the API with all that the router and the document have to know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any, Final, Literal

from flask import Response, g

from countenance.identity.audit import acting_as
from countenance.web.api import bearer
from countenance.web.api.bodies import Body, JsonBody, read_query
from countenance.web.api.models import Asked, Told
from countenance.web.context import address

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
View = Callable[..., Any]
_MARK: Final = "countenance_operation"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one path."""

    method: Method
    path: str
    """Below `/api/v1`, in Flask's form, such as `/users/<user_id>`."""
    summary: str
    answers: type[Told] | None
    """None for an answer without a body."""
    status: HTTPStatus
    query: type[Asked] | None
    body: Body | None
    problems: frozenset[HTTPStatus]
    """Beyond those that every operation of its kind may have."""
    rate: int
    """Requests of one token in a minute; 0 leaves it to the limit of all."""


def operation(
    method: Method,
    path: str,
    *,
    summary: str,
    answers: type[Told] | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    query: type[Asked] | None = None,
    body: type[Asked] | Body | None = None,
    problems: tuple[HTTPStatus, ...] = (),
    rate: int = 0,
) -> Callable[[View], View]:
    """Make a view an operation of the API.

    The view is called with the parts of its path, `query` and `body`, and returns a value of
    `answers`, None where there is none, or a tuple of that and headers. What it changes is audited
    as done by the token. Mark it besides with `web.access.token_required` or `public`.
    """
    reader: Body | None = JsonBody(body) if isinstance(body, type) else body
    told = Operation(
        method, path, summary, answers, status, query, reader, frozenset(problems), rate
    )

    def mark(view: View) -> View:
        @wraps(view)
        def run(**parts: Any) -> Response:
            if "api_token" not in g:
                return _respond(told, view(**parts, **_given(told)))
            if rate:
                bearer.count(f"token {bearer.token().id} {method} {path}", rate)
            given = _given(told)
            with acting_as(bearer.token(), address=address()):
                return _respond(told, view(**parts, **given))

        vars(run)[_MARK] = told
        return run

    return mark


def operation_of(view: View) -> Operation:
    """What a view made by `operation` is. Raises: KeyError: it is none."""
    found: Operation = vars(view)[_MARK]
    return found


def _given(told: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if told.query is not None:
        found["query"] = read_query(told.query)
    if told.body is not None:
        found["body"] = told.body.read()
    return found


def _respond(told: Operation, result: Any) -> Response:
    headers: Mapping[str, str] = {}
    if isinstance(result, tuple):
        result, headers = result
    if told.answers is None:
        return Response(status=told.status, headers=dict(headers))
    if not isinstance(result, told.answers):
        raise TypeError(f"{told.method} {told.path} answers {told.answers.__name__}")
    return Response(
        result.model_dump_json(),
        status=told.status,
        headers=dict(headers),
        mimetype="application/json",
    )
