"""What another app's page may ask for: how the capture will look, and a ticket for each try."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, request

from countenance.identity.errors import StorageError
from countenance.identity.verification_interfaces import Verification
from countenance.web import tries
from countenance.web.access import limited, public
from countenance.web.capture.socket import refuse_when_busy
from countenance.web.context import identity, web
from countenance.web.errors import ForeignOriginError, NoTransactionError
from countenance.web.pages.stage import stage_of

RATE: Final = "60 per minute"
_PREFLIGHT_S: Final = 600
"""How long a browser may remember that it may ask."""


def make_blueprint() -> Blueprint:
    """`/verifications/<id>/stage` and `/ticket`, both POST with the client secret as JSON."""
    pages = Blueprint("verification", __name__, url_prefix="/verifications/<verification_id>")
    pages.add_url_rule("/stage", "stage", stage, methods=["POST"])
    pages.add_url_rule("/ticket", "ticket", ticket, methods=["POST"])
    pages.after_request(_let_its_page_read)
    return pages


@public
@limited(RATE)
def stage(verification_id: str) -> Response:
    _own(verification_id)
    return jsonify(stage_of(web().container.settings.login))


@public
@limited(RATE)
def ticket(verification_id: str) -> Response:
    verification = _own(verification_id)
    tries.check_open_elsewhere(verification.subject)
    refuse_when_busy()
    issued = identity().verifications.issue_ticket(verification_id, _secret())
    if issued is None:
        raise _over()
    return jsonify({"ticket": issued})


def check_page(verification: Verification) -> None:
    """Hold whoever asks to what was agreed on when the verification was begun.

    Raises:
        ForeignOriginError: another page asks than the one it was begun for.
        NoTransactionError: this installation has come to ask for something else meanwhile.
    """
    if request.headers.get("Origin", "") != verification.origin:
        raise ForeignOriginError(
            "Another page asked than the one that this verification was begun for.",
            remedy="Begin it with the origin of the page that runs the capture.",
        )
    if verification.policy != web().container.settings.login.policy:
        raise _over()


def _own(verification_id: str) -> Verification:
    verification = identity().verifications.find(verification_id, _secret())
    if verification is None:
        raise _over()
    check_page(verification)
    return verification


def _secret() -> str:
    body = request.get_json(silent=True)
    given = body.get("client_secret") if isinstance(body, dict) else None
    return given if isinstance(given, str) else ""


def _over() -> NoTransactionError:
    return NoTransactionError(
        "This verification is over, or the client secret is not its own.",
        remedy="Begin a new one.",
    )


def _let_its_page_read(response: Response) -> Response:
    """Cross-origin access for the one page, errors included; no other learns of anything here."""
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if not origin or origin != _expected_origin():
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "POST"
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Access-Control-Max-Age"] = str(_PREFLIGHT_S)
    return response


def _expected_origin() -> str | None:
    verification_id = (request.view_args or {}).get("verification_id", "")
    try:
        return identity().verifications.origin_of(verification_id)
    except StorageError:
        return None
