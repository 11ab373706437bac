"""Every code that a page may be told has its words, and the words keep to what may be said."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from countenance.ceremony.challenge import Move
from countenance.ceremony.enrolment import Prompt
from countenance.ceremony.evidence import Hint
from countenance.ceremony.verdict import PublicReason, Reason
from countenance.web import wording

WORDS = files("countenance.web").joinpath("static/js/words.js").read_text(encoding="utf-8")


def table(name: str) -> dict[str, str]:
    """Code -> everything said for it, of one table of words.js."""
    body = re.search(rf"export const {name} = {{\n(.*?)\n}};", WORDS, re.DOTALL)
    assert body, name
    entries = re.split(r"^  (\w+): {", body[1], flags=re.MULTILINE)[1:]
    return dict(zip(entries[::2], entries[1::2], strict=True))


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("HINTS", Hint),
        ("PROMPTS", Prompt),
        ("MOVES", Move),
        ("LOGIN_REFUSALS", PublicReason),
        ("ENROLMENT_REFUSALS", Reason),
    ],
)
def test_every_code_has_its_words(name: str, codes: type[Hint]) -> None:
    assert set(table(name)) == {code.value for code in codes}


def test_every_reason_has_a_sentence_for_the_owner() -> None:
    assert set(Reason) <= set(wording.REASONS)


def test_the_camera_page_speaks_plainly() -> None:
    said = re.findall(r'"([^"]*)"', WORDS)
    for text in said:
        assert not re.search(
            r"liveness|spoof|\bPAD\b|confidence|score|biometric", text, re.IGNORECASE
        )
        assert not re.search(r"[!\u2013\u2014]", text)


def test_a_refused_login_is_told_alike_whichever_check_it_was() -> None:
    """The two that an attacker would like to tell apart share one public reason."""
    words = table("LOGIN_REFUSALS")["not_confirmed"]
    assert "Unauthorized" in words
    assert "picture, a screen" not in words
