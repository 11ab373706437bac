"""The WebSocket of a verification: the capture of a login, opened from another app's page."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, g, request

from countenance.identity.errors import TicketError
from countenance.web.capture.make import make_session
from countenance.web.capture.socket import make_socket_blueprint, take_place
from countenance.web.context import address, identity, web
from countenance.web.errors import TicketRefusedError
from countenance.web.verification.page import check_page

PATH: Final = "/ws/verification"


def make_verification_socket() -> Blueprint:
    """The one endpoint, `/ws/verification?ticket=...`."""
    return make_socket_blueprint("verification_socket", PATH, _admit)


def _admit() -> None:
    """Ticket and origin, then place, then the use of the ticket."""
    ticket = request.args.get("ticket", "")
    verification = identity().verifications.of_ticket(ticket)
    if verification is None:
        raise _refused()
    check_page(verification)
    take_place(verification.id)
    try:
        transaction = identity().verifications.redeem_ticket(ticket, address=address())
    except TicketError as error:
        raise _refused() from error
    g.capture = make_session(
        web(),
        transaction,
        verification=verification,
        wants_colours=request.args.get("colours") != "no",
    )


def _refused() -> TicketRefusedError:
    return TicketRefusedError(
        "The capture ticket is unknown, expired or used.", remedy="Begin the capture again."
    )
