"""The static files that pages of other apps may load: the element and what it imports."""

from __future__ import annotations

from typing import Final

EMBEDDABLE: Final = frozenset(
    {
        *(
            f"/static/js/{name}.js"
            for name in (
                "camera",
                "connection",
                "countdown",
                "countenance",
                "embed_server",
                "embed_view",
                "face_box",
                "frames",
                "ring",
                "shade",
                "speech",
                "stage",
                "words",
            )
        ),
        *(f"/static/css/{name}.css" for name in ("controls", "countenance", "stage")),
    }
)
"""They hold nothing of anybody and need no login."""


def is_embeddable(path: str) -> bool:
    """Whether the address is one of them.

    >>> is_embeddable("/static/js/countenance.js"), is_embeddable("/static/js/page.js")
    (True, False)
    """
    return path in EMBEDDABLE
