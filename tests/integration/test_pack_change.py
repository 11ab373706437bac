"""After a change of model pack a face has to be enrolled again, and it is told whose."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from countenance.biometrics.templates import Template
from countenance.identity.interfaces import User
from tests.fakes.doors import Door, open_door
from tests.fakes.recognition import PACK, face_of
from tests.harness.commands import invoke

EARLIER = "earlier/1"


def of_pack(person: int, pack: str) -> Template:
    return Template(samples=face_of(person).samples, pack=pack)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """Eileen's face is of this engine's pack, Grace's of an earlier one."""
    door = open_door(tmp_path)
    door.administrator(face=1)
    grace = door.viewer("grace", face=None)
    door.identity.vault.store(grace.id, of_pack(2, EARLIER), actor=None)
    return door


def user(door: Door, name: str) -> User:
    found = door.identity.users.find(name)
    assert found is not None
    return found


def test_the_administration_sees_who_has_to_enrol_again(door: Door) -> None:
    visit = door.visit_as(user(door, "eileen"))
    people = visit.get("/people").text
    assert people.count("Face of another model: enrol again") == 1
    page = visit.get(f"/people/{user(door, 'grace').id}").text
    assert EARLIER in page
    assert PACK in page
    assert "needs a login code" in page
    assert EARLIER not in visit.get(f"/people/{user(door, 'eileen').id}").text


def test_whoever_came_in_another_way_is_told_on_the_first_page_and_the_account(
    door: Door,
) -> None:
    visit = door.visit_as(user(door, "grace"))
    assert "Your face was enrolled for another model" in visit.get("/").text
    account = visit.get("/account").text
    assert "Enrol your face again" in account
    assert EARLIER in account
    eileen = door.visit_as(user(door, "eileen"))
    assert "another model" not in eileen.get("/").text + eileen.get("/account").text


def test_the_password_alone_does_not_open_the_enrolment_of_another_face(door: Door) -> None:
    """A stolen password would be enough otherwise, on the day of every change of pack."""
    assert door.visit().password("grace").location == "/login/face"


def test_the_login_page_looks_the_same_for_both(door: Door) -> None:
    pages = []
    for name in ("eileen", "grace"):
        visit = door.visit()
        visit.password(name)
        page = visit.get("/login/face").text.replace(visit.token(), "TOKEN")
        pages.append(page.replace(name.title(), "NAME").replace(name, "name"))
    assert EARLIER not in pages[1]
    assert "another model" not in pages[1]


def test_the_command_line_counts_and_names_them(tmp_path: Path) -> None:
    door = open_door(tmp_path / "home")
    door.administrator(face=None)
    door.viewer("grace", face=None)
    for name, pack in (("eileen", "opencv-zoo/1"), ("grace", "dlib/1")):
        door.identity.vault.store(user(door, name).id, of_pack(1, pack), actor=None)
    home = str(tmp_path / "home")
    listed = json.loads(invoke("--home", home, "users", "list", "--json").stdout)
    found = {row["name"]: (row["face_pack"], row["enrol_again"]) for row in listed["users"]}
    assert found == {"eileen": ("opencv-zoo/1", False), "grace": ("dlib/1", True)}
    told = invoke("--home", home, "users", "list").stdout
    assert told.count("enrol again") == 1
    examined = invoke("--home", home, "doctor", "--json")
    faces = [row for row in json.loads(examined.stdout)["findings"] if row["check"] == "faces"]
    assert [row["health"] for row in faces] == ["warn"]
    assert "1 of 2 enrolled with the pack in use, opencv-zoo/1; 1 with dlib/1" in faces[0]["found"]
    assert "enrol again" in faces[0]["remedy"]
    chosen = invoke(
        "--home", home, "users", "list", "--json", env={"COUNTENANCE_ENGINE_PACK": "dlib"}
    )
    again = {row["name"]: row["enrol_again"] for row in json.loads(chosen.stdout)["users"]}
    assert again == {"eileen": True, "grace": False}
