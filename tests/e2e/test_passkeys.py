"""Passkeys in a real browser with a virtual authenticator, from adding one to logging in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from countenance.identity.interfaces import User
from tests.e2e.conftest import BrowserFactory
from tests.fakes.doors import PASSWORD, Door, open_door
from tests.fakes.servers import serving
from tests.harness.browser import Visitor


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path / "home")


@pytest.fixture
def eileen(door: Door) -> User:
    return door.administrator(face=None)


@pytest.fixture
def url(door: Door) -> Iterator[str]:
    with serving(door.app) as host:
        yield f"http://{host.replace('127.0.0.1', 'localhost')}"


def plug_in(visitor: Visitor, *, verifies: bool) -> tuple[CDPSession, str]:
    """An authenticator like that of a phone; says yes to everything it is asked."""
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("WebAuthn.enable", {"enableUI": False})
    options: dict[str, Any] = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": verifies,
        "isUserVerified": verifies,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, made["authenticatorId"]


def log_in_on_paper(door: Door, user: User, page: Page, url: str) -> None:
    """Log in without a camera, by a recovery code."""
    code = door.identity.recovery_codes.make(user.id)[0]
    give_password(page, url)
    page.goto(f"{url}/login/recovery")
    page.get_by_label("Recovery code").fill(code)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{url}/")


def give_password(page: Page, url: str) -> None:
    page.goto(f"{url}/login")
    page.get_by_label("Name", exact=True).fill("eileen")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue to the face step").click()
    page.wait_for_url("**/login/*")


def add_passkey(page: Page, url: str) -> None:
    page.goto(f"{url}/account/security/passkeys/add")
    page.get_by_label("Your password").fill(PASSWORD)  # nothing else is set up yet
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("What to call it").fill("Blue phone")
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url("**/account/security")
    expect(page.get_by_role("link", name="Blue phone")).to_be_visible()


def log_out(page: Page) -> None:
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")


def test_a_passkey_that_verifies_opens_the_door_alone_and_a_copy_does_not(
    door: Door, eileen: User, url: str, browser_with_camera: BrowserFactory
) -> None:
    visitor = browser_with_camera(camera="none")
    page = visitor.page
    session, authenticator = plug_in(visitor, verifies=True)
    log_in_on_paper(door, eileen, page, url)
    add_passkey(page, url)
    log_out(page)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{url}/")
    expect(page.get_by_text("Logged in with passkey")).to_be_visible()
    held = session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})
    (credential,) = held["credentials"]
    assert credential["isResidentCredential"]
    log_out(page)

    # A copy of the key on another device has an older counter.
    session.send("WebAuthn.removeCredential", {
        "authenticatorId": authenticator, "credentialId": credential["credentialId"]})  # fmt: skip
    session.send("WebAuthn.addCredential", {
        "authenticatorId": authenticator, "credential": credential | {"signCount": 0}})  # fmt: skip
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("This passkey does not open the door")).to_be_visible()
    rows = door.identity.audit.list_events(limit=1)
    assert rows[0].details == {"factor": "passkey-uv", "reason": "passkey_counter"}
    assert visitor.page_errors == []


def test_a_passkey_without_verification_needs_the_password(
    door: Door, eileen: User, url: str, browser_with_camera: BrowserFactory
) -> None:
    visitor = browser_with_camera(camera="none")
    page = visitor.page
    plug_in(visitor, verifies=False)
    log_in_on_paper(door, eileen, page, url)
    add_passkey(page, url)
    log_out(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("No passkey was used")).to_be_visible()
    give_password(page, url)
    page.goto(f"{url}/login/other")
    page.get_by_role("link", name="Passkey").click()
    page.get_by_role("button", name="Use your passkey").click()
    page.wait_for_url(f"{url}/")
    expect(page.get_by_text("Logged in with password and passkey")).to_be_visible()
    page.goto(f"{url}/account/security")
    page.get_by_role("link", name="Blue phone").click()
    page.get_by_role("link", name="Remove this passkey").click()
    page.get_by_role("link", name="Passkey").click()
    page.get_by_role("button", name="Use your passkey").click()
    page.get_by_role("button", name="Remove the passkey").click()
    page.wait_for_url("**/account/security")
    assert door.identity.passkeys.list_passkeys(eileen.id) == ()
    assert visitor.page_errors == []
