"""What is stored, for whoever stands at the door."""

from __future__ import annotations

from flask import Blueprint, render_template

from countenance.web.access import public
from countenance.web.context import web


def make_blueprint() -> Blueprint:
    """`/privacy`."""
    pages = Blueprint("privacy", __name__)
    pages.add_url_rule("/privacy", "privacy", privacy)
    return pages


@public
def privacy() -> str:
    return render_template("privacy.html", limits=web().container.settings)
