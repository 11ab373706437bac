"""Browsers by the names that people use."""

from __future__ import annotations

import pytest

from countenance.web.user_agent import label_of

_LIKE_GECKO = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("system", "browser", "label"),
    [
        ("X11; Linux x86_64; rv:128.0", "Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
        # Everybody but Firefox claims to be those it descends from.
        ("X11; Linux x86_64", f"{_LIKE_GECKO} Chrome/126.0 Safari/537.36", "Chrome on Linux"),
        (
            "Windows NT 10.0; Win64; x64",
            f"{_LIKE_GECKO} Chrome/126.0 Safari/537.36 Edg/126.0",
            "Edge on Windows",
        ),
        (
            "Linux; Android 14; SM-S911B",
            f"{_LIKE_GECKO} SamsungBrowser/25.0 Chrome/121.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        (
            "iPhone; CPU iPhone OS 17_5 like Mac OS X",
            f"{_LIKE_GECKO} Version/17.5 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "iPhone; CPU iPhone OS 17_5 like Mac OS X",
            f"{_LIKE_GECKO} CriOS/126.0 Mobile/15E148 Safari/604.1",
            "Chrome on iPhone",
        ),
        (
            "Macintosh; Intel Mac OS X 10_15_7",
            f"{_LIKE_GECKO} Version/17.4 Safari/605.1.15",
            "Safari on Mac",
        ),
        ("X11; CrOS x86_64 14541.0.0", f"{_LIKE_GECKO} Chrome/126.0", "Chrome on ChromeOS"),
        ("Linux", "Something/1.0", "A browser on Linux"),
    ],
)
def test_a_browser_is_called_what_its_user_calls_it(system: str, browser: str, label: str) -> None:
    assert label_of(f"Mozilla/5.0 ({system}) {browser}") == label


@pytest.mark.parametrize("claim", ["", "curl/8.5.0", "<script>alert(1)</script>" * 100])
def test_nothing_of_an_unknown_claim_is_repeated(claim: str) -> None:
    assert label_of(claim) == "A browser"
