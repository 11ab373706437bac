"""The way in, page by page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from countenance.ceremony.verdict import Verdict
from countenance.events import Tag
from countenance.identity.interfaces import Purpose, Role
from countenance.web.setup_code import FILE_NAME, ensure_setup_code
from tests.fakes.doors import PASSWORD, PENDING, SESSION, Door, Visit, open_door
from tests.fakes.recognition import face_of


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path)


def grant(door: Door, visit: Visit) -> None:
    """Let the capture of this browser's ceremony end well."""
    found = door.identity.transactions.find(visit.cookie(PENDING))
    assert found is not None
    door.identity.transactions.finish(found.id, Verdict.granted())


def setup_fields(right_code: str, **changed: str) -> dict[str, str]:
    fields = {
        "code": right_code,
        "name": "eileen",
        "display_name": "Eileen Collins",
        "password": PASSWORD,
        "again": PASSWORD,
    }
    return fields | changed


def test_setup_makes_the_administrator_and_goes_on_to_the_face(door: Door) -> None:
    code = ensure_setup_code(door.home)
    visit = door.visit()
    assert f'value="{code}"' in visit.get(f"/setup?code={code}").text
    answer = visit.post("/setup", **setup_fields(code))
    assert answer.location == "/enrol"
    assert "Enrol your face" in visit.get("/enrol").text
    user = door.identity.users.find("eileen")
    assert user is not None
    assert user.role is Role.ADMINISTRATOR
    assert not (door.home / FILE_NAME).exists()
    assert visit.cookie(SESSION) == ""
    assert visit.get("/").location.startswith("/login")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"code": "guess"}, "set-up code is not right"),
        ({"again": "something else here"}, "passwords differ"),
        ({"password": "short", "again": "short"}, "too short"),
        ({"name": "  "}, "The name"),
    ],
)
def test_setup_says_what_to_mend_and_makes_nobody(
    door: Door, changed: dict[str, str], words: str
) -> None:
    code = ensure_setup_code(door.home)
    answer = door.visit().post("/setup", **setup_fields(code, **changed))
    assert answer.status_code == 422
    assert words in answer.text
    assert PASSWORD not in answer.text
    assert not door.identity.users.is_set_up()


def test_setup_is_over_once_there_is_an_administrator(door: Door) -> None:
    door.administrator()
    code = ensure_setup_code(door.home)
    visit = door.visit()
    assert visit.get("/setup").location == "/login"
    assert visit.post("/setup", **setup_fields(code, name="mallory")).location == "/login"
    assert door.identity.users.find("mallory") is None


def test_unknown_wrong_and_disabled_get_one_and_the_same_answer(door: Door) -> None:
    door.administrator()
    disabled = door.viewer("mallory")
    door.identity.users.set_enabled(disabled.id, enabled=False, actor=None)
    answers = []
    for name, password in (("nobody", PASSWORD), ("eileen", "wrong one"), ("mallory", PASSWORD)):
        visit = door.visit()
        answer = visit.password(name, password)
        body = answer.text.replace(f'value="{name}"', "").replace(visit.token(), "")
        body = re.sub(r'(csrf[-_]token"[^>]*(?:content|value))="[^"]*"', r"\1", body)
        answers.append(
            (answer.status_code, body, visit.cookie(PENDING), sorted(answer.headers.keys()))
        )
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 403


def test_unknown_users_cost_a_hash_and_a_row_like_known_ones(door: Door) -> None:
    door.administrator()
    for name in ("nobody", "eileen"):
        door.visit().password(name, "wrong one")
    rows = door.identity.audit.list_events(tags=(Tag.PASSWORD_REFUSED,))
    assert len(rows) == 2
    assert [row.subject_id is None for row in rows] == [False, True]


def test_a_grant_is_completed_once_and_only_in_its_browser(door: Door) -> None:
    door.administrator()
    visit, thief = door.visit(), door.visit()
    visit.password()
    assert visit.post("/login/complete").location == "/login"  # not granted yet
    grant(door, visit)
    assert thief.post("/login/complete").location == "/login"
    answer = visit.post("/login/complete")
    assert answer.location == "/"
    session = door.identity.sessions.find(visit.cookie(SESSION))
    assert session is not None
    assert session.methods == ("pwd", "face")
    again = door.visit()
    again.client.set_cookie(PENDING, visit.cookie(PENDING) or "x")
    assert again.post("/login/complete").location == "/login"


