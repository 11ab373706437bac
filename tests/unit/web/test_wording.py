"""What the owner and the administration read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from countenance.events import Tag
from countenance.identity.interfaces import AuditEvent, UserId
from countenance.web import wording

NOW = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)


def event(tag: Tag, *, subject: str | None = "x", **details: str) -> AuditEvent:
    return AuditEvent(1, NOW, tag, UserId(subject) if subject else None, None, "", details)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (event(Tag.LOGIN_REFUSED, reason="presentation_attack"), "a picture, a screen or a mask"),
        (event(Tag.PASSWORD_REFUSED), "The password was wrong."),
        (event(Tag.PASSWORD_REFUSED, subject=None), "No user has that name."),
        (event(Tag.PASSWORD_REFUSED, reason="disabled"), "The user is disabled."),
        (event(Tag.LOGIN_CODE_REFUSED, reason="expired"), "wrong, used or expired"),
    ],
)
def test_the_exact_reason_is_told(row: AuditEvent, words: str) -> None:
    assert words in wording.reason(row)


def test_a_moment_is_for_machines_and_readers() -> None:
    text = wording.moment(NOW)
    assert 'datetime="2026-03-12T09:30:00+00:00"' in text
    assert "12 Mar 2026, 09:30 UTC" in text
    assert wording.moment(None) == "never"
