"""Origins, places to go next, and the policy of pages."""

from __future__ import annotations

import pytest

from countenance.web.security import content_security_policy, is_allowed_origin, safe_next


@pytest.mark.parametrize(
    ("origin", "is_secure", "allowed"),
    [
        ("https://door.example", True, True),
        ("http://door.example", True, False),  # a page that came without TLS
        ("http://door.example", False, True),
        ("https://door.example", False, True),  # TLS ends before a proxy we were not told of
        ("https://door.example:8443", True, False),
        ("https://door.example.evil.example", True, False),
        ("https://evil.example", True, False),
        ("null", True, False),
        ("", True, False),
    ],
)
def test_only_our_own_pages_open_the_camera_connection(
    origin: str, is_secure: bool, allowed: bool
) -> None:
    assert is_allowed_origin(origin, host="door.example", is_secure=is_secure, more=()) is allowed


def test_origins_of_the_settings_are_allowed_exactly() -> None:
    more = ("https://kiosk.example",)
    host = "door.example"
    assert is_allowed_origin("https://kiosk.example", host=host, is_secure=True, more=more)
    assert not is_allowed_origin("http://kiosk.example", host=host, is_secure=True, more=more)


@pytest.mark.parametrize("path", ["/", "/people?search=a", "/apps/console/#top"])
def test_paths_of_this_site_are_kept(path: str) -> None:
    assert safe_next(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "people",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a\nSet-Cookie: x",
        "/\t/evil.example",
        "/" + "a" * 600,
    ],
)
def test_anything_else_leads_home(path: str) -> None:
    assert safe_next(path) == "/"


def test_the_policy_names_the_socket_of_this_host() -> None:
    assert "connect-src 'self' wss://door.example" in content_security_policy(
        "door.example", is_secure=True
    )
    assert "connect-src 'self' ws://[::1]:8000" in content_security_policy(
        "[::1]:8000", is_secure=False
    )


def test_an_odd_host_cannot_write_into_the_policy() -> None:
    policy = content_security_policy("x; script-src *", is_secure=False)
    assert "script-src *" not in policy
