"""The pause between tries, after too many refusals in a row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from countenance.events import Tag
from countenance.identity.interfaces import AuditEvent
from countenance.web.pages.steps import pause_left_s

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def events(kinds: str, *, ago_s: float = 10.0) -> list[AuditEvent]:
    """`r` refused, `g` granted, newest first."""
    tags = {"r": Tag.LOGIN_REFUSED, "g": Tag.LOGIN_GRANTED}
    return [
        AuditEvent(k, NOW - timedelta(seconds=ago_s + k), tags[kind], None, None, "", {})
        for k, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("kinds", "left_s"),
    [
        ("", 0),
        ("rrrr", 0),
        ("rrrrr", 20),
        ("rrrrrr", 20),
        ("rrgrr", 0),
        ("grrrrr", 0),
        ("rrrrrg", 20),
    ],
)
def test_five_refusals_in_a_row_ask_for_thirty_seconds(kinds: str, left_s: int) -> None:
    assert pause_left_s(events(kinds), tries=5, now=NOW) == left_s


def test_the_pause_ends() -> None:
    assert pause_left_s(events("rrrrr", ago_s=29.2), tries=5, now=NOW) == 1
    assert pause_left_s(events("rrrrr", ago_s=30.0), tries=5, now=NOW) == 0
