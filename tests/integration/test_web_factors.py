"""Authenticator app and recovery codes, page by page: set up, logged in with, taken away."""

from __future__ import annotations

import re
from pathlib import Path

import pyotp
import pytest

from countenance.ceremony.verdict import Verdict
from countenance.events import Tag
from countenance.identity.interfaces import User
from countenance.identity.relying_party import RelyingParty
from tests.fakes.authenticators import ORIGIN, Authenticator
from tests.fakes.doors import PASSWORD, PENDING, SESSION, Door, Visit, open_door


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path)


@pytest.fixture
def eileen(door: Door) -> User:
    return door.administrator()


def app_of(door: Door, user: User) -> pyotp.TOTP:
    """An authenticator app that is in use, its first code gone by."""
    app = pyotp.TOTP(door.identity.authenticator_apps.begin(user.id))
    assert door.identity.authenticator_apps.confirm(user.id, code_of(app, door))
    door.clock.advance(60)
    return app


def code_of(app: pyotp.TOTP, door: Door) -> str:
    return app.at(int(door.clock.now().timestamp()))


def after_password(door: Door) -> Visit:
    visit = door.visit()
    assert visit.password().location == "/login/face"
    return visit


def test_an_app_is_added_with_what_its_page_shows(door: Door, eileen: User) -> None:
    visit = door.visit_as(eileen)
    assert "Not set up" in visit.get("/account/security").text
    assert visit.get("/account/security/app/confirm").location == "/account/security/app/add"
    assert visit.post("/account/security/app/add").location == "/step-up"
    assert door.identity.authenticator_apps.draft(eileen.id) is None
    visit.confirm(door, "factors.app.add")
    answer = visit.post("/account/security/app/add")
    page = visit.get(answer.location).text
    secret = re.search(r'id="secret">([A-Z2-7 ]+)<', page)
    assert secret
    app = pyotp.TOTP(secret[1].replace(" ", ""))
    wrong = visit.post("/account/security/app/confirm", code="000000")
    assert wrong.status_code == 422
    assert "not the code" in wrong.text
    right = visit.post("/account/security/app/confirm", code=code_of(app, door))
    assert right.location == "/account/security"
    assert "Added" in visit.get("/account/security").text
    rows = door.identity.audit.list_events(subject_id=eileen.id, tags=(Tag.TOTP_ADDED,))
    assert len(rows) == 1


def test_the_qr_code_is_a_picture_of_its_own_for_its_user_alone(door: Door, eileen: User) -> None:
    address = "/account/security/app/qr.svg"
    assert door.visit().get(address).location.startswith("/login")
    visit = door.visit_as(eileen)
    assert visit.get(address).status_code == 404
    visit.confirm(door, "factors.app.add")
    visit.post("/account/security/app/add")
    answer = visit.get(address)
    assert answer.mimetype == "image/svg+xml"
    assert answer.text.startswith("<svg")
    assert "script" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert door.visit_as(door.viewer()).get(address).status_code == 404


def test_the_app_stands_in_for_the_face(door: Door, eileen: User) -> None:
    app = app_of(door, eileen)
    visit = after_password(door)
    assert "Authenticator app" in visit.get("/login/other").text
    wrong = visit.post("/login/app", code="12345x")
    assert wrong.status_code == 403
    assert visit.cookie(SESSION) == ""
    code = code_of(app, door)
    assert visit.post("/login/app", code=code).location == "/"
    assert "Logged in with password and one-time code" in visit.get("/").text
    granted = door.identity.audit.list_events(tags=(Tag.LOGIN_GRANTED,))[0]
    assert granted.details == {"methods": "pwd otp", "factors": "password+totp"}
    refused = door.identity.audit.list_events(tags=(Tag.FACTOR_REFUSED,))[0]
    assert refused.details == {"factor": "totp", "reason": "totp_wrong"}
    assert "code of the authenticator app was wrong" in visit.get("/account/attempts").text
    again = after_password(door)
    assert again.post("/login/app", code=code).status_code == 403  # overheard


def test_a_recovery_code_opens_once(door: Door, eileen: User) -> None:
    visit = door.visit_as(eileen)
    visit.confirm(door, "factors.codes.make")
    page = visit.post("/account/security/codes")
    codes = re.findall(r"<li>([A-Z0-9]{5}-[A-Z0-9]{5})</li>", page.text)
    assert len(codes) == 10
    visit = after_password(door)
    assert visit.post("/login/recovery", code=codes[4].lower()).location == "/"
    assert "9 left" in visit.get("/account/security").text
    again = after_password(door)
    assert again.post("/login/recovery", code=codes[4]).status_code == 403
    assert again.cookie(SESSION) == ""


def test_strangers_learn_of_no_factor_before_the_right_password(door: Door, eileen: User) -> None:
    app_of(door, eileen)
    for path in ("/login/other", "/login/app", "/login/recovery"):
        assert door.visit().get(path).location == "/login"
        assert door.visit().post(path, code="123456").location in ("/login", None)
    wrong = door.visit()
    with_app, without = wrong.password(password="wrong one"), door.visit().password("nobody")
    assert with_app.status_code == without.status_code == 403
    assert wrong.get("/login/other").location == "/login"


