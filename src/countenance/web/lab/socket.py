"""The WebSocket of the lab. Origin, right and place are checked before the upgrade."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from flask import Blueprint, g
from flask_sock import Sock
from simple_websocket import ConnectionClosed, Server

from countenance.ceremony.policy import PassivePolicy
from countenance.datasets.shelf import Shelf
from countenance.events import Tag
from countenance.identity.interfaces import User
from countenance.identity.permissions import Permission
from countenance.web.access import permission_required
from countenance.web.capture.socket import (
    PATIENCE_S,
    RETRY_AFTER_S,
    TICK_S,
    Inbox,
    check_origin,
    linger,
    refuse_when_busy,
)
from countenance.web.capture.turns import CaptureClock
from countenance.web.context import Web, address, identity, session, web
from countenance.web.errors import BusyError
from countenance.web.lab.session import LabSession, Reply
from countenance.web.lab.uploads import upload_folder
from countenance.web.lab.wish import Wish
from countenance.web.lab.work import Collector, CollectWork, Told, TryWork, Work

PATH: Final = "/ws/lab"


def make_lab_socket() -> Blueprint:
    """The one endpoint, `/ws/lab`."""
    blueprint = Blueprint("lab_socket", __name__)
    sock = Sock()
    marked = permission_required(Permission.USE_LAB)(run)
    sock.route(PATH, bp=blueprint, endpoint="run")(marked)
    blueprint.before_request(_admit)
    blueprint.teardown_request(lambda _error: _free_place())
    return blueprint


def _admit() -> None:
    check_origin()
    refuse_when_busy()
    place = f"lab-{session().id}"
    if not web().admission.enter(place, patience_s=PATIENCE_S):
        raise BusyError(
            "The lab is open in another window.",
            remedy="Close it, or wait until it is done.",
            retry_after_s=RETRY_AFTER_S,
        )
    g.lab_place = place


def _free_place() -> None:
    if place := g.pop("lab_place", None):
        web().admission.leave(place)


def run(socket: Server) -> None:
    """Carry one conversation from the wish to its end."""
    parts = web()
    settings = parts.container.settings.capture
    socket.input_buffer = Inbox(socket.input_buffer, limit=settings.credit + 2)
    clock = CaptureClock(parts.container.clock)
    talk = LabSession(
        _maker(parts, session().user, address()),
        uploads=upload_folder(parts.container.settings.home),
        credit=settings.credit,
        silence_limit_s=settings.silence_limit_s,
        now_s=clock.now_s,
    )
    try:
        _converse(socket, talk, parts, clock)
        _free_place()
        linger(socket)
    except (ConnectionClosed, OSError):
        pass  # the page is gone; what was kept stays
    finally:
        talk.close()


def _converse(socket: Server, talk: LabSession, parts: Web, clock: CaptureClock) -> None:
    while not talk.is_over:
        message = socket.receive(timeout=0 if talk.has_frames else TICK_S)
        if message is not None:
            _send(socket, _heard(talk, message, parts, clock))
        if talk.has_frames:
            with clock.standing_still(parts.turns):
                replies = talk.step()
            _send(socket, replies)
        else:
            _send(socket, talk.tick())


def _heard(talk: LabSession, message: Any, parts: Web, clock: CaptureClock) -> list[Reply]:
    if not talk.needs_engine:
        return talk.receive(message)
    with clock.standing_still(parts.turns):
        return talk.receive(message)


def _send(socket: Server, replies: Iterable[Reply]) -> None:
    for reply in replies:
        socket.send(json.dumps(reply, separators=(",", ":")))


def _maker(parts: Web, user: User, place: str) -> Any:
    """What makes the work of this user's wish."""
    trail, clock = identity().audit, parts.container.clock

    def note(tag: Tag, told: Told) -> None:
        details = {name: str(value) for name, value in told.items()}
        trail.append(tag, actor_id=user.id, address=place, details=details)

    def make(wish: Wish, input_: str | None) -> Work:
        login = parts.container.settings.login
        if wish.collect is None:
            note(Tag.LAB_TRIED, {"from": "camera" if wish.file is None else "file"})
            policy = PassivePolicy(frames_needed=login.frames, time_limit_s=login.time_limit_s)
            return TryWork(parts.lab.watch(policy), frames_needed=login.frames)
        by = Collector(user.name, clock.now(), lambda told: note(Tag.LAB_COLLECTED, told))
        folder = lab_shelf(parts).path(wish.collect.dataset)
        return CollectWork(folder, parts.lab.detector, wish.collect, by=by, input_=input_)

    return make


def lab_shelf(parts: Web) -> Shelf:
    """Where the data sets of this installation lie."""
    return Shelf(parts.container.settings.home / "lab" / "datasets")
