"""What opens without a session, and what never does."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from countenance.events import Tag
from countenance.identity.errors import StorageError
from countenance.identity.interfaces import Role
from countenance.web.access import is_public
from tests.fakes.doors import SESSION, Door, open_door
from tests.integration.routes import API, ROUTES

NO_FORMS = {*API, "verification.stage", "verification.ticket"}
"""What no cookie opens: a token of the API does, or a client secret."""
PUBLIC = {endpoint for endpoint, roles in (ROUTES | API).items() if roles is None}


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path)


def paths(app: Flask) -> list[tuple[str, str, str]]:
    """Endpoint, method and an address for every rule that is not public."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in PUBLIC | API.keys() and not rule.websocket:
            method = "GET" if "GET" in (rule.methods or ()) else "POST"
            address = rule.rule.replace("<user_id>", "5f0c5a3e-0000-4000-8000-000000000000")
            found.append((rule.endpoint, method, address))
    return found


def test_only_the_pages_of_the_list_are_public(door: Door) -> None:
    public = {
        rule.endpoint
        for rule in door.app.url_map.iter_rules()
        if is_public(door.app, rule.endpoint)
    }
    assert public == PUBLIC


def test_every_other_page_leads_to_the_login_without_a_session(door: Door) -> None:
    door.administrator()
    visit = door.visit()
    for endpoint, method, address in paths(door.app):
        answer = visit.get(address) if method == "GET" else visit.post(address)
        assert answer.status_code == 302, endpoint
        assert answer.location.startswith("/login"), endpoint


def test_a_right_password_alone_opens_no_other_page(door: Door) -> None:
    door.administrator()
    visit = door.visit()
    visit.password()
    for endpoint, method, address in paths(door.app):
        answer = visit.get(address) if method == "GET" else visit.post(address)
        assert answer.location.startswith("/login"), endpoint


def test_before_the_first_administrator_every_page_leads_to_the_setup(door: Door) -> None:
    for endpoint, method, address in paths(door.app):
        answer = door.visit().get(address) if method == "GET" else door.visit().post(address)
        assert answer.location == "/setup", endpoint


def test_a_script_without_a_session_gets_json(door: Door) -> None:
    door.administrator()
    answer = door.visit().get("/people", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["code"] == "web.login_needed"


def test_a_page_for_another_role_says_so_and_who_can_help(door: Door) -> None:
    door.administrator()
    answer = door.visit_as(door.viewer()).get("/people")
    assert answer.status_code == 403
    assert "This page is not for you" in answer.text
    assert "An administrator can open it" in answer.text


def test_every_form_needs_its_token(door: Door) -> None:
    administrator = door.administrator()
    visit = door.visit_as(administrator)
    before = door.identity.users.get(administrator.id)
    for rule in door.app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint in NO_FORMS:
            continue
        address = rule.rule.replace("<user_id>", administrator.id)
        answer = visit.client.post(address, data={"name": "eileen"})
        assert answer.status_code == 400, rule.endpoint
    assert door.identity.users.get(administrator.id) == before


def test_a_token_of_another_browser_is_refused(door: Door) -> None:
    door.administrator()
    stolen = door.visit().token()
    visit = door.visit()
    visit.token()
    answer = visit.client.post("/login", data={"csrf_token": stolen, "name": "x", "password": "y"})
    assert answer.status_code == 400


def test_headers_keep_the_page_to_itself(door: Door) -> None:
    headers = door.visit().get("/login", follow_redirects=True).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["Permissions-Policy"].startswith("camera=(self), microphone=()")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers


def test_over_https_cookies_are_bound_to_the_host(door: Door) -> None:
    door.administrator()
    visit = door.visit(base_url="https://door.example")
    token = visit.token()
    answer = visit.client.post(
        "/login",
        data={"csrf_token": token, "name": "eileen", "password": "seven calm herons by the weir"},
        base_url="https://door.example",
        headers={"Referer": "https://door.example/login"},
    )
    assert answer.status_code == 302
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert cookie.startswith("__Host-")
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Domain" not in cookie
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_pages_carry_no_inline_script_or_style(door: Door) -> None:
    """The policy would drop them silently."""
    administrator = door.administrator()
    visit = door.visit_as(administrator)
    for _, method, address in paths(door.app):
        if method != "GET":
            continue
        text = visit.get(
            address.replace("5f0c5a3e-0000-4000-8000-000000000000", administrator.id)
        ).text
        assert "<style" not in text
        assert " style=" not in text
        assert "onclick" not in text
        assert "<script>" not in text


def test_a_session_ends_when_idle_and_in_the_end(tmp_path: Path) -> None:
    door = open_door(tmp_path, sessions={"idle_limit_s": 100.0, "absolute_limit_s": 250.0})
    visit = door.visit_as(door.administrator())
    for _ in range(2):
        door.clock.advance(90)
        assert visit.get("/").status_code == 200
    door.clock.advance(90)
    assert visit.get("/").status_code == 302
    idle = door.visit_as(door.identity.users.list_users().users[0])
    door.clock.advance(101)
    assert idle.get("/").status_code == 302


def test_a_disabled_user_is_out_at_once(door: Door) -> None:
    door.administrator()
    viewer = door.viewer()
    visit = door.visit_as(viewer)
    assert visit.get("/").status_code == 200
    door.identity.users.set_enabled(viewer.id, enabled=False, actor=None)
    assert visit.get("/").status_code == 302


def test_logging_out_ends_the_session_on_the_server(door: Door) -> None:
    visit = door.visit_as(door.administrator())
    token = visit.cookie(SESSION)
    assert visit.get("/logout").status_code == 405
    visit.post("/logout")
    assert door.identity.sessions.find(token) is None
    assert visit.cookie(SESSION) == ""
    assert len(door.identity.audit.list_events(tags=(Tag.SESSION_ENDED,))) == 1


def test_roles_are_all_spoken_of(door: Door) -> None:
    """The page that adds a person offers every role with words."""
    text = door.visit_as(door.administrator()).get("/people/add").text
    for role in Role:
        assert f'value="{role.value}"' in text


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_storage_that_is_away_lets_nobody_in_and_says_so(
    door: Door, monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    visit = door.visit_as(door.administrator())

    def away(_token: str) -> None:
        raise StorageError("The disk is full.", remedy="Free space.")

    monkeypatch.setattr(door.identity.sessions, "find", away)
    answer = visit.get("/people", headers={"Accept": accept})
    assert answer.status_code == 503
    assert "The disk is full." in answer.text
    assert "Free space." in answer.text


def test_a_fault_in_the_program_is_told_without_its_insides(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = door.visit_as(door.administrator())

    def broken(**_options: object) -> None:
        raise RuntimeError("secret of line 12")

    monkeypatch.setattr(door.identity.users, "list_users", broken)
    answer = visit.get("/people")
    assert answer.status_code == 500
    assert "Something broke here" in answer.text
    assert "secret" not in answer.text