def test_a_login_takes_a_new_token_and_ends_the_old_session(door: Door) -> None:
    eileen = door.administrator()
    visit = door.visit()
    visit.password()
    grant(door, visit)
    planted = door.identity.sessions.begin(eileen.id, methods=("pwd",), address="")
    visit.client.set_cookie(SESSION, planted)
    visit.post("/login/complete")
    assert visit.cookie(SESSION) not in ("", planted)
    assert door.identity.sessions.find(planted) is None


def test_the_page_that_was_asked_for_comes_after_the_login(door: Door) -> None:
    door.administrator()
    visit = door.visit()
    asked = visit.get("/people?search=gr").location
    assert asked == "/login?next=/people?search%3Dgr"
    page = visit.get(asked).text
    assert 'name="next" value="/people?search=gr"' in page
    visit.post("/login", name="eileen", password=PASSWORD, next="/people?search=gr")
    grant(door, visit)
    assert visit.post("/login/complete").location == "/people?search=gr"


@pytest.mark.parametrize("evil", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_no_login_leads_to_another_site(door: Door, evil: str) -> None:
    door.administrator()
    visit = door.visit()
    assert "evil" not in visit.get("/login", query_string={"next": evil}).text
    visit.post("/login", name="eileen", password=PASSWORD, next=evil)
    grant(door, visit)
    assert visit.post("/login/complete").location == "/"


def test_a_password_waits_five_minutes_for_its_face(door: Door) -> None:
    door.administrator()
    visit = door.visit()
    visit.password()
    grant(door, visit)
    door.clock.advance(door.settings.login.pending_limit_s + 1)
    assert visit.get("/login/face").location == "/login"
    assert visit.post("/login/complete").location == "/login"


def test_somebody_new_replaces_the_given_password_then_enrols(door: Door) -> None:
    administrator = door.administrator()
    page = door.visit_as(administrator).post(
        "/people/add", name="grace", display_name="Grace Hopper", role="viewer", way="password"
    )
    temporary = re.search(r"data-secret>([^<]+)<", page.text)
    assert temporary
    visit = door.visit()
    assert visit.password("grace", temporary[1]).location == "/login/password"
    assert visit.get("/enrol").location == "/login"
    assert visit.ask("/enrol/ticket").status_code == 409
    same = visit.post("/login/password", password=temporary[1], again=temporary[1])
    assert same.status_code == 422
    assert "Choose one of your own" in same.text
    weak = visit.post("/login/password", password="short", again="short")
    assert "too short" in weak.text
    answer = visit.post("/login/password", password="four green kites", again="four green kites")
    assert answer.location == "/enrol"
    visit.agree()
    assert visit.ask("/enrol/ticket").status_code == 200
    assert door.visit().password("grace", "four green kites").location == "/enrol"


def test_whoever_erased_the_own_face_needs_a_code_not_just_the_password(door: Door) -> None:
    """Else a stolen password would be enough to enrol a stolen account."""
    eileen = door.administrator()
    door.identity.vault.erase(eileen.id, actor=eileen.id)
    visit = door.visit()
    assert visit.password().location == "/login/face"
    code = door.identity.login_codes.issue(eileen.id, actor=None)
    wrong = visit.post("/login/code", code="AAAAA-AAAAA")
    assert wrong.status_code == 403
    assert "not right, used or expired" in wrong.text
    assert visit.post("/login/code", code=code).location == "/"
    assert "Logged in with password and one-time code" in visit.get("/").text
    second = door.visit()
    second.password()
    assert second.post("/login/code", code=code).status_code == 403


def test_a_code_without_the_password_is_nothing(door: Door) -> None:
    eileen = door.administrator()
    code = door.identity.login_codes.issue(eileen.id, actor=None)
    assert door.visit().post("/login/code", code=code).location == "/login"


def test_a_face_of_an_older_model_is_enrolled_anew_after_a_password_reset(door: Door) -> None:
    door.administrator()
    grace = door.viewer("grace", face=None)
    old = face_of(2)
    door.identity.vault.store(grace.id, type(old)(old.samples, "older/1"), actor=None)
    visit = door.visit()
    assert visit.password("grace").location == "/login/face"
    code = door.identity.invitations.reset(grace.id, actor=None)
    own = "four green kites"
    assert visit.post("/invite", code=code, password=own, again=own).location == "/enrol"


def test_an_enrolment_by_an_administrator_is_no_way_to_log_in_as_somebody(door: Door) -> None:
    administrator = door.administrator()
    grace = door.viewer()
    visit = door.visit_as(administrator)
    visit.post(f"/people/{grace.id}/enrol", password=PASSWORD)
    code = door.identity.login_codes.issue(grace.id, actor=administrator.id)
    visit.post("/login/code", code=code)
    visit.client.delete_cookie(SESSION)
    visit.post("/login/code", code=code)
    assert visit.cookie(SESSION) == ""
    grant(door, visit)
    assert visit.post("/login/complete").location == "/login"
    assert visit.get("/enrol").location == "/login"
    token = visit.cookie(PENDING)
    found = door.identity.transactions.find(token)
    assert found is not None
    assert found.purpose is Purpose.ENROLMENT


def test_twenty_logins_a_minute_are_the_most_of_one_address(door: Door) -> None:
    door.administrator()
    visit = door.visit()
    token = visit.token()
    answers = [
        visit.client.post("/login", data={"csrf_token": token, "name": f"x{n}", "password": "y"})
        for n in range(21)
    ]
    assert {answer.status_code for answer in answers[:20]} == {403}
    assert answers[20].status_code == 429
    assert 1 <= int(answers[20].headers["Retry-After"]) <= 61
    assert "data-countdown" in answers[20].text


def wrong(door: Door, name: str, times: int, **options: object) -> Visit:
    visit = door.visit(**options)
    for _ in range(times):
        assert visit.password(name, "wrong one").status_code == 403
    return visit


def test_the_sixth_password_waits_with_a_countdown_and_other_ways_in(door: Door) -> None:
    door.administrator()
    visit = wrong(door, "eileen", 5)
    door.clock.advance(6)
    answer = visit.password()
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "24"
    assert 'data-countdown="24"' in answer.text
    assert "Other ways in" in answer.text
    assert visit.cookie(PENDING) == ""
    door.clock.advance(24)
    assert visit.password().location == "/login/face"


def test_a_stranger_who_guesses_delays_nobody_on_a_device_of_their_own(door: Door) -> None:
    eileen = door.administrator()
    home = door.visit()
    home.password()
    code = door.identity.login_codes.issue(eileen.id, actor=None)
    home.post("/login/code", code=code)
    home.post("/logout")
    stranger = wrong(door, "eileen", 5)
    assert stranger.password().status_code == 429
    assert home.password().location == "/login/face"
    assert stranger.password().status_code == 429


def test_unknown_names_are_slowed_down_exactly_like_known_ones(door: Door) -> None:
    door.administrator()
    disabled = door.viewer("mallory")
    door.identity.users.set_enabled(disabled.id, enabled=False, actor=None)
    answers = []
    for number, name in enumerate(("nobody", "eileen", "mallory")):
        address = {"REMOTE_ADDR": f"192.0.2.{number}"}
        visit = wrong(door, name, 5, environ_base=address)
        for seconds in (0, 29, 1):
            door.clock.advance(seconds)
            answer = visit.password(name, "wrong one")
            body = answer.text.replace(f'value="{name}"', "")
            body = re.sub(r'(csrf[-_]token"[^>]*(?:content|value))="[^"]*"', r"\1", body)
            answers.append((answer.status_code, answer.headers.get("Retry-After"), body))
    assert [status for status, _, _ in answers[:3]] == [429, 429, 403]
    assert answers[:3] == answers[3:6] == answers[6:]


def test_a_confirmation_with_a_stolen_session_is_slowed_down_too(door: Door) -> None:
    visit = door.visit_as(door.administrator())
    for _ in range(5):
        assert visit.post("/account/face", password="wrong one").status_code == 422
    answer = visit.post("/account/face", password=PASSWORD)
    assert answer.status_code == 429
    assert "data-countdown" in answer.text


def test_wrong_codes_are_slowed_down(door: Door) -> None:
    eileen = door.administrator()
    visit = door.visit()
    visit.password()
    for _ in range(5):
        assert visit.post("/login/code", code="AAAAA-AAAAA").status_code == 403
    code = door.identity.login_codes.issue(eileen.id, actor=None)
    assert visit.post("/login/code", code=code).status_code == 429
    door.clock.advance(30)
    assert visit.post("/login/code", code=code).location == "/"


def test_a_page_that_is_not_there_says_so_with_a_way_back(door: Door) -> None:
    answer = door.visit().get("/nowhere")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert 'href="/"' in answer.text


def test_what_is_stored_can_be_read_by_anybody(door: Door) -> None:
    text = door.visit().get("/privacy").text
    assert "What is stored?" in text
    assert "30 minutes" in text
