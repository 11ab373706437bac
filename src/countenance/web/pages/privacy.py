"""What is stored, for whoever stands at the door."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template

from countenance.web.access import public
from countenance.web.context import web


def make_blueprint() -> Blueprint:
    """`/privacy`, and `/healthz` for whatever watches the server."""
    pages = Blueprint("privacy", __name__)
    pages.add_url_rule("/privacy", "privacy", privacy)
    pages.add_url_rule("/healthz", "health", health)
    return pages


@public
def privacy() -> str:
    return render_template("privacy.html", limits=web().container.settings)


@public
def health() -> Response:
    return jsonify({"status": "ok"})
