"""Figures as SVG that follows the light or dark scheme of whoever reads it."""

from __future__ import annotations

import io
import re
from html import escape
from typing import TYPE_CHECKING, Final

from countenance.evaluation.theme import TOKENS, custom_properties

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FONT: Final = "'Inter Variable', Inter, system-ui, sans-serif"
"""Of a report; one of them is on every machine."""


def svg_of(figure: Figure, *, name: str, description: str) -> str:
    """Render a figure for the inside of a page.

    Args:
        figure: drawn with the colours of `theme.TOKENS`.
        name: tells its ids from those of the other charts of a page.
        description: for people who do not see it.

    Returns: an `<svg>` element whose colours are the custom properties of the page.
    """
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    element = buffer.getvalue()
    element = element[element.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    element = re.sub(r"font-family: [^;\"]*", "font-family: inherit", element)
    # Only clip paths are referred to, and their names come from the salt.
    element = re.sub(r' id="[\w.]+_\d+"', "", element)
    for token, colour in TOKENS.items():
        element = element.replace(colour, f"var(--{token})")
    label = f'<svg role="img" aria-label="{escape(description)}" '
    return element.replace("<svg ", label, 1).strip()


def standalone(element: str) -> str:
    """An SVG file of what `svg_of` returned."""
    style = (
        f"<style>{custom_properties()} svg{{background:var(--surface);font-family:{FONT}}}</style>"
    )
    head, tail = element.split(">", 1)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{head}>{style}{tail}\n'
