"""The camera page of an enrolment: one's own, or by an administrator for somebody else."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for

from countenance.ceremony.enrolment import EnrolmentPolicy
from countenance.identity.interfaces import Purpose, Transaction
from countenance.web import cookies
from countenance.web.access import limited, public
from countenance.web.context import (
    address,
    find_session,
    identity,
    known_device,
    pending,
    pending_user,
    web,
)
from countenance.web.errors import FORM_REFUSED, NoTransactionError
from countenance.web.pages import steps
from countenance.web.pages.auth import TICKET_RATE, Answer, issue_ticket


def make_blueprint() -> Blueprint:
    """`/enrol`; open to whoever holds a pending enrolment."""
    pages = Blueprint("enrol", __name__)
    pages.add_url_rule("/enrol", "enrol", enrol)
    pages.add_url_rule("/enrol/consent", "consent", consent, methods=["POST"])
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
    if not _has_agreed(transaction):
        return _ask_consent(transaction)
    return render_template(
        "enrol.html",
        person=pending_user(transaction),
        by_other=transaction.actor_id is not None,
        back=_back(transaction),
        samples=EnrolmentPolicy().samples_wanted,
    )


def _ask_consent(transaction: Transaction, problem: str | None = None) -> str:
    return render_template(
        "consent.html",
        person=pending_user(transaction),
        by_other=transaction.actor_id is not None,
        back=_back(transaction),
        paragraphs=web().consent.paragraphs,
        problem=problem,
    )


def _has_agreed(transaction: Transaction) -> bool:
    agreed = identity().consents.find(transaction.user_id, text_sha256=web().consent.sha256)
    return agreed is not None


@public
@limited(TICKET_RATE)
def consent() -> Answer:
    """Write down that the person agrees; without the tick nothing is."""
    _, transaction = _own_enrolment()
    if request.form.get("agreed") != "yes":
        return _ask_consent(transaction, "Tick the box first, or use another way."), FORM_REFUSED
    if not _has_agreed(transaction):
        identity().consents.give(
            transaction.user_id,
            text_sha256=web().consent.sha256,
            actor=transaction.actor_id,
            address=address(),
        )
    return redirect(url_for("enrol.enrol"))


@public
@limited(TICKET_RATE)
def ticket() -> Answer:
    token, transaction = _own_enrolment()
    if not _has_agreed(transaction):
        raise NoTransactionError(
            "Nobody has agreed to this enrolment yet.", remedy="Open the page again and agree."
        )
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
