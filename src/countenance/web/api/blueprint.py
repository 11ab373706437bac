"""The blueprint at `/api/v1`: every operation of every part, and the document of them all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from flask import Blueprint, Response
from flask.blueprints import BlueprintSetupState

from countenance.web.access import is_marked_public, public, scope_of
from countenance.web.api import (
    attempts,
    audit,
    bearer,
    enrolments,
    identify,
    users,
    verifications,
)
from countenance.web.api.limits import Windows
from countenance.web.api.openapi import BASE, EXTENSION, openapi_document
from countenance.web.api.operations import View, operation_of
from countenance.web.pages.audit import LastCheck

NAME: Final = "api"
PARTS: Final = (users, enrolments, attempts, audit, identify, verifications)
"""Modules with `OPERATIONS`; whoever adds a part adds it here."""


def make_blueprint() -> Blueprint:
    """Everything below `/api/v1`.

    Raises: ValueError: an operation says neither which scope it needs nor that it is public.
    """
    api = Blueprint(NAME, __name__, url_prefix=BASE)
    for view in _views():
        if scope_of(view) is None and not is_marked_public(view):
            raise ValueError(f"{view.__name__} asks for no scope and is not public")
        told = operation_of(view)
        api.add_url_rule(
            told.path,
            view.__name__,
            view,
            methods=[told.method],
            provide_automatic_options=False,
        )
    document = openapi_document((view, scope_of(view)) for view in _views())
    text = json.dumps(document, indent=1)

    @public
    def openapi() -> Response:
        return Response(text, mimetype="application/json")

    api.add_url_rule("/openapi.json", "openapi", openapi, provide_automatic_options=False)

    def begin(state: BlueprintSetupState) -> None:
        state.app.extensions[EXTENSION] = document
        state.app.extensions[bearer.EXTENSION] = Windows()
        state.app.extensions[audit.EXTENSION] = LastCheck()

    api.record_once(begin)
    return api


def _views() -> Iterator[View]:
    for part in PARTS:
        yield from part.OPERATIONS
