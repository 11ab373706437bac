"""Codes of authenticator apps, against the vectors of RFC 6238."""

from __future__ import annotations

import base64

import pytest

from countenance.identity.totp import (
    STEP_S,
    grouped,
    matching_step,
    new_secret,
    provisioning_uri,
)

SECRET = base64.b32encode(b"12345678901234567890").decode()
"""The seed of RFC 6238, appendix B."""
# The appendix gives eight digits; six are their end (RFC 4226, section 5.3).
VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


def match(code: str, *, at_s: float, after_step: int = -1) -> int | None:
    return matching_step(SECRET, code, now_s=at_s, after_step=after_step)


@pytest.mark.parametrize(("at_s", "digits"), VECTORS)
def test_the_codes_are_those_of_the_rfc(at_s: int, digits: str) -> None:
    assert match(digits[-6:], at_s=at_s) == at_s // STEP_S


@pytest.mark.parametrize(
    ("late_s", "is_right"), [(-31, False), (-1, True), (59, True), (60, False)]
)
def test_a_code_counts_one_step_early_and_one_late(late_s: int, is_right: bool) -> None:
    begins_s = 1111111111 // STEP_S * STEP_S
    # One step early: a clock of ours that is behind by up to 30 s sees the code before its time.
    found = match("050471", at_s=begins_s + late_s)
    assert (found is not None) is is_right


def test_a_used_step_and_those_before_are_refused() -> None:
    step = 1111111111 // STEP_S
    assert match("050471", at_s=1111111111, after_step=step - 1) == step
    assert match("050471", at_s=1111111111, after_step=step) is None
    assert match("081804", at_s=1111111111, after_step=step) is None  # the one before


@pytest.mark.parametrize("typed", ["050 471", " 050471\n", "0504 71"])
def test_blanks_do_not_count(typed: str) -> None:
    assert match(typed, at_s=1111111111) is not None


@pytest.mark.parametrize("typed", ["", "05047", "0504711", "٠٥٠٤٧١", "abcdef", "050471" * 9, "\0"])
def test_what_is_no_code_is_refused(typed: str) -> None:
    assert match(typed, at_s=1111111111) is None


def test_the_first_seconds_of_the_calendar_have_codes() -> None:
    assert matching_step(SECRET, "755224", now_s=0.0, after_step=-1) == 0  # RFC 4226, count 0


def test_secrets_have_160_bits_and_differ() -> None:
    first, second = new_secret(), new_secret()
    assert len(base64.b32decode(first)) == 20
    assert first != second


def test_the_qr_code_says_who_and_where() -> None:
    uri = provisioning_uri(SECRET, name="ada")
    assert uri.startswith("otpauth://totp/Countenance:ada?")
    assert f"secret={SECRET}" in uri
    assert "issuer=Countenance" in uri


def test_a_secret_is_shown_in_groups() -> None:
    assert grouped("ABCDEFGHIJ") == "ABCD EFGH IJ"
