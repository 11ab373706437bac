"""Acts that ask for a fresh confirmation: not without it, not twice, not another one."""

from __future__ import annotations

from pathlib import Path

import pyotp
import pytest
from flask import Blueprint, request
from flask.views import View

from countenance.apps.api import App
from countenance.apps.assurance import assurance, fresh_required
from countenance.ceremony.verdict import Verdict
from countenance.events import Tag
from countenance.identity.acts import Act
from countenance.identity.interfaces import Purpose, User
from countenance.web import app as web_app
from tests.fakes.doors import FRESH, PASSWORD, PENDING, Door, Visit, open_door


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path)


@pytest.fixture
def eileen(door: Door) -> User:
    return door.administrator()


def show_face(door: Door, visit: Visit) -> None:
    """The camera of this browser's ceremony grants."""
    found = door.identity.transactions.find(visit.cookie(PENDING))
    assert found is not None
    assert found.purpose is Purpose.STEP_UP
    door.identity.transactions.finish(found.id, Verdict.granted())


def test_a_removal_waits_for_the_face_and_is_done_once(door: Door, eileen: User) -> None:
    grace, alan = door.viewer(), door.viewer("alan", face=None)
    visit = door.visit_as(eileen)
    page = f"/people/{grace.id}/remove"
    assert visit.post(page).location == "/step-up"
    assert door.identity.users.find("grace") is not None
    assert visit.get("/step-up").location == "/step-up/face"
    assert "Remove a person" in visit.get("/step-up/face").text
    assert visit.post("/step-up/complete").status_code == 302  # nothing was granted yet
    assert visit.cookie(FRESH) == ""
    assert visit.ask("/step-up/ticket").status_code == 200
    show_face(door, visit)
    assert visit.post("/step-up/complete").location == page
    assert visit.get(page).status_code == 200
    # Good for grace alone, however the address is turned.
    assert visit.post(f"/people/{alan.id}/remove").location == "/step-up"
    assert visit.post(f"/people/{alan.id}/remove?user_id={grace.id}").location == "/step-up"
    assert door.identity.users.find("alan") is not None
    visit.post(page)
    assert door.identity.users.find("grace") is None
    rows = door.identity.audit.list_events(tags=(Tag.STEP_UP_GRANTED,))
    assert [row.details for row in rows] == [{"act": "people.remove", "factor": "face"}]


def test_a_confirmation_is_good_for_two_minutes(door: Door, eileen: User) -> None:
    grace = door.viewer()
    visit = door.visit_as(eileen)
    visit.confirm(door, "people.code", user_id=grace.id)
    door.clock.advance(120)
    assert visit.post(f"/people/{grace.id}/code").location == "/step-up"
    visit.confirm(door, "people.code", user_id=grace.id)
    assert "data-secret" in visit.post(f"/people/{grace.id}/code").text
    assert visit.post(f"/people/{grace.id}/code").location == "/step-up"


def test_a_confirmation_of_another_session_is_none(door: Door, eileen: User) -> None:
    grace = door.viewer()
    here, there = door.visit_as(eileen), door.visit_as(eileen)
    here.confirm(door, "people.code", user_id=grace.id)
    there.client.set_cookie(FRESH, here.cookie(FRESH))
    assert there.post(f"/people/{grace.id}/code").location == "/step-up"
    # Nor does a ceremony begun in one session end in another one.
    there.client.set_cookie(PENDING, "x")
    here.post(f"/people/{grace.id}/remove")
    show_face(door, here)
    there.client.set_cookie(PENDING, here.cookie(PENDING))
    there.post("/step-up/complete")
    assert there.post(f"/people/{grace.id}/remove").location == "/step-up"
    assert door.identity.users.find("grace") is not None


def test_a_step_up_is_no_login(door: Door, eileen: User) -> None:
    grace = door.viewer()
    visit = door.visit_as(eileen)
    visit.post(f"/people/{grace.id}/remove")
    show_face(door, visit)
    stranger = door.visit()
    stranger.client.set_cookie(PENDING, visit.cookie(PENDING))
    for path in ("/login/complete", "/login/app", "/login/passkey", "/enrol/complete"):
        assert stranger.post(path).location == "/login"
    code = door.identity.login_codes.issue(eileen.id, actor=None)
    assert stranger.post("/login/code", code=code).location == "/login"
    assert stranger.cookie("countenance") == ""


