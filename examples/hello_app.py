"""An app behind the door: one page that greets whoever is logged in.

A package offers it in its `pyproject.toml`:

    [project.entry-points."countenance.apps"]
    hello = "hello_app:app"
"""

from flask import Blueprint

from countenance.apps.api import App


def make_pages() -> Blueprint:
    """The pages; they lie below /apps/hello/."""
    pages = Blueprint("hello", __name__)
    pages.add_url_rule("/", "hello", lambda: "<p>You came through the door.</p>")
    return pages


app = App(title="Hello", slug="hello", summary="One page that greets.", blueprint=make_pages)
