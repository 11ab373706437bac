"""The own account and the administration of people."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

from countenance.errors import ConfigurationError
from countenance.events import Tag
from countenance.identity.interfaces import User
from tests.fakes.doors import PASSWORD, SESSION, Door, Visit, open_door
from tests.fakes.work import counted


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path)


@pytest.fixture
def eileen(door: Door) -> User:
    return door.administrator()


@pytest.fixture
def visit(door: Door, eileen: User) -> Visit:
    return door.visit_as(eileen)


def secret(page: str) -> str:
    found = re.search(r"data-secret>([^<]+)<", page)
    assert found
    return found[1]


def without_token(page: str) -> str:
    """A page without the token of its forms, which tells the second it was made in."""
    return re.sub(r'csrf-token" content="[^"]+"|csrf_token" value="[^"]+"', "", page)


def link(page: str, rel: str) -> str:
    """Where the link to the next or previous page leads."""
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    assert found
    return html.unescape(found[1])


def test_a_changed_password_logs_out_everywhere_else(
    door: Door, eileen: User, visit: Visit
) -> None:
    elsewhere = door.visit_as(eileen)
    wrong = visit.post("/account/password", old="nope", password="x" * 12, again="x" * 12)
    assert wrong.status_code == 422
    assert "old password is not right" in wrong.text
    done = visit.post(
        "/account/password", old=PASSWORD, password="four green kites", again="four green kites"
    )
    assert done.location == "/account"
    assert visit.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302
    assert door.visit().password("eileen", "four green kites").location == "/login/face"


def test_renewing_the_own_face_asks_for_the_password(visit: Visit) -> None:
    assert visit.post("/account/face", password="nope").status_code == 422
    assert visit.post("/account/face", password=PASSWORD).location == "/enrol"
    assert "Enrol your face" in visit.get("/enrol").text


def test_erasing_the_own_face_names_what_goes_and_what_follows(
    door: Door, eileen: User, visit: Visit
) -> None:
    page = visit.get("/account/face/erase").text
    assert "5 encrypted samples" in page
    assert "login code" in page
    assert visit.post("/account/face/erase", password="nope").status_code == 422
    assert door.identity.vault.load(eileen.id) is not None
    visit.post("/account/face/erase", password=PASSWORD)
    assert door.identity.vault.load(eileen.id) is None
    assert "No face is enrolled for you" in visit.get("/").text


def test_one_sees_the_own_refusals_with_the_exact_reason_and_nobody_elses(
    door: Door, eileen: User, visit: Visit
) -> None:
    grace = door.viewer()
    for user, reason in ((eileen, "presentation_attack"), (grace, "not_matched")):
        door.identity.audit.append(
            Tag.LOGIN_REFUSED, subject_id=user.id, address="192.0.2.1", details={"reason": reason}
        )
    own = visit.get("/account/attempts").text
    assert "a picture, a screen or a mask" in own
    assert "another person" not in own
    everybody = visit.get("/attempts").text
    assert "a picture, a screen or a mask" in everybody
    assert "another person" in everybody
    assert "Grace" in everybody


def test_attempts_come_in_pages(door: Door, eileen: User, visit: Visit) -> None:
    for _ in range(30):
        door.identity.audit.append(Tag.PASSWORD_REFUSED, subject_id=eileen.id)
    first = visit.get("/attempts").text
    assert "Newer" not in first
    second = visit.get("/attempts" + link(first, "next")).text
    assert second.count("Password refused") == 5
    assert "Older" not in second
    newer = visit.get("/attempts" + link(second, "prev")).text
    assert without_token(newer) == without_token(first)
    assert "Nothing more here" in visit.get("/attempts?before=1").text


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 40, "1e3", ""])
def test_an_address_that_no_page_has_shows_the_newest(
    door: Door, visit: Visit, cursor: str
) -> None:
    door.identity.audit.append(Tag.PASSWORD_REFUSED)
    for name in ("before", "after"):
        assert "Password refused" in visit.get(f"/attempts?{name}={cursor}").text


def test_nothing_refused_is_told_with_what_will_be_there(visit: Visit) -> None:
    assert "Nothing refused so far" in visit.get("/attempts").text


def test_people_are_found_by_a_part_of_the_name(door: Door, visit: Visit) -> None:
    door.viewer("grace")
    page = visit.get("/people?search=gra").text
    assert "Grace" in page
    assert "Eileen Collins</strong>" not in page
    assert "Nobody has" in visit.get("/people?search=zzz").text


def test_many_people_come_in_pages(door: Door, visit: Visit) -> None:
    for number in range(30):
        door.viewer(f"user{number:02}", face=None)
    first = visit.get("/people").text
    assert "eileen to user23" in first
    assert "user29" not in first
    assert 'rel="prev"' not in first
    onward = link(first, "next")
    second = visit.get(onward).text
    assert "user24 to user29" in second
    assert 'rel="next"' not in second
    assert visit.get(link(second, "prev")).text == first


def test_a_long_list_costs_as_many_statements_as_a_short_one(
    door: Door, eileen: User, visit: Visit
) -> None:
    def cost(path: str) -> int:
        visit.get(path)
        with counted(door) as work:
            assert visit.get(path).status_code == 200
        return len(work.statements)

    for number in range(3):
        door.viewer(f"user{number:02}", face=None)
        door.identity.audit.append(Tag.PASSWORD_REFUSED, subject_id=eileen.id)
    few = cost("/people"), cost("/attempts")
    for number in range(3, 22):
        user = door.viewer(f"user{number:02}")
        door.identity.audit.append(Tag.PASSWORD_REFUSED, subject_id=user.id)
    assert (cost("/people"), cost("/attempts")) == few


def test_a_filter_stays_on_the_next_page(door: Door, visit: Visit) -> None:
    for number in range(30):
        door.viewer(f"user{number:02}", face=None)
    first = visit.get("/people?role=viewer&face=none").text
    assert "30 people found" in first
    second = visit.get(link(first, "next")).text
    assert "user25 to user29" in second
    assert '<option value="viewer" selected>' in second
    assert "Nobody fits" in visit.get("/people?role=auditor").text
    # What is no role, and somebody who is gone, do not end in an empty page.
    assert "31 people" in visit.get("/people?role=emperor").text
    assert visit.get("/people?role=viewer&after=zzz").location == "/people?role=viewer"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "eileen"}, "name"),
        ({"name": "a b"}, "characters that cannot be used"),
        ({"name": ""}, "The name is empty"),
    ],
)
def test_adding_says_what_to_mend(visit: Visit, fields: dict[str, str], words: str) -> None:
    answer = visit.post("/people/add", role="viewer", **fields)
    assert answer.status_code == 422
    assert words in answer.text


def test_an_unknown_role_becomes_the_smaller_one(door: Door, visit: Visit) -> None:
    visit.post("/people/add", name="mallory", role="emperor")
    user = door.identity.users.find("mallory")
    assert user is not None
    assert user.role.value == "viewer"


def test_a_login_code_is_shown_once_and_works_once(door: Door, visit: Visit) -> None:
    grace = door.viewer()
    visit.confirm(door, "people.code", user_id=grace.id)
    code = secret(visit.post(f"/people/{grace.id}/code").text)
    hers = door.visit()
    hers.password("grace")
    assert hers.post("/login/code", code=code.lower()).location == "/"


def test_disabling_can_be_undone(door: Door, visit: Visit) -> None:
    grace = door.viewer()
    visit.post(f"/people/{grace.id}/enabled", enabled="no")
    assert door.visit().password("grace").status_code == 403
    assert "disabled and logged out everywhere" in visit.get(f"/people/{grace.id}").text
    visit.post(f"/people/{grace.id}/enabled", enabled="yes")
    assert door.visit().password("grace").location == "/login/face"


def test_the_last_administrator_stays(door: Door, eileen: User, visit: Visit) -> None:
    for path, fields in (("enabled", {"enabled": "no"}), ("remove", {})):
        visit.confirm(door, f"people.{path}", user_id=eileen.id)
        answer = visit.post(f"/people/{eileen.id}/{path}", **fields)
        assert answer.location == f"/people/{eileen.id}"
    assert door.identity.users.get(eileen.id).is_enabled
    assert 'class="notice bad"' in visit.get(f"/people/{eileen.id}").text


def test_removing_asks_first_and_names_what_goes(door: Door, visit: Visit) -> None:
    grace = door.viewer()
    visit.confirm(door, "people.remove", user_id=grace.id)
    page = visit.get(f"/people/{grace.id}/remove").text
    assert "5 face samples" in page
    assert door.identity.users.find("grace") is not None
    visit.post(f"/people/{grace.id}/remove")
    assert door.identity.users.find("grace") is None
    assert visit.get(f"/people/{grace.id}").status_code == 404


def test_erasing_somebodys_face_asks_first(door: Door, visit: Visit) -> None:
    grace = door.viewer()
    assert "5 encrypted samples" in visit.get(f"/people/{grace.id}/face/erase").text
    visit.post(f"/people/{grace.id}/face/erase")
    assert door.identity.users.get(grace.id).face is None
    assert "No face to erase" in visit.get(f"/people/{grace.id}/face/erase").text


def test_enrolling_somebody_asks_for_the_administrators_own_password(
    door: Door, visit: Visit
) -> None:
    grace = door.viewer()
    assert visit.post(f"/people/{grace.id}/enrol", password="nope").status_code == 422
    assert visit.post(f"/people/{grace.id}/enrol", password=PASSWORD).location == "/enrol"
    assert "Enrol the face of Grace" in visit.get("/enrol").text
    visit.client.delete_cookie(SESSION)
    assert visit.get("/enrol").location == "/login"


def test_a_face_that_looks_like_anothers_is_told_to_the_administrator(
    door: Door, eileen: User, visit: Visit
) -> None:
    grace = door.viewer()
    door.identity.audit.append(
        Tag.FACE_DUPLICATE_FOUND, subject_id=grace.id, details={"other": eileen.id}
    )
    page = visit.get(f"/people/{grace.id}").text
    assert "looks like the one enrolled for" in page
    assert "Eileen Collins" in page


def test_the_home_page_shows_what_a_viewer_may_open(door: Door, visit: Visit) -> None:
    grace = door.visit_as(door.viewer()).get("/").text
    assert "Your account" in grace
    assert 'href="/people"' not in grace
    home = visit.get("/").text
    assert "2 people, 2 enrolled" in home
    assert "Apps appear here" in home


def test_logging_out_everywhere_else_keeps_this_login(
    door: Door, eileen: User, visit: Visit
) -> None:
    elsewhere = door.visit_as(eileen)
    visit.post("/account/sessions/end")
    assert "1 other place" in visit.get("/account").text
    assert elsewhere.get("/account").status_code == 302


def test_somebody_who_is_slowed_down_is_shown_so_and_unlocked(door: Door) -> None:
    administrator, grace = door.administrator(), door.viewer()
    visit = door.visit_as(administrator)
    assert "Unlock" not in visit.get(f"/people/{grace.id}").text
    for _ in range(5):
        door.visit().password("grace", "wrong one")
    page = visit.get(f"/people/{grace.id}").text
    assert "Password on unknown devices: 5 wrong in a row, the next try in 30 s." in page
    answer = visit.post(f"/people/{grace.id}/unlock")
    assert "Unlock" not in visit.get(answer.location).text
    assert door.visit().password("grace").location == "/login/face"
    (row,) = door.identity.audit.list_events(tags=(Tag.USER_UNLOCKED,))
    assert (row.subject_id, row.actor_id) == (grace.id, administrator.id)


def test_a_face_is_enrolled_only_after_agreement(door: Door, visit: Visit) -> None:
    assert visit.post("/account/face", password=PASSWORD).location == "/enrol"
    page = visit.get("/enrol").text
    assert "Agree and continue" in page
    assert "Start the camera" not in page
    assert visit.ask("/enrol/ticket").status_code == 409
    refused = visit.post("/enrol/consent")
    assert refused.status_code == 422
    assert "Tick the box first" in refused.text
    assert visit.ask("/enrol/ticket").status_code == 409
    assert visit.agree().location == "/enrol"
    assert "Start the camera" in visit.get("/enrol").text
    assert visit.ask("/enrol/ticket").status_code == 200


def test_other_words_ask_again(door: Door, eileen: User, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("We keep your face.\n\nYou may say no.", encoding="utf-8")
    read = open_door(tmp_path / "other", privacy={"consent_file": str(words)})
    other = read.administrator()
    visit = read.visit_as(other)
    visit.post("/account/face", password=PASSWORD)
    page = visit.get("/enrol").text
    assert "<p>We keep your face.</p>" in page
    assert "<p>You may say no.</p>" in page
    assert visit.agree().location == "/enrol"
    words.write_text("We keep your face for a year.", encoding="utf-8")
    anew = Door(read.home, read.settings).visit_as(other)
    anew.post("/account/face", password=PASSWORD)
    assert "for a year" in anew.get("/enrol").text


@pytest.mark.parametrize("words", ["", " \n\n ", None])
def test_words_that_cannot_be_read_stop_the_start(tmp_path: Path, words: str | None) -> None:
    path = tmp_path / "words.txt"
    if words is not None:
        path.write_text(words, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="words"):
        open_door(tmp_path / "home", privacy={"consent_file": str(path)})


def test_people_save_what_is_held_about_them(door: Door, eileen: User, visit: Visit) -> None:
    assert "Save the file" in visit.get("/account/data").text
    assert visit.post("/account/data", password="nope").status_code == 422
    answer = visit.post("/account/data", password=PASSWORD)
    assert answer.mimetype == "application/json"
    assert "attachment" in answer.headers["Content-Disposition"]
    held = json.loads(answer.text)
    assert held["name"] == "eileen"
    assert len(held["face"]["samples"][0]) == 128
    assert held["records"]["users"][0]["id"] == eileen.id