def test_the_app_confirms_and_wrong_codes_are_noted_and_slowed(door: Door, eileen: User) -> None:
    app = pyotp.TOTP(door.identity.authenticator_apps.begin(eileen.id))
    now = int(door.clock.now().timestamp())
    door.identity.authenticator_apps.confirm(eileen.id, app.at(now))
    door.clock.advance(60)
    visit = door.visit_as(eileen)
    visit.post("/account/security/codes")
    assert "Authenticator app" in visit.get("/step-up/other").text
    assert visit.get("/step-up/password").status_code == 302  # something better is set up
    for _ in range(5):
        assert visit.post("/step-up/app", code="000000").status_code == 422
    assert visit.post("/step-up/app", code=app.at(now + 60)).status_code == 429
    door.clock.advance(31)
    code = app.at(int(door.clock.now().timestamp()))
    assert visit.post("/step-up/app", code=code).location == "/account/security/codes"
    assert "Your recovery codes" in visit.post("/account/security/codes").text
    assert visit.post("/account/security/codes").location == "/step-up"
    assert "Confirmation refused" in visit.get("/account/attempts").text


def test_whoever_has_nothing_else_confirms_with_the_password(door: Door) -> None:
    door.administrator()
    grace = door.viewer("grace", face=None)
    visit = door.visit_as(grace)
    assert visit.get("/account/security/app/add").location == "/step-up"
    assert visit.get("/step-up").location == "/step-up/password"
    assert visit.post("/step-up/password", password="wrong one").status_code == 422
    answer = visit.post("/step-up/password", password=PASSWORD)
    assert answer.location == "/account/security/app/add"
    assert visit.get("/account/security/app/add").status_code == 200


def test_a_script_is_told_what_is_missing(door: Door, eileen: User) -> None:
    grace = door.viewer()
    answer = door.visit_as(eileen).ask(f"/people/{grace.id}/code")
    assert answer.status_code == 403
    assert answer.json is not None
    assert answer.json["code"] == "web.fresh_needed"


def test_the_camera_says_what_it_confirms_and_notes_a_refusal(door: Door, eileen: User) -> None:
    """The same ceremony as at the door, with words and audit of its own."""
    from countenance.web.capture.make import make_session

    grace = door.viewer()
    visit = door.visit_as(eileen)
    visit.post(f"/people/{grace.id}/remove")
    ticket = door.identity.transactions.issue_ticket(visit.cookie(PENDING))
    assert ticket is not None
    transaction = door.identity.transactions.redeem_ticket(ticket)
    with door.app.test_request_context():
        capture = make_session(door.app.extensions["countenance"], transaction)
        assert capture.greet()["purpose"] == "step_up"
        capture.interrupt()
    refused = door.identity.audit.list_events(tags=(Tag.STEP_UP_REFUSED,))
    assert refused[0].details["act"] == "people.remove"
    assert door.identity.audit.list_events(tags=(Tag.LOGIN_REFUSED,)) == ()


WRITE = "station.write"


class _Ask(View):
    """A page of an app that decides by itself."""

    methods = ("GET", "POST")

    def dispatch_request(self) -> object:
        act = Act(WRITE, {"value": request.values.get("value", "")})
        if request.method == "POST" and assurance().redeem(act):
            return "written"
        return assurance().begin(act, title="Write to the station", back="/apps/plant/ask")


def _blueprint() -> Blueprint:
    pages = Blueprint("plant", __name__)

    @pages.route("/write", methods=["GET", "POST"])
    @fresh_required(WRITE, title="Write to the station", parameters=("value",))
    def write() -> str:
        return "written" if request.method == "POST" else "form"

    pages.add_url_rule("/ask", view_func=_Ask.as_view("ask"))
    return pages


def test_an_app_asks_for_an_act_with_its_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = App(title="Plant", slug="plant", summary="", blueprint=_blueprint)
    monkeypatch.setattr(web_app, "find_apps", lambda: (plant,))
    door = open_door(tmp_path)
    visit = door.visit_as(door.administrator())
    assert visit.get("/apps/plant/write?value=30").location == "/step-up"
    show_face(door, visit)
    assert visit.post("/step-up/complete").location == "/apps/plant/write?value=30"
    assert visit.get("/apps/plant/write?value=30").text == "form"
    assert visit.post("/apps/plant/write", value="31").location == "/step-up"
    visit.confirm(door, WRITE, value="30")
    assert visit.post("/apps/plant/write", value="30").text == "written"
    assert visit.post("/apps/plant/write", value="30").location == "/step-up"
    visit.confirm(door, WRITE, value="30")
    assert visit.post("/apps/plant/ask", value="29").location == "/step-up"
    visit.confirm(door, WRITE, value="29")
    assert visit.post("/apps/plant/ask", value="29").text == "written"
