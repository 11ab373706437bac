"""Which origins may run a capture: exactly what a browser sends, from where it opens a camera."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.web.origins import is_capture_origin


@pytest.mark.parametrize(
    "origin",
    [
        "https://shop.example",
        "https://shop.example:8443",
        "https://a.b-c.example",
        "https://xn--mnchen-3ya.example",
        "https://192.0.2.7",
        "https://[2001:db8::7]:8443",
        "http://localhost",
        "http://localhost:5000",
        "http://shop.localhost:5000",
        "http://127.0.0.1:5000",
        "http://[::1]:5000",
    ],
)
def test_origins_as_browsers_send_them_are_taken(origin: str) -> None:
    assert is_capture_origin(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "*",
        "shop.example",
        "https://",
        "http://shop.example",  # no camera there
        "http://192.0.2.7",
        "http://localhost.example",
        "http://evillocalhost",
        "ftp://shop.example",
        "https://shop.example/",
        "https://shop.example/a",
        "https://shop.example?a",
        "https://shop.example#a",
        "https://shop.example:443",
        "http://localhost:80",
        "https://shop.example:",
        "https://shop.example:0",
        "https://shop.example:65536",
        "https://shop.example:+1",
        "https://shop.example:08443",
        "https://user@shop.example",
        "https://:pw@shop.example",
        "https://Shop.example",
        "HTTPS://shop.example",
        "https://shop.example.",
        "https://-shop.example",
        "https://münchen.example",
        "https://*.example",
        "https://a_b.example",
        "https://shop.example, https://evil.example",
        "https://shop.example\n",
        " https://shop.example",
        "https://[2001:db8::7",
        "https://[2001:0db8::7]",
        "https://[::1%eth0]",
        "https://192.0.2.007",
        "https://" + "a" * 64 + ".example",
        "https://" + "a." * 130 + "example",
    ],
)
def test_anything_else_is_none(origin: str) -> None:
    assert not is_capture_origin(origin)


@given(st.text())
def test_no_text_breaks_it_and_what_it_takes_has_no_blank_and_no_path(text: str) -> None:
    for origin in (text, f"https://{text}", f"http://localhost:{text}"):
        if is_capture_origin(origin):
            assert origin.isascii()
            assert not set(origin) & set(" \t\r\n\"'<>\\@?#;,")
            assert origin.count("/") == 2
