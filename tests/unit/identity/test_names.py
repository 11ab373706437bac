"""Login and display names."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.identity.errors import UnacceptableNameError
from countenance.identity.names import MAX_NAME, display_name, login_name


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ada", "ada"),
        ("  ada\n", "ada"),
        ("ada.lovelace@example.org", "ada.lovelace@example.org"),
        ("J\u00f6rg", "j\u00f6rg"),
        ("Jo\u0308rg", "j\u00f6rg"),
        ("STRASSE", "strasse"),
        ("stra\u00dfe", "strasse"),
        ("\uff21\uff44\uff41", "ada"),  # full-width letters
        ("\u13d4\u13cc", "\u13d4\u13cc"),  # Cherokee folds to capitals
        ("\u0939\u093f\u0928\u094d\u0926\u0940", "\u0939\u093f\u0928\u094d\u0926\u0940"),
        ("7of9", "7of9"),
    ],
)
def test_forms_of_one_name_meet(typed: str, kept: str) -> None:
    assert login_name(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "a b",
        ".ada",
        "-rf",
        "@ada",
        "a/b",
        "../etc",
        "a\\b",
        "a\0b",
        "ada\u200b",  # zero-width space
        "a\u202eda",  # right-to-left override
        "\u0301ada",  # a combining mark with nothing before it
        "<b>ada</b>",
        "ada\ud800",
        "x" * (MAX_NAME + 1),
        "\ufdfa" * 20,  # one character that folds to eighteen
    ],
)
def test_what_could_mislead_is_refused_with_a_remedy(typed: str) -> None:
    with pytest.raises(UnacceptableNameError) as caught:
        login_name(typed)
    assert caught.value.remedy


@given(st.text(max_size=80))
def test_a_kept_name_is_its_own_form_and_harmless(typed: str) -> None:
    try:
        name = login_name(typed)
    except UnacceptableNameError:
        return
    assert login_name(name) == name
    assert 1 <= len(name) <= MAX_NAME
    assert name[0].isalnum()
    assert name.isprintable()
    assert not set(name) & set(" /\\<>\"'&%\0;:|*?$`")
    assert unicodedata.is_normalized("NFKC", name)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64))
def test_ascii_names_differ_by_case_only(typed: str) -> None:
    try:
        name = login_name(typed)
    except UnacceptableNameError:
        return
    assert name == typed.lower() == login_name(typed.upper())


@given(st.text(max_size=120))
def test_a_display_name_can_be_shown(typed: str) -> None:
    try:
        name = display_name(typed, fallback="ada")
    except UnacceptableNameError:
        return
    assert 1 <= len(name) <= 100
    assert name.isprintable()
    assert name == " ".join(name.split())
    assert display_name(name, fallback="other") == name


def test_a_display_name_falls_back() -> None:
    assert display_name(" \t ", fallback="ada") == "ada"
    with pytest.raises(UnacceptableNameError):
        display_name("x" * 101, fallback="ada")
