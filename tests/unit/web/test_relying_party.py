"""Which pages may ask for the passkeys of a domain."""

from __future__ import annotations

import pytest

from countenance.settings import read_settings
from countenance.web.relying_party import lies_in, origins_in, passkey_domain


@pytest.mark.parametrize(
    ("origin", "domain", "is_inside"),
    [
        ("https://door.example", "door.example", True),
        ("https://door.example:8443", "door.example", True),
        ("https://a.door.example", "door.example", True),
        ("https://baddoor.example", "door.example", False),
        ("https://door.example.evil.example", "door.example", False),
        ("http://door.example", "door.example", False),  # browsers ask over HTTPS only
        ("http://localhost:8000", "localhost", True),
        ("http://127.0.0.1:8000", "localhost", False),
        ("http://192.0.2.7:8000", "localhost", False),
        ("https://[::1", "localhost", False),
        ("", "localhost", False),
    ],
)
def test_a_page_is_inside_of_a_domain_or_not(origin: str, domain: str, is_inside: bool) -> None:
    assert lies_in(origin, domain) is is_inside


@pytest.mark.parametrize(
    ("environ", "domain"),
    [
        ({}, "localhost"),
        ({"COUNTENANCE_ORIGINS": "https://Door.example, https://b.example"}, "door.example"),
        (
            {
                "COUNTENANCE_ORIGINS": "https://a.door.example",
                "COUNTENANCE_PASSKEY_DOMAIN": "Door.example",
            },
            "door.example",
        ),
    ],
)
def test_the_domain_comes_from_the_settings(environ: dict[str, str], domain: str) -> None:
    assert passkey_domain(read_settings(environ)) == domain


def test_only_origins_inside_are_accepted_each_once() -> None:
    given = ["https://a.door.example", "https://evil.example", "https://a.door.example"]
    assert origins_in("door.example", given) == ("https://a.door.example",)
