"""The camera page of an enrolment: one's own, or by an administrator for somebody else."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, url_for

from countenance.ceremony.enrolment import EnrolmentPolicy
from countenance.identity.interfaces import Purpose, Transaction
from countenance.web import cookies
from countenance.web.access import limited, public
from countenance.web.context import find_session, identity, known_device, pending, pending_user
from countenance.web.errors import NoTransactionError
from countenance.web.pages import steps
from countenance.web.pages.auth import TICKET_RATE, Answer, issue_ticket


def make_blueprint() -> Blueprint:
    """`/enrol`; open to whoever holds a pending enrolment."""
    pages = Blueprint("enrol", __name__)
    pages.add_url_rule("/enrol", "enrol", enrol)
    pages.add_url_rule("/enrol/ticket", "ticket", ticket, methods=["POST"])
    pages.add_url_rule("/enrol/complete", "complete", complete, methods=["POST"])
    return pages


def _own_enrolment() -> tuple[str, Transaction]:
    """Token and row of the pending enrolment; one for somebody else needs its actor's session."""
    token, transaction = pending(Purpose.ENROLMENT)
    session = find_session()
    if transaction.actor_id is not None and (
        session is None or session.user.id != transaction.actor_id
    ):
        raise NoTransactionError("The enrolment has ended.", remedy="Begin it again.")
    if transaction.actor_id is None and pending_user(transaction).must_change_password:
        raise NoTransactionError("The password is to be changed first.", remedy="Log in again.")
    return token, transaction


@public
def enrol() -> Answer:
    _, transaction = _own_enrolment()
    return render_template(
        "enrol.html",
        person=pending_user(transaction),
        by_other=transaction.actor_id is not None,
        back=_back(transaction),
        samples=EnrolmentPolicy().samples_wanted,
    )


@public
@limited(TICKET_RATE)
def ticket() -> Answer:
    token, _ = _own_enrolment()
    return issue_ticket(token)


@public
def complete() -> Answer:
    token, transaction = _own_enrolment()
    if identity().transactions.complete(token) is None:
        raise NoTransactionError("The enrolment is not done.", remedy="Begin it again.")
    if (device := known_device(transaction.user_id)) is not None:
        identity().cameras.confirm(transaction.id, device)
    name = pending_user(transaction).display_name
    if transaction.actor_id is not None:
        steps.say(f"The new face of {name} waits until a second person approves it, or {name}.")
    elif find_session() is not None:
        steps.say("Your face is enrolled.")
    else:
        steps.say("Your face is enrolled. Log in with it now.")
    response = make_response(redirect(_back(transaction)))
    cookies.clear(response, cookies.PENDING)
    return response


def _back(transaction: Transaction) -> str:
    if transaction.actor_id is not None:
        return url_for("people.person", user_id=transaction.user_id)
    return url_for("account.account") if find_session() is not None else url_for("auth.login")
