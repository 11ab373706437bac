"""The OpenAPI 3.1 document, made from the operations and their models."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from countenance.identity.api_scopes import WORDS, Scope
from countenance.web.api.bodies import REFERENCE
from countenance.web.api.models import Asked, Problem, Told
from countenance.web.api.operations import Operation, View, operation_of
from countenance.web.api.problems import MEDIA_TYPE

EXTENSION: Final = "countenance-openapi"
"""Where an application keeps its document."""
VERSION: Final = "1"
BASE: Final = "/api/v1"
_PART: Final = re.compile(r"<(?:\w+:)?(\w+)>")
_ALWAYS: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_WITH_TOKEN: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_WITH_BODY: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
Values = dict[str, Any]


def openapi_document(views: Iterable[tuple[View, Scope | None]]) -> Values:
    """The document of these operations.

    Args: views: each with the scope that it asks for; None for a public one.
    """
    found = [(view, operation_of(view), scope) for view, scope in views]
    schemas = _schemas([told for _, told, _ in found])
    paths: Values = {}
    for view, told, scope in found:
        path = _PART.sub(r"{\1}", told.path)
        paths.setdefault(path, {})[told.method.lower()] = _operation(view, told, scope, schemas)
    queries = {told.query.__name__ for _, told, _ in found if told.query}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Countenance",
            "version": VERSION,
            "summary": "People, enrolments, attempts and the audit trail of one installation.",
            "description": (
                "Every request carries a token as `Authorization: Bearer cnt_…`; it has scopes and "
                "acts for the administrator who made it. Errors are problems of RFC 9457 with a "
                "stable `code`. Bodies have at most 64 KiB unless they are photographs; unknown "
                "fields are refused."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": BASE}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in schemas.items() if name not in queries},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Scopes: "
                    + "; ".join(f"`{scope}`: {words}" for scope, words in WORDS.items())
                    + ".",
                }
            },
        },
    }


def _schemas(operations: list[Operation]) -> Values:
    """Every model by its name."""
    asked: set[type[Asked]] = set()
    told: set[type[Told]] = {Problem}
    for one in operations:
        asked.update({one.query} if one.query else set())
        asked.update(one.body.models if one.body else ())
        told.update({one.answers} if one.answers else set())
    wanted = [(model, "validation") for model in sorted(asked, key=_name)]
    answers = [(model, "serialization") for model in sorted(told, key=_name)]
    _, schema = models_json_schema(
        [*wanted, *answers],  # type: ignore[list-item]  # literals lost in a list
        ref_template=REFERENCE + "{model}",
    )
    found: Values = schema["$defs"]
    return found


def _name(model: type[Asked | Told]) -> str:
    return model.__name__


def _operation(view: View, told: Operation, scope: Scope | None, schemas: Values) -> Values:
    described = " ".join((view.__doc__ or "").split())
    values: Values = {
        "operationId": view.__name__,
        "tags": [told.path.split("/")[1]],
        "summary": told.summary,
        "responses": _responses(told, scope),
    }
    needs = f"Needs the scope `{scope}`." if scope else "Needs no token."
    values["description"] = f"{described} {needs}".strip()
    values["security"] = [{"token": [scope.value]}] if scope else []
    if parameters := [*_path_parameters(told), *_query_parameters(told, schemas)]:
        values["parameters"] = parameters
    if told.body is not None:
        values["requestBody"] = {"required": True, "content": told.body.content()}
    return values


def _path_parameters(told: Operation) -> Iterable[Values]:
    for name in _PART.findall(told.path):
        schema = {"type": "string", "format": "uuid"} if name.endswith("_id") else {}
        yield {"name": name, "in": "path", "required": True, "schema": schema or {"type": "string"}}


def _query_parameters(told: Operation, schemas: Values) -> Iterable[Values]:
    if told.query is None:
        return
    schema = schemas[told.query.__name__]
    for name, described in schema["properties"].items():
        values = {"name": name, "in": "query", "required": name in schema.get("required", ())}
        plain = _without_null(described)
        if words := plain.pop("description", ""):
            values["description"] = words
        yield values | {"schema": plain}


def _without_null(schema: Values) -> Values:
    """A query has no null: what may be left out is only its own kind."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "title")}
    if rest.get("default", "") is None:
        del rest["default"]
    return rest | (kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {})


def _responses(told: Operation, scope: Scope | None) -> Values:
    statuses = {*_ALWAYS, *told.problems, *(_WITH_TOKEN if scope else ())}
    statuses |= {HTTPStatus.NOT_FOUND} if _PART.search(told.path) else set()
    statuses |= set(_WITH_BODY) if told.body else set()
    statuses |= {HTTPStatus.UNPROCESSABLE_ENTITY} if told.query else set()
    answer: Values = {"description": told.status.phrase}
    if told.answers is not None:
        schema = {"$ref": REFERENCE + told.answers.__name__}
        answer["content"] = {"application/json": {"schema": schema}}
    problem = {"schema": {"$ref": REFERENCE + Problem.__name__}}
    problems = {
        str(status.value): {"description": status.phrase, "content": {MEDIA_TYPE: problem}}
        for status in sorted(statuses)
    }
    return {str(told.status.value): answer, **problems}
