"""Tokens on the pages of administrators, and what they do in the trail."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from countenance.identity.api_scopes import Scope
from countenance.identity.interfaces import Role, User
from tests.fakes.doors import Door, Visit, open_door
from tests.fakes.programs import program_of


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path)


@pytest.fixture
def eileen(door: Door) -> User:
    return door.administrator()


@pytest.fixture
def visit(door: Door, eileen: User) -> Visit:
    return door.visit_as(eileen)


def made(door: Door, visit: Visit, **fields: object) -> str:
    """The page after the form was sent with a fresh confirmation."""
    visit.confirm(door, "tokens.make")
    wish = {"name": "Nightly import", "scopes": ["users:read"], "days": "30"} | fields
    return visit.client.post("/tokens/make", data={"csrf_token": visit.token(), **wish}).text


def test_a_token_is_shown_once_and_works(door: Door, eileen: User, visit: Visit) -> None:
    page = made(door, visit, scopes=["users:read", "audit:read"])
    found = re.search(r"data-secret>(cnt_[a-z0-9]{12}_[\w-]{43})<", page)
    assert found
    token = door.identity.api_tokens.find(found[1])
    assert token is not None
    assert (token.name, token.maker.id) == ("Nightly import", eileen.id)
    assert token.scopes == {Scope.USERS_READ, Scope.AUDIT_READ}
    assert (token.expires_at - token.created_at).days == 30
    answer = door.app.test_client().get(
        "/api/v1/users", headers={"Authorization": f"Bearer {found[1]}"}
    )
    assert answer.status_code == 200
    listed = visit.get("/tokens").text
    assert "Nightly import" in listed
    assert found[1] not in listed
    assert found[1].split("_", 2)[2] not in listed


def test_without_a_fresh_confirmation_no_token_is_made(door: Door, visit: Visit) -> None:
    assert visit.get("/tokens/make").location.startswith("/step-up")
    answer = visit.post("/tokens/make", name="Import", scopes="users:read", days="30")
    assert answer.location.startswith("/step-up")
    assert door.identity.api_tokens.list_tokens() == ()


def test_one_confirmation_makes_one_token(door: Door, visit: Visit) -> None:
    made(door, visit)
    answer = visit.post("/tokens/make", name="Another", scopes="users:read", days="30")
    assert answer.status_code == 302
    assert len(door.identity.api_tokens.list_tokens()) == 1


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": ""}, "A token needs a name"),
        ({"scopes": []}, "A token needs a scope"),
        ({"scopes": ["everything"]}, "A token needs a scope"),
        ({"days": "0"}, "A token is good for 1 to 365 days"),
        ({"days": "366"}, "A token is good for 1 to 365 days"),
        ({"days": "-1"}, "A token is good for 1 to 365 days"),
    ],
    ids=str,
)
def test_an_unfit_wish_is_shown_again(
    door: Door, visit: Visit, fields: dict[str, object], problem: str
) -> None:
    page = made(door, visit, **fields)
    assert problem in page
    assert "data-secret" not in page
    assert door.identity.api_tokens.list_tokens() == ()


def test_days_that_are_no_number_take_the_usual_end(door: Door, visit: Visit) -> None:
    assert "data-secret" in made(door, visit, days="for ever")
    (token,) = door.identity.api_tokens.list_tokens()
    assert (token.expires_at - token.created_at).days == 90


def test_a_name_of_a_token_is_text_on_every_page(door: Door, visit: Visit) -> None:
    assert "<b>bold</b>" not in made(door, visit, name="<b>bold</b>")
    (token,) = door.identity.api_tokens.list_tokens()
    for path in ("/tokens", f"/tokens/{token.id}/revoke", "/audit"):
        page = visit.get(path).text
        assert "&lt;b&gt;bold&lt;/b&gt;" in page
        assert "<b>bold" not in page


def test_a_revoked_token_is_dead_after_one_more_look(
    door: Door, eileen: User, visit: Visit
) -> None:
    program = program_of(door, eileen)
    page = visit.get(f"/tokens/{program.token_id}/revoke").text
    assert "Revoke A program" in page
    assert program.ask("GET", "/users").status_code == 200, "looking changes nothing"
    assert visit.post(f"/tokens/{program.token_id}/revoke").location == "/tokens"
    assert program.ask("GET", "/users").status_code == 401
    listed = visit.get("/tokens").text
    assert "Revoked" in listed
    assert f"/tokens/{program.token_id}/revoke" not in listed


def test_an_administrator_may_revoke_the_token_of_another(door: Door, eileen: User) -> None:
    sally = door.user("sally", role=Role.ADMINISTRATOR)
    program = program_of(door, eileen)
    door.visit_as(sally).post(f"/tokens/{program.token_id}/revoke")
    assert not door.identity.api_tokens.get(program.token_id).is_good


@pytest.mark.parametrize("token_id", ["nothinghere2", "x", "%00"])
def test_a_token_that_is_not_there_is_told(visit: Visit, token_id: str) -> None:
    assert visit.get(f"/tokens/{token_id}/revoke").status_code == 404
    assert visit.post(f"/tokens/{token_id}/revoke").status_code == 404


def test_the_list_says_which_token_works_no_more_and_why(door: Door, eileen: User) -> None:
    sally = door.user("sally", role=Role.ADMINISTRATOR)
    program_of(door, sally)
    program_of(door, eileen, days=1)
    door.identity.users.set_enabled(sally.id, enabled=False, actor=eileen.id)
    door.clock.advance(24 * 3600)
    page = door.visit_as(eileen).get("/tokens").text
    assert "Maker may not" in page
    assert ">Over<" in page
    assert ">Works<" not in page


def test_no_token_yet_tells_what_one_is_for(visit: Visit) -> None:
    page = visit.get("/tokens").text
    assert "No token yet" in page
    assert "<table" not in page


def test_the_trail_on_its_page_names_the_token(door: Door, eileen: User, visit: Visit) -> None:
    program = program_of(door, eileen)
    program.ask("PATCH", f"/users/{door.viewer().id}", json={"enabled": False})
    page = visit.get("/audit").text
    assert "Token A program" in page
    by_name = visit.get("/audit?name=eileen").text
    assert "user:account:disabled" in by_name, "what the own token did is found by the name"


def test_the_reference_tells_every_operation_to_anybody(door: Door, eileen: User) -> None:
    page = door.visit().get("/tokens/reference").text
    document = door.app.test_client().get("/api/v1/openapi.json").json
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"{method.upper()} /api/v1{path}" in page
    assert "Needs the scope" not in page
