"""The WebSocket end of a capture. All checks come before the upgrade, as plain HTTP answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, SupportsIndex

from flask import Blueprint, current_app, g, request
from flask_sock import Sock
from simple_websocket import ConnectionClosed, Server

from countenance.ceremony.verdict import Reason
from countenance.identity.errors import TicketError
from countenance.identity.interfaces import Transaction
from countenance.web.access import public
from countenance.web.capture import replies
from countenance.web.capture.make import make_session
from countenance.web.capture.replies import Reply
from countenance.web.capture.session import CaptureSession
from countenance.web.capture.turns import CaptureClock
from countenance.web.context import Web, identity, known_device, pending, web
from countenance.web.errors import BusyError, ForeignOriginError, TicketRefusedError
from countenance.web.security import is_allowed_origin

ENDPOINT: Final = "capture.run"
TICK_S: Final = 0.2
"""How often silence and time limit are looked at while nothing comes."""
LINGER_S: Final = 2.0
"""How long a client may take to hang up after the verdict."""
PATIENCE_S: Final = 1.5
"""How long a reloaded page waits for its earlier capture to notice that it is gone."""
RETRY_AFTER_S: Final = 5


def make_capture_blueprint() -> Blueprint:
    """The one endpoint, `/ws/capture?ticket=...&camera=...`."""
    return make_socket_blueprint("capture", "/ws/capture", _admit)


def make_socket_blueprint(name: str, path: str, admit: Callable[[], None]) -> Blueprint:
    """A blueprint with a socket that carries a capture.

    Args: admit: takes a place (`take_place`) and sets `g.capture`, or raises.
    """
    blueprint = Blueprint(name, __name__)
    sock = Sock()
    sock.route(path, bp=blueprint, endpoint="run")(public(run))
    blueprint.before_request(admit)
    blueprint.teardown_request(lambda _error: _free_place())
    return blueprint


def refuse_when_busy() -> None:
    """Raises: BusyError: a capture could not begin now."""
    if web().admission.is_full:
        web().metrics.turned_away()
        raise BusyError(
            "Many people are logging in.", remedy="Try again shortly.", retry_after_s=RETRY_AFTER_S
        )


def _admit() -> None:
    """Origin, browser, place and ticket, in the order of what they cost."""
    check_origin()
    _, mine = pending()
    take_place(mine.id)
    transaction = _redeem(mine)
    g.capture = make_session(
        web(),
        transaction,
        device=known_device(transaction.user_id),
        mark=request.args.get("camera", ""),
        wants_colours=request.args.get("colours") != "no",
    )


def take_place(transaction_id: str) -> None:
    """Take a place for the capture of a transaction, until the request ends.

    Raises: BusyError: there is none, or another capture of it is running.
    """
    refuse_when_busy()
    if not web().admission.enter(transaction_id, patience_s=PATIENCE_S):
        raise BusyError(
            "A capture of this login is already running.",
            remedy="Close the other window.",
            retry_after_s=RETRY_AFTER_S,
        )
    g.place = transaction_id


def check_origin() -> None:
    """Raises: ForeignOriginError: a page of another site asks."""
    allowed = is_allowed_origin(
        request.headers.get("Origin", ""),
        host=request.host,
        is_secure=request.is_secure,
        more=web().container.settings.server.origins,
    )
    if not allowed:
        raise ForeignOriginError(
            "Another site asked for the camera connection.",
            remedy="Open the login page itself, or add its origin to COUNTENANCE_ORIGINS.",
        )


def _redeem(mine: Transaction) -> Transaction:
    remedy = "Reload the page and try again."
    try:
        transaction = identity().transactions.redeem_ticket(request.args.get("ticket", ""))
    except TicketError as error:
        raise TicketRefusedError(error.message, remedy=remedy) from error
    if transaction.id != mine.id:
        raise TicketRefusedError("The ticket belongs to another browser.", remedy=remedy)
    return transaction


def _free_place() -> None:
    if place := g.pop("place", None):
        web().admission.leave(place)


class Inbox(list[Any]):
    """Messages that wait; a client that sends beyond its credit loses the connection."""

    def __init__(self, waiting: Iterable[Any], *, limit: int) -> None:
        super().__init__(waiting)
        self._limit = limit
        self.has_overflowed = False

    def append(self, message: Any) -> None:
        # The reader thread of simple-websocket takes an OSError as the end of the connection.
        if len(self) >= self._limit:
            self.has_overflowed = True
            raise ConnectionAbortedError("more messages wait than were asked for")
        super().append(message)

    def pop(self, index: SupportsIndex = -1) -> Any:
        return super().pop(index)


def run(socket: Server) -> None:
    """Carry one capture from the first frame to its verdict."""
    parts = web()
    credit = parts.container.settings.capture.credit
    # What is told of the camera needs no credit.
    socket.input_buffer = Inbox(socket.input_buffer, limit=credit + 1)
    session: CaptureSession = g.capture
    try:
        _converse(socket, session, parts)
        _free_place()
        linger(socket)
    except (ConnectionClosed, OSError):
        session.interrupt(Reason.PROTOCOL if _was_flooded(socket) else Reason.INTERRUPTED)
    except BaseException:
        session.interrupt(Reason.INTERRUPTED)
        raise


def _converse(socket: Server, session: CaptureSession, parts: Web) -> None:
    clock = CaptureClock(parts.container.clock)
    _send(socket, [session.greet()])
    while not session.is_over:
        answers: list[Reply] = []
        message = socket.receive(timeout=TICK_S)
        if message is not None:
            arrived_s = parts.container.clock.monotonic_s()
            with clock.standing_still(parts.turns):
                parts.metrics.waited(parts.container.clock.monotonic_s() - arrived_s)
                answers = session.receive(
                    message,
                    at_s=clock.now_s(),
                    arrived_s=arrived_s,
                    is_crowded=parts.turns.is_crowded,
                )
        _send(socket, [*answers, *session.tick(at_s=clock.now_s())])


def linger(socket: Server) -> None:
    """Let the client hang up first.

    A close with unread frames would reset the connection, and the verdict could be lost.
    """
    for _ in range(int(LINGER_S / TICK_S)):
        socket.receive(timeout=TICK_S)


def _send(socket: Server, answers: Iterable[Reply]) -> None:
    for reply in answers:
        socket.send(replies.encode(reply))


def _was_flooded(socket: Server) -> bool:
    """Whether the connection was cut for a message too large, or for too many at once."""
    limit: int = current_app.config["SOCK_SERVER_OPTIONS"]["max_message_size"]
    return bool(socket.incoming_message_len > limit or socket.input_buffer.has_overflowed)
