"""What every page reaches: the parts of the process, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import abort, current_app, g, request

from countenance.apps.api import App
from countenance.bootstrap import Container
from countenance.identity.interfaces import Device, Purpose, Session, Transaction, User, UserId
from countenance.identity.services import Identity
from countenance.web import cookies
from countenance.web.capture.admission import Admission
from countenance.web.capture.course import Recognition
from countenance.web.capture.turns import Turns
from countenance.web.consent import ConsentText
from countenance.web.errors import NoTransactionError
from countenance.web.installing import ModelInstallation
from countenance.web.lab.engine import LabEngine
from countenance.web.metrics import Metrics

EXTENSION = "countenance"


@dataclass(frozen=True, slots=True)
class Web:
    """The parts that the pages share."""

    container: Container
    metrics: Metrics
    admission: Admission
    apps: tuple[App, ...]
    recognition: Recognition
    turns: Turns
    consent: ConsentText
    """What people agree to before a face is enrolled."""
    lab: LabEngine
    installation: ModelInstallation


def web() -> Web:
    """The parts of the current application."""
    return cast(Web, current_app.extensions[EXTENSION])


def identity() -> Identity:
    """Users, passwords, templates, sessions."""
    return web().container.identity


def address() -> str:
    """Where the request comes from, as text; empty when it is not known."""
    return request.remote_addr or ""


def find_session() -> Session | None:
    """The session of this request, or None; looked up once a request.

    Raises: StorageError: on the first call; later ones, of the page that tells it, find none.
    """
    if "session_row" not in g:
        g.session_row = None
        if token := cookies.read(cookies.SESSION):
            g.session_row = identity().sessions.find(token)
    return cast("Session | None", g.session_row)


def session() -> Session:
    """The session of this request; only for pages that are not public."""
    found = find_session()
    if found is None:
        abort(401)
    return found


def known_device(user_id: UserId) -> Device | None:
    """The browser of this request as a device of that user; None when it is not known to them."""
    return identity().devices.find(cookies.read(cookies.DEVICE), user_id)


def actor() -> UserId:
    """Who asks; only for pages that are not public."""
    return session().user.id


def pending(purpose: Purpose | None = None) -> tuple[str, Transaction]:
    """Token and row of the ceremony that this browser has begun.

    Raises: NoTransactionError: none, expired, or for another purpose.
    """
    token = cookies.read(cookies.PENDING)
    transaction = identity().transactions.find(token) if token else None
    if transaction is None or (purpose is not None and transaction.purpose is not purpose):
        raise NoTransactionError(
            "The password step has expired.", remedy="Enter your password again."
        )
    return token, transaction


def pending_user(transaction: Transaction) -> User:
    """The user whom a ceremony is about."""
    return identity().users.get(transaction.user_id)
