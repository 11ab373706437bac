"""The steps of a journey, as a person takes them: by what the pages show, not by what they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Page, expect

from tests.harness.browser import Visitor
from tests.harness.server import Server, run_command

PASSWORD: Final = "seven calm herons by the weir"
VERDICT_LIMIT_MS: Final = 60_000
"""Two cores drive browser, server and camera at once; a login itself ends after 20 s."""


@dataclass(frozen=True, slots=True)
class Account:
    """Someone with a password."""

    name: str = "eileen"
    display_name: str = "Eileen Collins"
    password: str = PASSWORD


ADMIN: Final = Account()


def set_up(visitor: Visitor, server: Server, account: Account = ADMIN) -> None:
    """Make the first administrator; ends on the page that enrols the face."""
    page = visitor.page
    page.goto(server.setup_url)
    page.get_by_label("Login name").fill(account.name)
    page.get_by_label("Your name").fill(account.display_name)
    page.get_by_label("Password", exact=True).fill(account.password)
    page.get_by_label("The same again").fill(account.password)
    page.get_by_role("button", name="Continue to your face").click()
    page.wait_for_url("**/enrol")


def enrol(visitor: Visitor) -> None:
    """Stand before the camera until the enrolment is accepted; ends on the login page."""
    start_enrolment(visitor.page)
    visitor.page.wait_for_url("**/login", timeout=VERDICT_LIMIT_MS)
    expect(visitor.page.get_by_text("Your face is enrolled")).to_be_visible()


def start_enrolment(page: Page) -> None:
    """Agree, and press the button of the enrolment page."""
    page.get_by_label("I have read this and agree.").check()
    page.get_by_role("button", name="Agree and continue").click()
    page.get_by_role("button", name="Start the camera").click()


def enter_password(visitor: Visitor, server: Server, account: Account = ADMIN) -> None:
    """Log in with the password; ends on the face step."""
    give_password(visitor.page, server, name=account.name, password=account.password)
    visitor.page.wait_for_url("**/login/face")


def give_password(page: Page, server: Server, *, name: str, password: str) -> None:
    """Fill in the login form and send it."""
    page.goto(f"{server.url}/login")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Continue to the face step").click()


def expect_home(visitor: Visitor, server: Server) -> None:
    """The door is open: the page of apps is there."""
    visitor.page.wait_for_url(f"{server.url}/", timeout=VERDICT_LIMIT_MS)
    expect(visitor.page.get_by_role("link", name=re.compile("Your account"))).to_be_visible()


def expect_refusal(page: Page) -> None:
    """The door stays shut, in the words that tell nobody which check it was."""
    line = page.locator("#line")
    expect(line).to_have_text(
        re.compile("Unauthorized|That took too long"), timeout=VERDICT_LIMIT_MS
    )
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def expect_shut(page: Page, server: Server) -> None:
    """Without a login every protected page leads to the login page."""
    for path in ("/", "/account", "/people", "/attempts"):
        page.goto(server.url + path)
        expect(page).to_have_url(re.compile(r"/login(\?|$)"))


def login_code(server: Server, name: str = ADMIN.name) -> str:
    """A one-time code, issued on the command line of the running server's home."""
    done = run_command("--home", str(server.home), "users", "code", name, env=server.env)
    assert done.returncode == 0, done.stderr
    found = re.search(r"\b[A-Z0-9]{5}-[A-Z0-9]{5}\b", done.stdout)
    assert found, done.stdout
    return found.group()


def refusal_reasons(server: Server, name: str = ADMIN.name) -> list[str]:
    """Exact reasons of refused logins, newest first, as the audit trail has them."""
    from countenance.bootstrap import build
    from countenance.events import Tag
    from countenance.settings import read_settings

    settings = read_settings({"COUNTENANCE_HOME": str(server.home), **server.env})
    identity = build(settings).identity
    user = identity.users.find(name)
    assert user is not None
    rows = identity.audit.list_events(subject_id=user.id, tags=(Tag.LOGIN_REFUSED,))
    return [row.details["reason"] for row in rows]