def test_a_way_that_is_not_set_up_is_not_there(door: Door, eileen: User) -> None:
    visit = after_password(door)
    # Beside the camera there is only the code of an administrator: one click less.
    assert visit.get("/login/other").location == "/login/code"
    assert "Other ways" not in visit.get("/login/code").text
    assert visit.get("/login/app").location == "/login"
    assert visit.post("/login/recovery", code="AAAAA-AAAAA").location == "/login"


def test_five_refused_codes_in_a_row_make_pauses(door: Door, eileen: User) -> None:
    app = app_of(door, eileen)
    visit = after_password(door)
    for _ in range(5):
        assert visit.post("/login/app", code="000000").status_code == 403
    paused = visit.post("/login/app", code=code_of(app, door))
    assert paused.status_code == 429
    assert 0 < int(paused.headers["Retry-After"]) <= 30
    door.clock.advance(31)
    assert visit.post("/login/app", code=code_of(app, door)).location == "/"


def test_whoever_has_an_app_enrols_no_face_with_a_password_alone(door: Door) -> None:
    """Else a stolen password would do in place of the app."""
    door.administrator()
    grace = door.viewer("grace", face=None)
    assert door.visit().password("grace").location == "/enrol"
    app_of(door, grace)
    visit = door.visit()
    assert visit.password("grace").location == "/login/other"
    assert visit.get("/enrol").location == "/login"


def test_at_another_address_a_passkey_is_not_offered_and_yet_not_forgotten(door: Door) -> None:
    """Else its owner would seem to have nothing, and a password would enrol a face."""
    door.administrator()
    grace = door.viewer("grace", face=None)
    party = RelyingParty("localhost", (ORIGIN,))
    call = door.identity.passkeys.begin_registration(grace.id, party)
    answer = Authenticator().create(dict(call.options))
    door.identity.passkeys.finish_registration(
        grace.id, party, token=call.token, answer=answer, name=""
    )
    visit = door.visit(base_url="http://192.0.2.9:8000")
    assert "Use a passkey" not in visit.get("/login").text
    token = visit.token()
    form = {"csrf_token": token, "name": "grace", "password": PASSWORD}
    answer_at = visit.client.post("/login", data=form, base_url="http://192.0.2.9:8000")
    assert answer_at.location == "/login/other"
    other = visit.client.get("/login/other", base_url="http://192.0.2.9:8000")
    assert other.location == "/login/code"  # the only way that works here
    headers = {"X-CSRFToken": token, "Accept": "application/json"}
    asked = visit.client.post(
        "/login/passkey/first/options", headers=headers, base_url="http://192.0.2.9:8000"
    )
    assert asked.status_code == 409
    here = door.visit()
    assert "Use a passkey" in here.get("/login").text
    assert here.password("grace").location == "/login/other"
    assert "Passkey" in here.get("/login/other").text


def test_removing_the_app_takes_the_way_away(door: Door, eileen: User) -> None:
    app_of(door, eileen)
    visit = door.visit_as(eileen)
    assert visit.post("/account/security/app/remove").location == "/step-up"
    assert door.identity.authenticator_apps.added_at(eileen.id) is not None
    visit.confirm(door, "factors.app.remove")
    visit.post("/account/security/app/remove")
    assert after_password(door).get("/login/app").location == "/login"


def test_a_policy_of_three_factors_asks_for_one_after_the_other(tmp_path: Path) -> None:
    strict = "password+face+totp | password+recovery-code"
    door = open_door(tmp_path, factors={"administrator": strict})
    eileen = door.administrator()
    app = app_of(door, eileen)
    visit = after_password(door)
    found = door.identity.transactions.find(visit.cookie(PENDING))
    assert found is not None
    door.identity.transactions.finish(found.id, Verdict.granted())
    assert visit.post("/login/complete").location == "/login/other"
    assert visit.cookie(SESSION) == ""
    page = visit.get("/login/other").text
    assert "Authenticator app" in page
    assert "At this camera" not in page
    assert visit.post("/login/app", code=code_of(app, door)).location == "/"
    session = door.identity.sessions.find(visit.cookie(SESSION))
    assert session is not None
    assert session.methods == ("pwd", "face", "otp")


def test_a_login_code_opens_nothing_where_the_policy_does_not_name_it(tmp_path: Path) -> None:
    door = open_door(tmp_path, factors={"everyone": "password+face | password+totp"})
    eileen = door.administrator()
    visit = after_password(door)
    code = door.identity.login_codes.issue(eileen.id, actor=None)
    assert visit.post("/login/code", code=code).location == "/login"
    assert visit.cookie(SESSION) == ""
    assert "Login code" not in visit.get("/login/other").text


def test_a_secret_that_cannot_be_read_refuses(door: Door, eileen: User) -> None:
    app = app_of(door, eileen)
    object.__setattr__(door.identity.authenticator_apps, "_key", b"\1" * 32)
    visit = after_password(door)
    assert visit.post("/login/app", code=code_of(app, door)).status_code == 403
    assert visit.cookie(SESSION) == ""
