"""The own passkeys: added, named, taken away."""

from __future__ import annotations

import json
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from countenance.apps.assurance import fresh_required
from countenance.identity.factor_interfaces import Passkey, PasskeyCall, PasskeyRefusal
from countenance.identity.relying_party import RelyingParty
from countenance.web.access import limited
from countenance.web.context import identity, session
from countenance.web.errors import FORM_REFUSED, NoPasskeysHereError
from countenance.web.pages import steps
from countenance.web.pages.auth import TICKET_RATE, Answer
from countenance.web.relying_party import relying_party
from countenance.web.user_agent import label_of

PROBLEMS = {
    PasskeyRefusal.KNOWN: "This passkey is already here, or you have as many as there may be.",
    PasskeyRefusal.NOT_ASKED: "That took too long. Try again.",
}
NOT_MADE = "The passkey could not be checked, so it was not added. Try again."


def make_blueprint() -> Blueprint:
    """`/account/security/passkeys` and below."""
    pages = Blueprint("passkeys", __name__, url_prefix="/account/security/passkeys")
    pages.add_url_rule("/add", "add", add, methods=["GET", "POST"])
    pages.add_url_rule("/options", "options", options, methods=["POST"])
    pages.add_url_rule("/<passkey_id>", "passkey", passkey, methods=["GET", "POST"])
    pages.add_url_rule("/<passkey_id>/remove", "remove", remove, methods=["GET", "POST"])
    return pages


def party_here() -> RelyingParty:
    """Raises: NoPasskeysHereError: the page is open under another name than the domain's."""
    party = relying_party()
    if party is None:
        raise NoPasskeysHereError(
            "Passkeys do not work at this address.",
            remedy="Open this server under the name that its passkeys are for.",
        )
    return party


def as_call(call: PasskeyCall) -> Response:
    """What the script hands to the browser."""
    return jsonify({"token": call.token, "options": call.options})


def given_answer() -> dict[str, Any]:
    """What the authenticator answered, from the form; empty when it is no JSON object."""
    try:
        found = json.loads(request.form.get("answer", ""))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@limited(TICKET_RATE)
def options() -> Answer:
    return as_call(identity().passkeys.begin_registration(session().user.id, party_here()))


@fresh_required("factors.passkey.add", title="Add a passkey")
def add() -> Answer:
    party = party_here()
    problem = _add(party) if request.method == "POST" else None
    if request.method == "POST" and problem is None:
        steps.say("Your passkey is added.")
        return redirect(url_for("factors.security"))
    name = request.form.get("name", "") or label_of(request.user_agent.string)
    page = make_response(render_template("passkey_add.html", problem=problem, name=name))
    page.status_code = FORM_REFUSED if problem else 200
    return page


def _add(party: RelyingParty) -> str | None:
    made = identity().passkeys.finish_registration(
        session().user.id,
        party,
        token=request.form.get("token", ""),
        answer=given_answer(),
        name=request.form.get("name", ""),
    )
    return PROBLEMS.get(made, NOT_MADE) if isinstance(made, PasskeyRefusal) else None


def passkey(passkey_id: str) -> Answer:
    """Call a passkey something else."""
    found = _own(passkey_id)
    if request.method == "GET":
        return render_template("passkey.html", passkey=found)
    name = request.form.get("name", "")
    identity().passkeys.rename(found.id, session().user.id, name=name)
    return redirect(url_for("factors.security"))


@fresh_required("factors.passkey.remove", title="Remove a passkey", parameters=("passkey_id",))
def remove(passkey_id: str) -> Answer:
    found, user = _own(passkey_id), session().user
    if request.method == "GET":
        return render_template("passkey_remove.html", passkey=found)
    identity().passkeys.remove(found.id, user.id, actor=user.id)
    steps.say(f"The passkey {found.name} is removed.")
    return redirect(url_for("factors.security"))


def _own(passkey_id: str) -> Passkey:
    own = identity().passkeys.list_passkeys(session().user.id)
    found = next((passkey for passkey in own if passkey.id == passkey_id), None)
    if found is None:
        abort(404)
    return found
