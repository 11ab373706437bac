"""QR codes as SVG files, served at an address: the pages' policy permits no inline picture."""

from __future__ import annotations

import io

import segno
from flask import Response


def qr_answer(text: str) -> Response:
    """A QR code of a text that may be secret; dark on light in either appearance."""
    drawn = io.BytesIO()
    segno.make(text, error="m").save(
        drawn, kind="svg", scale=6, border=4, dark="#16201f", light="#ffffff", xmldecl=False
    )
    return Response(drawn.getvalue(), mimetype="image/svg+xml")
