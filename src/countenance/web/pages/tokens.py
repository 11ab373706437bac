"""Tokens of the API: which there are, a new one that is shown once, an end for one."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from markupsafe import Markup

from countenance.apps.assurance import fresh_required
from countenance.identity.api_scopes import WORDS, Scope
from countenance.identity.api_tokens import DEFAULT_DAYS
from countenance.identity.errors import NotPermittedError, UnfitTokenError
from countenance.identity.permissions import Permission
from countenance.web.access import permission_required, public
from countenance.web.api.openapi import EXTENSION
from countenance.web.context import actor, identity, web
from countenance.web.errors import FORM_REFUSED
from countenance.web.pages import steps
from countenance.web.pages.auth import Answer

DAYS: Final = (7, 30, 90, 180, 365)
"""How long a token may be made for, as the page offers it."""


def make_blueprint() -> Blueprint:
    """`/tokens` and below."""
    pages = Blueprint("tokens", __name__, url_prefix="/tokens")
    pages.add_url_rule("", "tokens", tokens)
    pages.add_url_rule("/make", "make", make, methods=["GET", "POST"])
    pages.add_url_rule("/reference", "reference", reference)
    pages.add_url_rule("/<token_id>/revoke", "revoke", revoke, methods=["GET", "POST"])
    return pages


@permission_required(Permission.MANAGE_TOKENS)
def tokens() -> str:
    return render_template(
        "tokens.html", tokens=identity().api_tokens.list_tokens(), now=web().container.clock.now()
    )


@permission_required(Permission.MANAGE_TOKENS)
@fresh_required("tokens.make", title="Make a token of the API")
def make() -> Answer:
    if request.method == "GET":
        return _form(days=str(DEFAULT_DAYS))
    given = request.form
    scopes = [Scope(text) for text in given.getlist("scopes") if text in set(Scope)]
    try:
        token, text = identity().api_tokens.make(
            name=given.get("name", ""),
            scopes=scopes,
            days=given.get("days", DEFAULT_DAYS, type=int),
            maker=actor(),
        )
    except (UnfitTokenError, NotPermittedError) as error:
        page = _form(
            name=given.get("name", "")[:64],
            scopes=scopes,
            days=given.get("days", ""),
            problem=str(error),
        )
        return page, FORM_REFUSED
    # In the answer itself: it is nowhere else, and `no-store` keeps it out of caches.
    return render_template("token_made.html", token=token, text=text)


def _form(**values: Any) -> str:
    return render_template("token_make.html", words=WORDS, choices=DAYS, **values)


@permission_required(Permission.MANAGE_TOKENS)
def revoke(token_id: str) -> Answer:
    token = identity().api_tokens.get(token_id)
    if request.method == "GET":
        return render_template("token_revoke.html", token=token)
    identity().api_tokens.revoke(token.id, actor=actor())
    steps.say(f"The token {token.name} is revoked.")
    return redirect(url_for("tokens.tokens"))


@public
def reference() -> str:
    """What the OpenAPI document says, to be read."""
    document: dict[str, Any] = current_app.extensions[EXTENSION]
    parts: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            parts.setdefault(told["tags"][0], []).append(
                told
                | {
                    "method": method.upper(),
                    "path": document["servers"][0]["url"] + path,
                    "words": _words(told["description"]),
                }
            )
    return render_template("api_reference.html", parts=parts)


def _words(described: str) -> Markup:
    """A description without the scope, which has a column of its own."""
    plain, _, _ = described.partition("Needs the scope")
    pieces = plain.strip().split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if number % 2 else piece
        for number, piece in enumerate(pieces)
    )
