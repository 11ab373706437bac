"""Apps behind the door are found by entry point and checked before any is shown."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from flask import Blueprint

from countenance.apps.api import GROUP, App, AppError, find_apps
from countenance.identity.interfaces import Role
from countenance.identity.permissions import Permission
from tests.fakes.doors import Door, open_door


def pages() -> Blueprint:
    blueprint = Blueprint("clock", __name__)
    blueprint.add_url_rule("/", "now", lambda: "half past nine")
    return blueprint


CLOCK = App("Clock", "clock", "What time it is", pages)
VAULT = App("Vault", "vault", "For a few", pages, roles=frozenset({Role.ADMINISTRATOR}))
TWIN = App("Another clock", "clock", "The same slug", pages)
NOT_AN_APP = 12


def point(name: str) -> EntryPoint:
    return EntryPoint(name, f"{__name__}:{name}", GROUP)


def test_apps_come_by_title() -> None:
    assert find_apps([point("VAULT"), point("CLOCK")]) == (CLOCK, VAULT)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["CLOCK", "TWIN"], "slug 'clock'"),
        (["NOT_AN_APP"], "is not an `App`"),
        (["MISSING"], "does not load"),
    ],
)
def test_a_broken_app_stops_the_start_with_its_name(names: list[str], words: str) -> None:
    with pytest.raises(AppError, match=words):
        find_apps([point(name) for name in names])


@pytest.mark.parametrize("slug", ["", "A", "../x", "with space", "9lives"])
def test_a_slug_is_a_plain_word(slug: str) -> None:
    with pytest.raises(ValueError, match="slug"):
        App("X", slug, "", pages)


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    monkeypatch.setattr("countenance.web.app.find_apps", lambda: (CLOCK, VAULT))
    return open_door(tmp_path)


def test_an_app_stands_behind_the_door_without_checking_anything_itself(door: Door) -> None:
    administrator, viewer = door.administrator(), door.viewer()
    assert door.visit().get("/apps/clock/").location == "/login?next=/apps/clock/"
    assert door.visit_as(viewer).get("/apps/clock/").text == "half past nine"
    assert door.visit_as(viewer).get("/apps/vault/").status_code == 403
    assert door.visit_as(administrator).get("/apps/vault/").text == "half past nine"


def for_station(*roles: Role) -> App:
    return App(
        "Pump", "pump", "", pages,
        permission=Permission.OPERATE_STATION, roles=frozenset(roles or Role),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("app", "roles"),
    [
        # As before there were permissions, but for auditors, who use no app.
        (CLOCK, set(Role) - {Role.AUDITOR}),
        (VAULT, {Role.ADMINISTRATOR}),
        (for_station(), {Role.OPERATOR}),
        # A list of roles narrows down and never widens.
        (for_station(Role.VIEWER), set()),
        (for_station(Role.VIEWER, Role.OPERATOR), {Role.OPERATOR}),
    ],
)
def test_an_app_opens_for_whoever_has_its_permission_and_one_of_its_roles(
    app: App, roles: set[Role]
) -> None:
    assert app.opens_for == roles


def test_an_app_for_the_station_stays_closed_to_whoever_gives_the_roles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("countenance.web.app.find_apps", lambda: (for_station(),))
    door = open_door(tmp_path)
    administrator, operator = door.administrator(), door.user("olga", role=Role.OPERATOR)
    assert door.visit_as(administrator).get("/apps/pump/").status_code == 403
    assert 'href="/apps/pump/"' not in door.visit_as(administrator).get("/").text
    assert door.visit_as(operator).get("/apps/pump/").text == "half past nine"


def test_the_home_page_has_a_tile_for_whoever_may_open_it(door: Door) -> None:
    administrator, viewer = door.administrator(), door.viewer()
    assert 'href="/apps/vault/"' in door.visit_as(administrator).get("/").text
    page = door.visit_as(viewer).get("/").text
    assert 'href="/apps/clock/"' in page
    assert 'href="/apps/vault/"' not in page
