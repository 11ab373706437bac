"""Known devices, from the first login to being forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from countenance.ceremony.verdict import Verdict
from countenance.events import Tag
from countenance.identity.interfaces import User
from tests.fakes.doors import DEVICE, PENDING, SESSION, Door, Visit, open_door

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path)


@pytest.fixture
def eileen(door: Door) -> User:
    return door.administrator()


def log_in(door: Door, visit: Visit, name: str = "eileen") -> None:
    """Password, then a capture that ends well."""
    visit.password(name)
    pending = door.identity.transactions.find(visit.cookie(PENDING))
    assert pending is not None
    door.identity.transactions.finish(pending.id, Verdict.granted())
    assert visit.post("/login/complete").location == "/"


def browser(door: Door) -> Visit:
    return door.visit(headers={"User-Agent": FIREFOX})


def test_a_login_by_face_makes_the_browser_known(door: Door, eileen: User) -> None:
    visit = browser(door)
    log_in(door, visit)
    (device,) = door.identity.devices.list_devices(eileen.id)
    assert device.label == "Firefox on Linux"
    assert door.identity.devices.find(visit.cookie(DEVICE), eileen.id) == device
    session = door.identity.sessions.find(visit.cookie(SESSION))
    assert session is not None
    assert session.device_id == device.id


def test_a_login_by_code_makes_the_browser_known(door: Door, eileen: User) -> None:
    visit = browser(door)
    visit.password()
    code = door.identity.login_codes.issue(eileen.id, actor=None)
    visit.post("/login/code", code=code)
    assert len(door.identity.devices.list_devices(eileen.id)) == 1


def test_neither_a_password_nor_a_refused_face_makes_a_browser_known(
    door: Door, eileen: User
) -> None:
    visit = browser(door)
    visit.password()
    visit.post("/login/complete")
    assert visit.cookie(DEVICE) == ""
    assert door.identity.devices.list_devices(eileen.id) == ()


def test_logging_in_and_out_again_is_the_same_device(door: Door, eileen: User) -> None:
    visit = browser(door)
    log_in(door, visit)
    first = visit.cookie(DEVICE)
    visit.post("/logout")
    assert visit.cookie(DEVICE) == first
    log_in(door, visit)
    assert visit.cookie(DEVICE) not in ("", first)
    assert len(door.identity.devices.list_devices(eileen.id)) == 1
    assert len(door.identity.audit.list_events(tags=(Tag.DEVICE_ADDED,))) == 1


def test_two_people_share_a_browser_and_nothing_else(door: Door, eileen: User) -> None:
    grace = door.viewer()
    visit = browser(door)
    log_in(door, visit)
    visit.post("/logout")
    log_in(door, visit, "grace")
    (of_eileen,) = door.identity.devices.list_devices(eileen.id)
    (of_grace,) = door.identity.devices.list_devices(grace.id)
    assert of_eileen.id != of_grace.id
    assert of_eileen.id not in visit.get("/account").text
    assert visit.get(f"/account/devices/{of_eileen.id}").status_code == 404
    assert visit.post(f"/account/devices/{of_eileen.id}/forget").status_code == 404
    assert door.identity.devices.find(visit.cookie(DEVICE), eileen.id) == of_eileen


def test_the_cookie_is_out_of_reach_of_scripts_and_of_plain_http(door: Door, eileen: User) -> None:
    visit = door.visit(
        base_url="https://door.example", headers={"Referer": "https://door.example/"}
    )
    visit.password()
    pending = visit.client.get_cookie("__Host-countenance-pending", domain="door.example")
    assert pending is not None
    found = door.identity.transactions.find(pending.value)
    assert found is not None
    door.identity.transactions.finish(found.id, Verdict.granted())
    answer = visit.post("/login/complete")
    (cookie,) = (c for c in answer.headers.getlist("Set-Cookie") if "countenance-device" in c)
    assert cookie.startswith("__Host-countenance-device=")
    flags = {part.strip() for part in cookie.split(";")[1:]}
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=15552000"} <= flags


def test_a_device_is_named_and_forgotten_by_its_owner(door: Door, eileen: User) -> None:
    visit = browser(door)
    log_in(door, visit)
    (device,) = door.identity.devices.list_devices(eileen.id)
    page = visit.get("/account").text
    assert "Firefox on Linux" in page
    assert "This one" in page
    visit.post(f"/account/devices/{device.id}", label="Desk <b>upstairs</b>")
    assert "Desk &lt;b&gt;upstairs&lt;/b&gt;" in visit.get("/account").text
    asked = visit.get(f"/account/devices/{device.id}/forget")
    assert "cannot be undone" in asked.text
    assert door.identity.devices.list_devices(eileen.id) != ()
    visit.post(f"/account/devices/{device.id}/forget")
    assert door.identity.devices.list_devices(eileen.id) == ()
    after = visit.get("/account")
    assert after.status_code == 200
    assert "None is known yet" in after.text


@pytest.mark.parametrize("device_id", ["nothing", "%00", "00000000-0000-4000-8000-000000000000"])
def test_a_device_that_is_not_there_is_not_found(door: Door, eileen: User, device_id: str) -> None:
    visit = door.visit_as(eileen)
    assert visit.get(f"/account/devices/{device_id}").status_code == 404
    assert visit.post(f"/account/devices/{device_id}/forget").status_code == 404
