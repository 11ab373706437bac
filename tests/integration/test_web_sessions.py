"""Where somebody is logged in: seen, ended one by one, and told of new browsers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from countenance.events import Tag
from countenance.identity.interfaces import User
from tests.fakes.doors import PASSWORD, SESSION, Door, Visit, open_door

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path)


@pytest.fixture
def eileen(door: Door) -> User:
    return door.administrator()


def log_in(door: Door, user: User, browser: str) -> Visit:
    """A whole login by password and recovery code with that browser."""
    code = door.identity.recovery_codes.make(user.id)[0]
    visit = door.visit(headers={"User-Agent": browser})
    visit.post("/login", name=user.name, password=PASSWORD)
    assert visit.post("/login/recovery", code=code).location == "/"
    door.clock.advance(5)
    return visit


def test_the_own_logins_are_listed_and_ended_one_by_one(door: Door, eileen: User) -> None:
    here, there = log_in(door, eileen, FIREFOX), log_in(door, eileen, SAFARI)
    page = here.get("/account/sessions").text
    assert page.count("This one") == 1
    assert "Firefox on Linux" in page
    assert "password and one-time code" in page
    listed = door.identity.sessions.list_sessions(eileen.id)
    (other,) = [found for found in listed if "Firefox" not in found.label]
    (own,) = [found for found in listed if found is not other]
    assert here.post(f"/account/sessions/{own.id}/end").status_code == 404
    assert here.post(f"/account/sessions/{other.id}/end").location == "/account/sessions"
    assert there.get("/").status_code == 302
    assert here.get("/").status_code == 200
    assert here.post(f"/account/sessions/{other.id}/end").status_code == 404
    ended = door.identity.audit.list_events(tags=(Tag.SESSION_ENDED,))
    assert [row.details for row in ended] == [{"why": "one"}]


def test_nobody_ends_the_login_of_another(door: Door, eileen: User) -> None:
    grace = door.viewer()
    hers = door.visit_as(grace)
    (session,) = door.identity.sessions.list_sessions(grace.id)
    assert door.visit_as(eileen).post(f"/account/sessions/{session.id}/end").status_code == 404
    assert hers.get("/").status_code == 200


def test_a_new_browser_is_told_to_the_others_until_they_say_so(door: Door, eileen: User) -> None:
    home = log_in(door, eileen, FIREFOX)
    words = "on a browser that was not known before"
    assert words not in home.get("/").text
    thief = log_in(door, eileen, SAFARI)
    assert words not in thief.get("/").text
    for page in ("/", "/account", "/people"):
        assert words in home.get(page).text
    thief.post("/account/news/seen", until=door.clock.now().isoformat())
    assert words in home.get("/").text
    for nonsense in ("", "yesterday", "2026-01-01"):
        home.post("/account/news/seen", until=nonsense)
        assert words in home.get("/").text
    until = re.search(r'name="until" value="([^"]+)"', home.get("/account").text)
    assert until
    log_in(door, eileen, SAFARI)  # meanwhile another one, of which the page did not tell
    answer = home.post("/account/news/seen", until=until[1], next="/account")
    assert answer.location == "/account"
    assert words in home.get("/").text
    home.post("/account/news/seen", until=door.clock.now().isoformat())
    assert words not in home.get("/").text
    added = door.identity.audit.list_events(subject_id=eileen.id, tags=(Tag.DEVICE_ADDED,))
    assert len(added) == 3


def test_an_administrator_ends_the_logins_of_a_user(door: Door, eileen: User) -> None:
    grace = door.viewer()
    hers, visit = [door.visit_as(grace) for _ in range(2)], door.visit_as(eileen)
    visit.post(f"/people/{grace.id}/sessions/end")
    assert "2 logins of Grace ended" in visit.get(f"/people/{grace.id}").text
    assert [browser.get("/").status_code for browser in hers] == [302, 302]
    (row,) = door.identity.audit.list_events(subject_id=grace.id, tags=(Tag.SESSION_ENDED,))
    assert (row.actor_id, row.details) == (eileen.id, {"why": "by-other"})
    visit.post(f"/people/{eileen.id}/sessions/end")
    assert visit.get("/").status_code == 200  # the one that asks stays


def test_every_answer_keeps_itself_to_itself(door: Door, eileen: User) -> None:
    """Pages, files, errors and refusals alike, over TLS."""
    visit = door.visit_as(eileen)
    for path in ("/", "/login", "/static/js/page.js", "/nowhere", "/people/x"):
        with visit.get(path, base_url="https://localhost") as answer:
            headers = answer.headers
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Permissions-Policy"].startswith("camera=(self), microphone=()")
        assert headers["Strict-Transport-Security"] == "max-age=31536000"
        policy = headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "style-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
    assert "Strict-Transport-Security" not in visit.get("/login").headers


def test_all_cookies_are_of_this_host_over_tls(door: Door, eileen: User) -> None:
    visit = door.visit(base_url="https://localhost", headers={"Referer": "https://localhost/x"})
    visit.post("/login", name="eileen", password=PASSWORD)
    code = door.identity.recovery_codes.make(eileen.id)[0]
    answer = visit.post("/login/recovery", code=code)
    cookies = answer.headers.getlist("Set-Cookie")
    given = [cookie for cookie in cookies if "Max-Age=0" not in cookie]
    assert len(given) >= 3
    for cookie in cookies:
        assert cookie.startswith("__Host-countenance")
        assert "Secure; HttpOnly; Path=/" in cookie
    assert visit.client.get_cookie(f"__Host-{SESSION}") is not None
